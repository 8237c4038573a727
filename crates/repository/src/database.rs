//! What a server needs of the database itself: reachable, migrated, how busy.

use std::fmt;

use async_trait::async_trait;

use crate::{Error, WaitSummary};

/// A database with its pool, behind whichever repositories live in it. Used as `Arc<dyn Database>`.
#[async_trait]
pub trait Database: fmt::Debug + Send + Sync {
    /// Applies the migrations that are missing, under a lock that all processes respect; answers how many were applied.
    ///
    /// # Errors
    /// [`SchemaTooNew`](crate::ErrorKind::SchemaTooNew) when the database was migrated by a newer release; `Unavailable`, `Timeout`.
    async fn migrate(&self) -> Result<u32, Error>;

    /// Asks the database something trivial.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`.
    async fn ping(&self) -> Result<(), Error>;

    /// 32 random bytes, made when the schema was and the same for every process: with them servers sign what clients bring back.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`; `Corrupt` when they are not there.
    async fn signing_key(&self) -> Result<[u8; 32], Error>;

    /// How busy the pool is now.
    fn pool_status(&self) -> PoolStatus;

    /// Refuses new work and closes the connections.
    async fn close(&self);
}

/// How busy a connection pool is at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// The most connections that the pool opens.
    pub max_size: usize,
    /// Open connections.
    pub size: usize,
    /// Open connections that nobody uses.
    pub idle: usize,
    /// Callers that wait for a connection.
    pub waiting: usize,
    /// How long callers waited for one, since the start.
    pub waits: WaitSummary,
}
