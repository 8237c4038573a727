//! How many connections to the database are wise.

use super::{Config, advised_pool_size, cores};

/// The configured number beside the advised one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolAdvice {
    pub(crate) configured: usize,
    pub(crate) advised: usize,
    pub(crate) cores: usize,
}

impl Config {
    pub(crate) fn pool_advice(&self) -> PoolAdvice {
        PoolAdvice { configured: self.database.pool_size, advised: advised_pool_size(), cores: cores() }
    }
}

impl PoolAdvice {
    /// Whether it is so far from the advised number that it is worth a warning.
    pub(crate) fn is_unwise(self) -> bool {
        self.verdict() != "fine"
    }

    /// `fine`, `too many` or `too few`.
    pub(crate) fn verdict(self) -> &'static str {
        match () {
            () if self.configured > 4 * self.advised => "too many",
            () if 2 * self.configured < self.advised => "too few",
            () => "fine",
        }
    }
}
