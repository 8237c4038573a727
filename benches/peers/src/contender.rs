//! What each cache must offer to be measured: one trait, one implementation per file.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;

use crate::load::{Key, Loader};

/// What is equal for all contenders.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where the Redis of this run listens.
    pub(crate) redis_url: String,
    /// Time to live in both levels.
    pub(crate) ttl: Duration,
    /// Entries that the first level may hold.
    pub(crate) l1_entries: u64,
}

/// A two-level cache under measurement. Used as a type parameter, so that a hit pays for no boxed future of ours.
pub(crate) trait Contender: Sized + Send + Sync + 'static {
    /// The crate's name, as it stands in `Cargo.lock`; the bare parts have a name of their own.
    const NAME: &'static str;

    /// Makes an instance with an empty first level; two instances share what is in Redis.
    fn connect(settings: &Settings) -> impl Future<Output = Result<Self>> + Send;

    /// Reads a key that is in the first level.
    fn l1_hit(&self, key: &Key, loader: &Arc<Loader>) -> impl Future<Output = Result<Bytes>> + Send;

    /// Reads a key that is in Redis only.
    fn l2_hit(&self, key: &Key, loader: &Arc<Loader>) -> impl Future<Output = Result<Bytes>> + Send;

    /// Reads a key, or loads it and stores it in both levels.
    fn get_or_load(&self, key: &Key, loader: &Arc<Loader>) -> impl Future<Output = Result<Bytes>> + Send;

    /// Reads several keys in one call and answers how many values came; `None` when there is no such call.
    fn get_many(&self, keys: &[Key]) -> impl Future<Output = Result<Option<usize>>> + Send;

    /// Removes a key from both levels.
    fn invalidate(&self, key: &Key) -> impl Future<Output = Result<()>> + Send;
}
