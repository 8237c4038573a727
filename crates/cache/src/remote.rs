//! The contract of L2: fetch in one trip, lease on a miss, fill by the lease's token, invalidate in one step.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

/// 16 random bytes, never used twice: the token of a lease, or a generation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce(pub [u8; 16]);

impl Nonce {
    /// A nonce that nobody has seen.
    pub fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system has random bytes");
        Self(bytes)
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nonce({:032x})", u128::from_be_bytes(self.0))
    }
}

/// Which server answers: 16 bytes that name one life of one server and its lineage (run id and replication id). Of several servers
/// together, it is made of all of theirs.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity(pub [u8; 16]);

impl Identity {
    /// That of several servers together, in the order of their shards; of one, its own.
    pub fn of_all(servers: &[Self]) -> Self {
        match servers {
            [one] => *one,
            all => {
                let bytes: Vec<u8> = all.iter().flat_map(|server| server.0).collect();
                Self(xxhash_rust::xxh3::xxh3_128(&bytes).to_be_bytes())
            }
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:032x})", u128::from_be_bytes(self.0))
    }
}

/// What L2 holds for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The frame that was stored.
    pub frame: Bytes,
    /// The generations of its tags when it was stored, in the order of the frame's tags.
    pub generations: Vec<Nonce>,
    /// What is left of its life; not longer than what L2 will keep it.
    pub remaining: Duration,
    /// The server that answered. Its reign over the cache was looked at in the same step.
    pub server: Identity,
}

/// The generation of a tag, as a server of L2 tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagGeneration {
    /// Its nonce; `None` if the tag has none.
    pub nonce: Option<Nonce>,
    /// The server that answered.
    pub server: Identity,
}

/// Asks for the lease of a key that [`Remote::fetch`] had not, or had in a form that the caller refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRequest {
    /// Name of the key within the cache.
    pub key: String,
    /// Token under which the lease is taken.
    pub token: Nonce,
    /// The frame that the caller has seen and refuses (stale, unreadable); another one is answered instead of a lease.
    pub refused: Option<Bytes>,
    /// Takes the lease whatever is held and whoever has it: a forced refresh.
    pub force: bool,
}

/// The answer for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseReply {
    /// Somebody has filled it meanwhile.
    Held(Held),
    /// The lease is the caller's.
    Granted,
    /// Somebody else holds the lease.
    Busy {
        /// What is left of it.
        remaining: Duration,
    },
    /// What is held was stored under the reign of another server, and nobody has shown yet that this one knows all invalidations.
    Untrusted,
}

/// A tag of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillTag {
    /// Name of the tag within the cache.
    pub tag: String,
    /// Its generation as the caller knew it before the load; `None` if it knew none.
    pub noted: Option<Nonce>,
}

/// Stores a loaded value under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillRequest {
    /// Name of the key within the cache.
    pub key: String,
    /// The text of the key, for other nodes; `None` if the name is the text.
    pub text: Option<String>,
    /// The lease's token.
    pub token: Nonce,
    /// The frame.
    pub frame: Bytes,
    /// Its life.
    pub life: Duration,
    /// Version of the row; `None` without one.
    pub version: Option<u64>,
    /// Whether the frame is a cached absence.
    pub absent: bool,
    /// The tags of the entry, in the frame's order.
    pub tags: Vec<FillTag>,
}

/// What became of a fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FillReply {
    /// Stored, under these generations of its tags; the lease is gone.
    Stored(Vec<Nonce>),
    /// The lease had ended, by time, by an invalidation or by a clear, or a tag was invalidated since it was noted.
    Refused,
    /// An invalidation with a higher version is known.
    Old,
}

