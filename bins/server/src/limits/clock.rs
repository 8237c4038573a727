//! The clock of limits: monotonic nanoseconds that fit into a word.

use std::time::Instant;

/// Nanoseconds since a limiter was made, for five centuries.
pub(crate) type Nanos = u64;

/// Tells them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Nanos {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
