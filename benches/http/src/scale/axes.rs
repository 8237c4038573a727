//! What grows, one axis in each file.

mod connections;
mod l1;
mod nodes;
mod products;
mod values;

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use reqwest::Client;

pub(super) use self::{
    connections::connections,
    l1::l1,
    nodes::{idle, nodes},
    products::products,
    values::values,
};
use crate::systems::ADMIN_TOKEN;

/// Ids of one batch.
const BATCH: u64 = 100;

/// No views are added to the database in the middle of a turn; what they cost is measured apart.
pub(super) fn no_views() -> (&'static str, String) {
    ("LARDER__VIEWS__ENABLED", "false".to_owned())
}

/// Nothing is in the caches before it is asked for.
pub(super) fn no_warm_up() -> (&'static str, String) {
    ("LARDER__WARM_UP__PRODUCTS", "0".to_owned())
}

/// Has `node` read the products 1 to `products` once.
///
/// # Errors
/// When it refuses.
pub(super) async fn fill(node: SocketAddr, products: u64) -> Result<()> {
    let client = Client::builder().no_proxy().build().context("a client")?;
    for first in (1..=products).step_by(usize::try_from(BATCH)?) {
        let ids: Vec<u64> = (first..first + BATCH).collect();
        let request = client.post(format!("http://{node}/api/v1/products/batch")).json(&ids).bearer_auth(ADMIN_TOKEN);
        let answer = request.send().await.context("ask for a batch")?;
        ensure!(answer.status() == 200, "a batch is answered with {}", answer.status());
        answer.bytes().await.context("read a batch")?;
    }
    Ok(())
}
