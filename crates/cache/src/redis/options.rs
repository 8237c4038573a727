//! Where Redis is, which part of it is ours, and who reigns.

use super::links;
use crate::ConfigError;

/// Who says under which server values are believed: after a restart or failover another one answers, which may lack invalidations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Reigning {
    /// Whoever asks for a lease: what was stored under another server is forgotten.
    #[default]
    Own,
    /// A relay, by [`Backplane::appoint`](crate::Backplane::appoint), which may show that no invalidation is missing. Until then what was
    /// stored under another server is neither believed nor replaced. All nodes of a namespace must say the same.
    Relayed,
}

/// Where Redis is, and which part of it is ours.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisOptions {
    /// `redis://[user:password@]host:port[/database]`; by Sentinel `redis+sentinel://[user:password@]host:port[,host:port…]/name[/database]`
    /// with the name of the master; Redis Cluster `redis+cluster://[user:password@]host:port[,host:port…]`. Each with `rediss` for TLS.
    pub url: String,
    /// Prefix of all keys; nodes with the same namespace share their entries.
    pub namespace: String,
    /// The authorities, in PEM, of which one must have signed the server's certificate; `None` for those that the system trusts.
    pub ca_certificate: Option<Vec<u8>>,
    /// Who says under which server values are believed. Default [`Reigning::Own`].
    pub reign: Reigning,
    /// How many invalidations the log of a shard keeps, roughly; a node that falls further behind forgets its L1. Default 100,000.
    pub log_length: usize,
}

impl Default for RedisOptions {
    fn default() -> Self {
        let (url, namespace) = Default::default();
        Self { url, namespace, ca_certificate: None, reign: Reigning::default(), log_length: 100_000 }
    }
}

impl RedisOptions {
    /// Whether they can be used, without connecting to anything.
    ///
    /// # Errors
    /// When the URL is none of Redis, the namespace is empty or contains `{`, `}` or white space, the log would be empty, or the
    /// certificates cannot be read.
    pub fn check(&self) -> Result<(), ConfigError> {
        let bad = |character: char| matches!(character, '{' | '}') || character.is_whitespace();
        if self.namespace.is_empty() || self.namespace.contains(bad) {
            return Err(ConfigError { option: "namespace", rule: "must not be empty nor contain { } or white space" });
        }
        if self.log_length == 0 {
            return Err(ConfigError { option: "log_length", rule: "must be at least 1" });
        }
        links::check(self)
    }
}

impl std::fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisOptions").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
