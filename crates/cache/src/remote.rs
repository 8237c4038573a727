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

/// What L2 holds for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The frame that was stored.
    pub frame: Bytes,
    /// The generations of its tags when it was stored, in the order of the frame's tags.
    pub generations: Vec<Nonce>,
    /// What is left of its life; not longer than what L2 will keep it.
    pub remaining: Duration,
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
        /// Version of the change; `None` without one.
        version: Option<u64>,
        /// Whether the change removed the row.
        gone: bool,
    },
    /// All entries that carry the tag, and no others.
    Tag(String),
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
    async fn insert(&self, cache: &str, request: &FillRequest) -> Result<FillReply, RemoteError>;

    /// Invalidates in one round trip, one atomic step each.
    ///
    /// # Errors
    /// As [`Self::fetch`]; some of it may have happened.
    async fn invalidate(&self, cache: &str, invalidations: &[Invalidation]) -> Result<(), RemoteError>;

    /// The generations of some tags, in order; `None` for a tag that has none.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    async fn generations(&self, cache: &str, tags: &[&str]) -> Result<Vec<Option<Nonce>>, RemoteError>;

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
}