/// What is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Invalidation {
    /// One key: value and lease, in one atomic step.
    Key {
        /// Name of the key within the cache.
        key: String,
        /// The text of the key, for other nodes; `None` if the name is the text.
        text: Option<String>,
        /// Version of the change; `None` without one. L2 does nothing if it knows this version or a higher one already, and keeps a row
        /// that it holds in this version or a higher one: that was loaded after the change. The lease goes even so.
        version: Option<u64>,
        /// Whether the change removed the row. Then a row is kept only in a higher version.
        gone: bool,
    },
    /// All entries that carry the tag, and no others.
    Tag {
        /// The tag.
        tag: String,
        /// Number of the change that causes it; `None` without one. L2 does the same one once.
        change: Option<u64>,
    },
    /// All entries and all leases of the cache.
    Everything,
}

/// L2 could not do it; whether it did is unknown. A cache takes it as a miss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteError(pub String);

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L2 failed: {}", self.0)
    }
}

impl std::error::Error for RemoteError {}

/// A second level that several nodes and several caches share. Used as `Arc<dyn Remote>`. `cache` is the cache's name in each call.
///
/// # Consistency
/// Each call is atomic per key. A token fills once, only while its lease stands; a lease stands only if neither an invalidation of the
/// key nor a clear came since it was granted. What was stored before [`Invalidation::Everything`] is never answered after it. A
/// generation that was lost is replaced by a fresh one, so that what was stored under the lost one is not believed.
///
/// Each invalidation is appended to the log of its shard ([`Backplane`](crate::Backplane)) in the same atomic step, after the drop. Keys, tags and logs are
/// kept in shards: what stands in one shard changes in one step, and what concerns several is done in all before a call returns. The entry
/// says who appended it: `by`, the caller's own nonce ([`LogEntry::by`](crate::LogEntry)).
///
/// # Cancellation
/// A dropped call may or may not have happened.
#[async_trait]
pub trait Remote: fmt::Debug + Send + Sync {
    /// What is held for some keys, in order, in one round trip.
    ///
    /// # Errors
    /// When L2 cannot be asked or answers something else. A key that holds something that is not ours is `None`, or a frame that the
    /// caller cannot decode.
    async fn fetch(&self, cache: &str, keys: &[&str]) -> Result<Vec<Option<Held>>, RemoteError>;

    /// Takes the leases of some keys, in order, in one round trip. `life` is that of a lease.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    async fn lease(
        &self,
        cache: &str,
        requests: &[LeaseRequest],
        life: Duration,
    ) -> Result<Vec<LeaseReply>, RemoteError>;

    /// Stores values whose leases stand, in order, in one round trip.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    async fn fill(&self, cache: &str, requests: &[FillRequest]) -> Result<Vec<FillReply>, RemoteError>;

    /// Stores a value that was not loaded under a lease: an invalidation of the key and a store in one atomic step. The token is not
    /// looked at.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    async fn insert(&self, cache: &str, by: Nonce, request: &FillRequest) -> Result<FillReply, RemoteError>;

    /// Invalidates in one round trip, one atomic step each.
    ///
    /// # Errors
    /// As [`Self::fetch`]; some of it may have happened.
    ///
    /// Answers who did it: the server, or all servers together if there are several shards.
    async fn invalidate(&self, cache: &str, by: Nonce, invalidations: &[Invalidation])
    -> Result<Identity, RemoteError>;

    /// The generations of some tags, each in a shard, in order, each with the server that answered; `None` for a tag that has none there.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    async fn generations(&self, cache: &str, tags: &[(usize, &str)]) -> Result<Vec<TagGeneration>, RemoteError>;

    /// Gives leases back, when their load failed: pairs of key and token.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    async fn release(&self, cache: &str, leases: &[(&str, Nonce)]) -> Result<(), RemoteError>;

    /// Asks L2 something trivial.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    async fn ping(&self) -> Result<(), RemoteError>;

    /// In how many shards keys are kept; at least 1, and always the same.
    fn shards(&self) -> usize;

    /// The shard of a key, below [`Self::shards`]; always the same.
    fn shard_of(&self, cache: &str, key: &str) -> usize;
}
