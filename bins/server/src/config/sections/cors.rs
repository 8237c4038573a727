//! Which pages of other origins may read answers.

use serde::{Deserialize, Serialize};

use crate::config::text_list;

/// `[cors]`: which pages of other origins may read answers in a browser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CorsConfig {
    /// Origins such as `https://shop.example`, exactly as browsers send them, or `*` alone for all; in the environment separated by
    /// commas. Default none: no answer carries a header of CORS.
    #[serde(deserialize_with = "text_list::deserialize")]
    pub allowed_origins: Vec<String>,
    /// Whether such pages may send credentials; not with `*`. Default `false`.
    pub allow_credentials: bool,
    /// How long a browser may keep the answer to its preflight, in seconds, up to 86,400. Default 600.
    pub max_age_s: u64,
}

impl Default for CorsConfig {
    fn default() -> Self {
        Self { allowed_origins: Vec::new(), allow_credentials: false, max_age_s: 600 }
    }
}

impl CorsConfig {
    /// Whether there is any other origin.
    pub fn is_on(&self) -> bool {
        !self.allowed_origins.is_empty()
    }
}
