//! What a node says of its own cache.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::Value;

use crate::systems::ADMIN_TOKEN;

/// The cache of products of one node, since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ProductCache {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

impl ProductCache {
    /// # Errors
    /// When the node does not say.
    pub(crate) async fn of(node: SocketAddr) -> Result<Self> {
        let client = Client::builder().no_proxy().build().context("a client")?;
        let request = client.get(format!("http://{node}/admin/cache")).bearer_auth(ADMIN_TOKEN);
        let answer = request.send().await.context("ask a node for its caches")?;
        ensure!(answer.status() == 200, "a node answers {} when asked for its caches", answer.status());
        Self::parse(&answer.json().await.context("read what a node says of its caches")?)
    }

    fn parse(answer: &Value) -> Result<Self> {
        let caches = answer["caches"].as_array().context("a node without caches")?;
        let cache = caches.iter().find(|cache| cache["name"] == "product").context("a node without products")?;
        let (l1, gauges) = (&cache["statistics"]["l1"], &cache["statistics"]["gauges"]);
        let number = |value: &Value| value.as_u64().context("a figure of the cache");
        Ok(Self {
            hits: number(&l1["hit"])?,
            misses: number(&l1["miss"])?,
            entries: number(&gauges["l1_entries"])?,
            bytes: number(&gauges["l1_bytes"])?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_of_products_is_found_among_all() {
        let gauges = serde_json::json!({"l1_entries": 3, "l1_bytes": 4});
        let product =
            serde_json::json!({"name": "product", "statistics": {"l1": {"hit": 1, "miss": 2}, "gauges": gauges}});
        let answer = serde_json::json!({"caches": [{"name": "list"}, product]});
        let expected = ProductCache { hits: 1, misses: 2, entries: 3, bytes: 4 };
        assert_eq!(ProductCache::parse(&answer).unwrap(), expected);
        assert!(ProductCache::parse(&serde_json::json!({"caches": []})).is_err());
    }
}
