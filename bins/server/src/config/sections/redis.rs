//! The cache level that nodes share.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::SecretUrl;

/// `[redis]`: the cache level that nodes share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port[/database]`; by Sentinel `redis+sentinel://[user:password@]host:port[,host:port…]/name[/database]`;
    /// Redis Cluster `redis+cluster://[user:password@]host:port[,host:port…]`; each with `rediss` for TLS. Empty for none. Default empty.
    pub url: SecretUrl,
    /// A PEM file with the certificate of the authority that signed the server's, for `rediss`. Empty: the system's
    /// authorities. Default empty.
    pub ca_certificate: PathBuf,
    /// How many invalidations Redis keeps for nodes that fall behind, for each shard, roughly; who falls further behind forgets its memory.
    /// Default 100,000.
    pub log_length: usize,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self { url: SecretUrl::default(), ca_certificate: PathBuf::new(), log_length: 100_000 }
    }
}
