//! Memory of a node whose L1 holds all of many products.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use reqwest::Client;
use serde_json::value::RawValue;
use tokio::time::sleep;

use super::{node::ProductCache, say};
use crate::{
    meters::resident_bytes,
    results::Memory,
    systems::{ADMIN_TOKEN, Larder, Levels, Stage},
};

/// Products of one request.
const BATCH: u32 = 100;

/// Requests at once.
const AT_ONCE: u32 = 4;

/// Larger than what is needed, so that nothing is evicted.
const CAPACITY_BYTES: u64 = 8 << 30;

/// How long L1, which counts beside its readers, may take to have counted all.
const COUNTING: Duration = Duration::from_secs(10);

/// Between two looks at it.
const LOOK: Duration = Duration::from_millis(100);

/// Reads all products once into L1. The file of them stays in `folder`.
///
/// # Errors
/// When there is no space, or L1 does not hold them all.
pub(super) async fn play(stage: &mut Stage, products: u32, folder: &Path) -> Result<Memory> {
    stage.ensure(&[]).await?;
    let larder = &stage.larder;
    let url = seeded(larder, products, folder).await?;
    // Views would change all products in the database, and L1 would forget them.
    let settings = [
        ("LARDER__CACHE__L1_CAPACITY_BYTES", CAPACITY_BYTES.to_string()),
        ("LARDER__CACHE__TTL_MS", "86400000".to_owned()),
        ("LARDER__VIEWS__ENABLED", "false".to_owned()),
        ("LARDER__WARM_UP__PRODUCTS", "0".to_owned()),
    ];
    let node = larder.start(Levels::L1, &url, None, &settings).await?;
    let empty_resident_bytes = resident_bytes(&[node.pid()])?;
    let readers = (0..AT_ONCE).map(|reader| read(node.address(), products, reader));
    let body_bytes: u64 = futures_util::future::try_join_all(readers).await?.into_iter().sum();
    let held = held(node.address(), products).await?;
    let resident_bytes = resident_bytes(&[node.pid()])?;
    say(format_args!("memory: {held} products, {body_bytes} bytes of bodies, {resident_bytes} resident"));
    Ok(Memory { products: held, body_bytes, empty_resident_bytes, resident_bytes })
}

/// How many products L1 holds, once it has counted all of them.
///
/// # Errors
/// When they are fewer than were read after a while.
async fn held(node: SocketAddr, products: u32) -> Result<u64> {
    let give_up = Instant::now() + COUNTING;
    loop {
        let held = ProductCache::of(node).await?.entries;
        if held == u64::from(products) {
            return Ok(held);
        }
        ensure!(Instant::now() < give_up, "L1 holds {held} products in place of {products}");
        sleep(LOOK).await;
    }
}

/// Where a file with as many products is, or would be.
pub(crate) fn prepared(folder: &Path, products: u32) -> PathBuf {
    folder.join(format!("products-{products}.db"))
}

/// A file with as many products, made unless it is there.
///
/// # Errors
/// When it cannot be made.
pub(crate) async fn seeded(larder: &Larder, products: u32, folder: &Path) -> Result<String> {
    // The program that is given its address runs in another folder.
    let folder = &std::path::absolute(folder).context("find the results folder")?;
    let file = prepared(folder, products);
    if !file.exists() {
        say(format_args!("making {products} products"));
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let unfinished = tempfile::tempdir_in(folder).context("make a folder")?;
        let made = unfinished.path().join("products.db");
        larder.seed(&format!("sqlite://{}", made.display()), products).await?;
        fs::rename(&made, &file).context("keep the products")?;
    }
    Ok(format!("sqlite://{}", file.display()))
}

#[derive(serde::Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    products: BTreeMap<String, &'a RawValue>,
}

/// Reads every batch that is this reader's, and answers the bytes of the products.
async fn read(node: SocketAddr, products: u32, reader: u32) -> Result<u64> {
    let client = Client::builder().no_proxy().build().context("a client")?;
    let mut bytes = 0;
    for batch in (reader..products / BATCH).step_by(usize::try_from(AT_ONCE)?) {
        let first = batch * BATCH + 1;
        let ids: Vec<u32> = (first..first + BATCH).collect();
        let request = client.post(format!("http://{node}/api/v1/products/batch")).json(&ids);
        // A bearer sees unpublished products as well.
        let request = request.bearer_auth(ADMIN_TOKEN);
        let answer = request.send().await.context("ask for a batch")?;
        ensure!(answer.status() == 200, "a batch is answered with {}", answer.status());
        bytes += product_bytes(&answer.text().await.context("read a batch")?)?;
    }
    Ok(bytes)
}

/// The bytes of the products of a batch, without what stands between them.
fn product_bytes(batch: &str) -> Result<u64> {
    let batch: Batch<'_> = serde_json::from_str(batch).context("read a batch")?;
    ensure!(batch.products.len() == usize::try_from(BATCH)?, "a batch lacks products");
    Ok(batch.products.values().map(|product| product.get().len() as u64).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_products_count() {
        let products: Vec<String> = (1..=BATCH).map(|id| format!("\"{id}\":{{\"id\": 1}}")).collect();
        let batch = format!("{{\"products\":{{{}}},\"missing\":[]}}", products.join(","));
        assert_eq!(product_bytes(&batch).unwrap(), 9 * u64::from(BATCH));
        assert!(product_bytes(r#"{"products":{},"missing":[1]}"#).is_err());
    }
}
