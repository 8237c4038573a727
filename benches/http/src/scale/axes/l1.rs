//! More of the products in L1, from 1 to 100 %: hits as theory has them, and what a miss costs.

use anyhow::{Context, Result};

use super::{fill, no_views, no_warm_up};
use crate::{
    load::{Asked, Traffic},
    plan::{CONNECTIONS, L1_PERCENT, PRODUCTS, System, ZIPF, traffic},
    scale::{
        Bench,
        figures::Series,
        model::SHARE_PERCENT,
        step::{FILLING, FRESH, RUN_IN},
    },
    scenes::node::ProductCache,
    systems::{Levels, Running},
};

/// PostgreSQL and no Redis, so that each miss is a query.
///
/// # Errors
/// When a node does not start or answer.
pub(crate) async fn l1(bench: &mut Bench) -> Result<Vec<Series>> {
    bench.stage.ensure(&[]).await?;
    let products = u64::from(PRODUCTS);
    let node = start(bench, None).await?;
    let address = node.address().context("a node")?;
    fill(address, products).await?;
    let whole = ProductCache::of(address).await?;
    let whole_bytes = whole.bytes * products / whole.entries.max(1) * 100 / SHARE_PERCENT;
    drop(node);
    let traffic = Traffic { prepared_at_least: FRESH, ..traffic(ZIPF, Asked::Product, 0) };
    let mut series = Series::new("one product, zipf over 10,000");
    for percent in L1_PERCENT {
        let node = start(bench, Some(whole_bytes * percent / 100)).await?;
        fill(node.address().context("a node")?, products).await?;
        bench.run_in(&node, &traffic, CONNECTIONS, RUN_IN * FILLING).await?;
        series.steps.push(bench.step(&format!("{percent} %"), &node, &traffic, CONNECTIONS).await?);
    }
    Ok(vec![series])
}

async fn start(bench: &Bench, capacity_bytes: Option<u64>) -> Result<Running> {
    let mut settings = vec![no_views(), no_warm_up()];
    settings.extend(capacity_bytes.map(|bytes| ("LARDER__CACHE__L1_CAPACITY_BYTES", bytes.to_string())));
    bench.stage.node(System::L1, Levels::L1, &settings).await
}
