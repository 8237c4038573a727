//! What a read asks of the levels in front of the database, and which of them answered.

use std::time::Duration;

/// How fresh a read has to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Freshness {
    /// A cached answer will do, within the bounds that the cache keeps.
    #[default]
    Cached,
    /// As [`Self::Cached`], but not from before the change at this position.
    AtLeast(Position),
    /// Loaded from the database anew, and kept for others.
    Revalidated,
    /// The answer must come from the database, at or after the moment of the call; it is kept nowhere.
    Latest,
}

/// Where a committed change stands among all changes of its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Position {
    /// The life of the database to which the number belongs.
    pub timeline: u64,
    /// Number of the transaction; not in the order of commits.
    pub number: u64,
}

impl Position {
    /// No change has it. A read at it sees whatever was committed before the read began.
    pub const UNKNOWN: Self = Self { timeline: 0, number: u64::MAX };
}

/// Which level answered. Ordered by distance: of a composed answer, the farthest part counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A cache in this process.
    L1,
    /// A cache that nodes share.
    L2,
    /// The database, because no cache had the answer.
    Loaded,
    /// A cached answer that was announced to be right in the shared level; the database could not be asked whether it still is.
    Unconfirmed,
    /// A cached answer past its time or its confirmation, served because the database could not answer.
    Stale,
    /// The database, because no cache was asked.
    Database,
}

/// An answer and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    /// The answer.
    pub value: T,
    /// The farthest level that contributed to it.
    pub origin: Origin,
    /// How long it may still be shown without asking again: of a composed answer, the shortest part counts. `None` if no cache keeps it.
    pub fresh_for: Option<Duration>,
}

impl<T> Read<T> {
    /// An answer that came straight from the database.
    pub fn from_database(value: T) -> Self {
        Self { value, origin: Origin::Database, fresh_for: None }
    }

    /// The same origin with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Read<U> {
        Read { value: f(self.value), origin: self.origin, fresh_for: self.fresh_for }
    }

    /// The same value as a part of an answer to which `other` contributed as well.
    pub fn composed_with<U>(self, other: &Read<U>) -> Self {
        let fresh_for = self.fresh_for.zip(other.fresh_for).map(|(mine, theirs)| mine.min(theirs));
        Self { value: self.value, origin: self.origin.max(other.origin), fresh_for }
    }
}
