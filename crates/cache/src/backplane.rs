//! The contract of the log by which nodes hear of each other's invalidations, and of the reign under which L2 is believed.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use crate::{Identity, Nonce, RemoteError};

/// One entry of a log. Two entries are the same only if all of them is: after a flush or a failover another one may have the same place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place in the log, in L2's own terms; places of later entries are later.
    pub place: String,
    /// Drawn for this entry alone.
    pub nonce: Nonce,
    /// Who had it appended, as they called themselves; of what is none of ours, something that nobody is called.
    pub by: Nonce,
    /// What it says.
    pub news: LogNews,
}

/// What an entry of a log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogNews {
    /// A node began to listen.
    Hello,
    /// A key was invalidated.
    Key {
        /// Name of the cache.
        cache: String,
        /// The text of the key.
        text: String,
        /// Version of the change; `None` without one.
        version: Option<u64>,
    },
    /// A tag was invalidated.
    Tag {
        /// Name of the cache.
        cache: String,
        /// The tag.
        tag: String,
    },
    /// A cache was cleared.
    Everything {
        /// Name of the cache.
        cache: String,
    },
    /// Something that this release does not know: all may have been invalidated.
    Unknown,
}

/// A look at a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The server that answered.
    pub server: Identity,
    /// The entries from the place that was asked for, that one included, in order.
    pub entries: Vec<LogEntry>,
}

/// Under which server a cache's values are believed, in all shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reign {
    /// The server that answered, or all of them together.
    pub server: Identity,
    /// Whether each cache that was asked for is believed under it, in each shard.
    pub is_whole: bool,
    /// The lowest mark of all shards: every change below it was taken. `None` if one has none.
    pub mark: Option<u64>,
}

/// What is unwise about a server or about those who share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Finding {
    /// It is a replica, or refuses writes.
    ReadOnly,
    /// Its version is below 7.
    TooOld {
        /// As it tells it.
        version: String,
    },
    /// It may not evict, and its memory is nearly full.
    NoMemory {
        /// Bytes in use.
        used: u64,
        /// Bytes that it may use.
        limit: u64,
    },
    /// Another node stores values of the same cache in another form.
    OtherForm {
        /// Name of the cache.
        cache: String,
        /// Our form.
        ours: String,
        /// The other one.
        theirs: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadOnly => {
                f.write_str("the Redis server is read-only (a replica?): nothing can be stored or invalidated there")
            }
            Self::TooOld { version } => write!(f, "the Redis server is {version}; 7 or later is needed"),
            Self::NoMemory { used, limit } => {
                write!(
                    f,
                    "the Redis server uses {used} of {limit} bytes and its policy is noeviction: it refuses to store more"
                )
            }
            Self::OtherForm { cache, ours, theirs } => {
                write!(
                    f,
                    "another node stores the values of cache {cache} as {theirs}, this one as {ours}: they miss each other's values"
                )
            }
        }
    }
}

/// What nodes tell each other through L2. Used as `Arc<dyn Backplane>`, usually the same object as the [`Remote`](crate::Remote).
///
/// # Errors
/// Each method fails when L2 cannot be asked or answers something else.
///
/// # Cancellation
/// A dropped call may or may not have happened.
#[async_trait]
pub trait Backplane: fmt::Debug + Send + Sync {
    /// The log of a shard from `place` on, that entry included if it is still there, at most `limit` entries. If nothing comes after it,
    /// it may wait for `wait` until something does.
    async fn read(&self, shard: usize, place: &str, limit: usize, wait: Duration) -> Result<LogPage, RemoteError>;

    /// The last entry of the log of a shard, as a page of one; into an empty log it puts a [`LogNews::Hello`] first.
    async fn anchor(&self, shard: usize) -> Result<LogPage, RemoteError>;

    /// How these caches are believed.
    async fn reign(&self, caches: &[&str]) -> Result<Reign, RemoteError>;

    /// Lets `server`, which must be the one that answers, reign over these caches: what they hold goes on being believed if `keep`,
    /// otherwise not. What is believed under it already stays.
    async fn appoint(&self, caches: &[&str], server: Identity, keep: bool) -> Result<(), RemoteError>;

    /// Notes at `server`, which must be the one that answers, that every change below `mark` was taken.
    async fn set_mark(&self, server: Identity, mark: u64) -> Result<(), RemoteError>;

    /// Tells that this node stores each cache in a form (pairs of name and form), valid for `life`, and answers what is unwise about the
    /// server and about the forms that others have told.
    async fn inspect(&self, forms: &[(String, String)], life: Duration) -> Result<Vec<Finding>, RemoteError>;

    /// Looks for the servers anew at the next call, as after a failover of which nobody told.
    async fn rediscover(&self);
}
