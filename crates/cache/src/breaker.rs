//! A circuit breaker: after some failures in a row, nobody asks for a while; then exactly one probe does.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

const FAILURES_TO_OPEN: u32 = 5;
const OPEN_FOR: Duration = Duration::from_millis(500);

/// The state of the circuit.
#[derive(Debug)]
pub(crate) struct Breaker(Mutex<State>);

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
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }

    /// Permission for one call, if the circuit allows it.
    pub(crate) fn pass(&self) -> Option<Pass<'_>> {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => {}
            State::Open { until } if Instant::now() >= until => *state = State::HalfOpen,
            State::Open { .. } | State::HalfOpen => return None,
        }
        Some(Pass { breaker: self, ended: false })
    }

    fn failed(&self) {
        let mut state = self.state();
        let failures = if let State::Closed { failures } = *state { failures + 1 } else { FAILURES_TO_OPEN };
        *state = if failures >= FAILURES_TO_OPEN {
            State::Open { until: Instant::now() + OPEN_FOR }
        } else {
            State::Closed { failures }
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        *self.breaker.state() = State::Closed { failures: 0 };
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

    #[test]
    fn failures_in_a_row_open_it_and_one_probe_closes_it() {
        let breaker = Breaker::new();
        for _ in 0..FAILURES_TO_OPEN {
            drop(breaker.pass().expect("closed"));
        }
        assert!(breaker.pass().is_none());
        *breaker.state() = State::Open { until: Instant::now() };
        let probe = breaker.pass().expect("half open");
        assert!(breaker.pass().is_none(), "only one probe");
        probe.succeeded();
        assert!(breaker.pass().is_some());
    }

    #[test]
    fn a_failed_probe_opens_it_again() {
        let breaker = Breaker::new();
        *breaker.state() = State::Open { until: Instant::now() };
        drop(breaker.pass().expect("half open"));
        assert!(breaker.pass().is_none());
    }
}
