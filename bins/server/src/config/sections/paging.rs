//! How far lists are paged.

use serde::{Deserialize, Serialize};

/// `[paging]`: how far lists are paged by number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PagingConfig {
    /// How many products may come before a page that is asked for by its number, 0 to 1,000,000. Cursors reach any depth. Default 100,000.
    pub max_offset: u64,
}

impl Default for PagingConfig {
    fn default() -> Self {
        Self { max_offset: 100_000 }
    }
}
