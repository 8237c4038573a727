//! What a cache call answers: a value or its absence, and which level had it.

use std::time::{Duration, Instant};

use crate::entry::Entry;

/// Which level answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// This process.
    L1,
    /// Redis.
    L2,
    /// The loader.
    Loader,
    /// A value beyond its life, within its grace, because it could not be renewed in time.
    Stale,
}

/// An answer: the value, or that there is none, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookup<V> {
    /// The value; `None` if the loader said that there is none.
    pub value: Option<V>,
    /// Which level answered. Who waited for somebody else's load sees [`Source::Loader`] as well.
    pub source: Source,
    /// The version that the loader gave.
    pub version: Option<u64>,
    /// What is left of its life; zero for what is stale or was not stored.
    pub fresh_for: Duration,
    /// Whether it was right within the bound on staleness, or no bound was asked for. If not, whoever knows could not be asked: of L1 and
    /// L2, other nodes may have announced changes in L2, and those are heard; what is [`Source::Stale`] is not even that.
    pub confirmed: bool,
}

impl<V: Clone> Lookup<V> {
    pub(crate) fn of<K>(entry: &Entry<K, V>, source: Source, now: Instant) -> Self {
        Self {
            value: entry.value.clone(),
            source,
            version: entry.version,
            fresh_for: match source {
                Source::Stale => Duration::ZERO,
                _ => entry.life.soft_until.saturating_duration_since(now),
            },
            confirmed: source != Source::Stale,
        }
    }
}
