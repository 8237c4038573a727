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
            return Some(Pass { breaker: self, is_probe: false, ended: false });
        }
        let mut state = lock(&self.state);
        let is_probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } if self.clock.now() >= until => true,
            State::Open { .. } | State::HalfOpen => return None,
        };
        if is_probe {
            *state = State::HalfOpen;
        }
        Some(Pass { breaker: self, is_probe, ended: false })
    }

    /// Whether calls are refused, but for a probe.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(*lock(&self.state), State::Closed { .. })
    }

    fn failed(&self, is_probe: bool) {
        let mut state = lock(&self.state);
        self.spotless.store(false, Ordering::Release);
        match *state {
            State::Closed { failures } if failures + 1 < self.failures_to_open => {
                *state = State::Closed { failures: failures + 1 };
                return;
            }
            State::Closed { .. } => tracing::warn!("L2 keeps failing; it is not asked for a while"),
            State::HalfOpen if is_probe => {}
            // Of a call from before it opened. To open it anew would let a second probe pass beside the first.
            State::Open { .. } | State::HalfOpen => return,
        }
        *state = State::Open { until: self.clock.now() + self.open_for };
    }

    fn succeeded(&self, is_probe: bool) {
        if self.spotless.load(Ordering::Acquire) {
            return;
        }
        let mut state = lock(&self.state);
        if is_probe {
            tracing::info!("L2 answers again");
        }
        // Nor does a call from before it opened close it.
        if is_probe || matches!(*state, State::Closed { .. }) {
            *state = State::Closed { failures: 0 };
            self.spotless.store(true, Ordering::Release);
        }
    }
}

/// Permission for one call. Dropped without an outcome it says nothing of L2: the caller went away. Only a probe then counts as failed,
/// so that it does not hold the circuit half open for ever.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
    ended: bool,
}

impl Pass<'_> {
    pub(crate) fn succeeded(mut self) {
        self.ended = true;
        self.breaker.succeeded(self.is_probe);
    }

    pub(crate) fn failed(mut self) {
        self.ended = true;
        self.breaker.failed(self.is_probe);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.is_probe && !self.ended {
            self.breaker.failed(true);
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

    /// Opens it, and lets the time pass for which it stays so.
    fn fail(breaker: &Breaker) {
        for _ in 0..5 {
            breaker.pass().expect("closed").failed();
        }
        assert!(breaker.pass().is_none());
        *lock(&breaker.state) = State::Open { until: Instant::now() };
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_probe_closes_it() {
        let breaker = breaker();
        fail(&breaker);
        assert!(breaker.is_open());
        let probe = breaker.pass().expect("half open");
        assert!(breaker.pass().is_none(), "only one probe");
        probe.succeeded();
        assert!(breaker.pass().is_some() && !breaker.is_open());
    }

    #[test]
    fn a_failed_probe_opens_it_again() {
        let breaker = breaker();
        fail(&breaker);
        breaker.pass().expect("half open").failed();
        assert!(breaker.pass().is_none());
    }

    #[test]
    fn callers_that_go_away_do_not_open_it() {
        let breaker = breaker();
        for _ in 0..100 {
            drop(breaker.pass().expect("closed"));
        }
        assert!(!breaker.is_open());
    }

    #[test]
    fn the_outcome_of_an_earlier_call_is_not_taken_for_that_of_the_probe() {
        let breaker = breaker();
        let (late_failure, late_success) = (breaker.pass().expect("closed"), breaker.pass().expect("closed"));
        fail(&breaker);
        let probe = breaker.pass().expect("half open");
        late_failure.failed();
        assert!(matches!(*lock(&breaker.state), State::HalfOpen), "the probe is still under way");
        late_success.succeeded();
        assert!(breaker.pass().is_none() && breaker.is_open());
        probe.succeeded();
        assert!(!breaker.is_open());
    }
}
