//! A circuit breaker: after some failures in a row, nobody asks for a while; then exactly one probe does.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    Clock,
    sync::{AtomicBool, Mutex, Ordering, lock},
};

/// The circuit.
#[derive(Debug)]
pub(crate) struct Breaker {
    failures_to_open: u32,
    open_for: Duration,
    clock: Arc<dyn Clock>,
    /// No failure is on record: then nobody takes the lock.
    spotless: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// All may pass; so many failures in a row were seen.
    Closed { failures: u32 },
    /// Nobody may pass until then; the first one after is the probe.
    Open { until: Instant },
    /// The probe is under way.
    HalfOpen,
}

impl Breaker {
    pub(crate) fn new(failures_to_open: u32, open_for: Duration, clock: Arc<dyn Clock>) -> Self {
        let state = Mutex::new(State::Closed { failures: 0 });
        Self { failures_to_open, open_for, clock, spotless: AtomicBool::new(true), state }
    }

    /// Permission for one call, if the circuit allows it.
    pub(crate) fn pass(&self) -> Option<Pass<'_>> {
        if self.spotless.load(Ordering::Acquire) {
            return Some(Pass { breaker: self, ended: false });
        }
        let mut state = lock(&self.state);
        match *state {
            State::Closed { .. } => {}
            State::Open { until } if self.clock.now() >= until => *state = State::HalfOpen,
            State::Open { .. } | State::HalfOpen => return None,
        }
        Some(Pass { breaker: self, ended: false })
    }

    /// Whether calls are refused, but for a probe.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(*lock(&self.state), State::Closed { .. })
    }

    fn failed(&self) {
        let mut state = lock(&self.state);
        self.spotless.store(false, Ordering::Release);
        let failures = if let State::Closed { failures } = *state { failures + 1 } else { self.failures_to_open };
        if failures < self.failures_to_open {
            *state = State::Closed { failures };
            return;
        }
        if matches!(*state, State::Closed { .. }) {
            tracing::warn!(failures, "L2 keeps failing; it is not asked for a while");
        }
        *state = State::Open { until: self.clock.now() + self.open_for };
    }

    fn succeeded(&self) {
        if self.spotless.load(Ordering::Acquire) {
            return;
        }
        let mut state = lock(&self.state);
        if !matches!(*state, State::Closed { .. }) {
            tracing::info!("L2 answers again");
        }
        *state = State::Closed { failures: 0 };
        self.spotless.store(true, Ordering::Release);
    }
}

/// Permission for one call. Dropped without success it counts as a failure, so that a probe whose caller goes away does not hold the
/// circuit half open for ever.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    ended: bool,
}

impl Pass<'_> {
    pub(crate) fn succeeded(mut self) {
        self.ended = true;
        self.breaker.succeeded();
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.breaker.failed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemClock;

    fn breaker() -> Breaker {
        Breaker::new(5, Duration::from_mins(1), Arc::new(SystemClock))
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_probe_closes_it() {
        let breaker = breaker();
        for _ in 0..5 {
            drop(breaker.pass().expect("closed"));
        }
        assert!(breaker.pass().is_none() && breaker.is_open());
        *lock(&breaker.state) = State::Open { until: Instant::now() };
        let probe = breaker.pass().expect("half open");
        assert!(breaker.pass().is_none(), "only one probe");
        probe.succeeded();
        assert!(breaker.pass().is_some() && !breaker.is_open());
    }

    #[test]
    fn a_failed_probe_opens_it_again() {
        let breaker = breaker();
        (0..5).for_each(|_| breaker.failed());
        *lock(&breaker.state) = State::Open { until: Instant::now() };
        drop(breaker.pass().expect("half open"));
        assert!(breaker.pass().is_none());
    }
}
