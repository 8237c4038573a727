//! Who may do what.

use serde::{Deserialize, Serialize};

use crate::config::Secret;

/// `[auth]`: who may write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// A bearer token with the role `admin`, 16 to 256 visible ASCII characters. Empty: with SQLite one is made and kept
    /// in `admin-token` beside the database file, with Postgres there is none. Default empty.
    pub admin_token: Secret,
    /// How long a token that was looked up is believed, and one that is unknown stays so: revoking takes effect within it, on every
    /// node. 1 to 3,600,000. Default 5,000.
    pub token_ttl_ms: u64,
    /// How many wrong tokens one address may send a minute, and twice as many at once, before it is answered 429. 1 to 1,000,000. Default 10.
    pub failures_per_minute: u32,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { admin_token: Secret::default(), token_ttl_ms: 5_000, failures_per_minute: 10 }
    }
}
