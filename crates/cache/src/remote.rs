//! The contract of L2: read with a lease, fill by its token, invalidate in one step.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

/// A lease token: 16 random bytes, used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token(pub [u8; 16]);

impl Token {
    /// A token that nobody has seen.
    pub(crate) fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system has random bytes");
        Self(bytes)
    }
}

/// Asks for one key; takes its lease under `token` if there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRequest {
    /// Name of the key within the namespace.
    pub key: String,
    /// Token of the lease that a miss takes.
    pub token: Token,
}

/// The answer for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadReply {
    /// The value and what is left of its life, read in one step.
    Hit {
        /// The frame.
        frame: Bytes,
        /// What is left of its life.
        remaining: Duration,
    },
    /// No value; the lease is the caller's.
    Lease,
    /// No value; somebody else holds the lease.
    Busy,
}

/// Stores a loaded value under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillRequest {
    /// Name of the key within the namespace.
    pub key: String,
    /// The lease that the read granted.
    pub token: Token,
    /// The frame.
    pub frame: Bytes,
    /// Its life.
    pub ttl: Duration,
    /// Version of the row; `None` without one.
    pub version: Option<u64>,
    /// Whether the frame is a cached absence.
    pub absent: bool,
}

/// What became of a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FillReply {
    /// Stored; the lease is gone.
    Stored,
    /// The lease had ended, by time or by an invalidation.
    Refused,
    /// An invalidation with a higher version is known.
    Old,
}

/// Drops a value and its lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// Name of the key within the namespace.
    pub key: String,
    /// Version of the change; `None` without one.
    pub version: Option<u64>,
    /// Whether the change removed the row.
    pub gone: bool,
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

/// A second level that several nodes share. Used as `Arc<dyn Remote>`.
///
/// # Consistency
/// Each call is atomic per key. A token fills once, only while its lease stands; a lease stands only if no invalidation of the key
/// came since it was granted.
///
/// # Cancellation
/// A dropped call may or may not have happened.
#[async_trait]
pub trait Remote: fmt::Debug + Send + Sync {
    /// Reads some keys in one round trip, in order.
    ///
    /// # Errors
    /// When L2 cannot be asked or answers something else.
    async fn read(&self, requests: &[ReadRequest], lease: Duration) -> Result<Vec<ReadReply>, RemoteError>;

    /// Stores a value, if the lease stands.
    ///
    /// # Errors
    /// As [`Self::read`].
    async fn fill(&self, request: &FillRequest) -> Result<FillReply, RemoteError>;

    /// Drops values and leases in one round trip, one atomic step per key.
    ///
    /// # Errors
    /// As [`Self::read`]; some of the keys may have been dropped.
    async fn invalidate(&self, invalidations: &[Invalidation]) -> Result<(), RemoteError>;

    /// Gives a lease back, when its load failed.
    ///
    /// # Errors
    /// As [`Self::read`].
    async fn release(&self, key: &str, token: Token) -> Result<(), RemoteError>;

    /// Asks L2 something trivial.
    ///
    /// # Errors
    /// As [`Self::read`].
    async fn ping(&self) -> Result<(), RemoteError>;
}
