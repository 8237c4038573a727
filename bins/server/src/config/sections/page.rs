//! The live state, and who may see it.

use serde::{Deserialize, Serialize};

/// Who may see the live state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageAudience {
    /// Everyone if the server listens on a loopback address, else admins.
    Auto,
    /// Whoever reaches the server.
    Everyone,
    /// Bearers of an admin token.
    Admin,
}

/// `[page]`: the live state of this node, as JSON and as a stream of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PageConfig {
    /// Who may see it: `auto`, `everyone` or `admin`. Default `auto`.
    pub audience: PageAudience,
    /// Most streams at a time, 1 to 10,000. Default 32.
    pub max_streams: usize,
}

impl Default for PageConfig {
    fn default() -> Self {
        Self { audience: PageAudience::Auto, max_streams: 32 }
    }
}
