//! Hit ratio of an L1 that holds a part of the data.

use anyhow::{Context, Result};

use super::{node::ProductCache, say};
use crate::{
    load::{self, Asked, Traffic},
    plan::{Effort, L1_PERCENT, System, ZIPF, ZIPF_EXPONENT, traffic},
    results::HitRatio,
    systems::{Levels, Stage},
};

/// Run-ins before a node is believed to hold what it will hold.
const FILLING: u32 = 4;

/// Requests that are prepared.
const LONG_WALK: u64 = 524_288;

/// What products get of the capacity of L1; lists and totals have the rest.
const SHARE_PERCENT: u64 = 80;

/// Starts a node for each size.
///
/// # Errors
/// When one does not start or answer.
pub(super) async fn play(stage: &mut Stage, effort: &Effort) -> Result<Vec<HitRatio>> {
    stage.ensure(&[]).await?;
    let whole = measure(stage, effort, None).await?;
    let whole_bytes = whole.1 * 100 / SHARE_PERCENT;
    let mut found = Vec::new();
    for percent in L1_PERCENT {
        let (ratio, _, entries) = measure(stage, effort, Some(whole_bytes * percent / 100)).await?;
        // The list of prepared requests has some of the rare products never.
        let asked = whole.2.max(entries);
        let held = entries as f64 / asked as f64;
        say(format_args!("hit ratio: {percent} %: {entries} products held, {ratio:.3} hit"));
        found.push(HitRatio { held, ratio, best: best(entries, asked) });
    }
    Ok(found)
}

/// Hit ratio, bytes and entries of a node whose L1 has `capacity` bytes.
async fn measure(stage: &Stage, effort: &Effort, capacity: Option<u64>) -> Result<(f64, u64, u64)> {
    let mut settings = vec![("LARDER__VIEWS__ENABLED", "false".to_owned())];
    settings.extend(capacity.map(|bytes| ("LARDER__CACHE__L1_CAPACITY_BYTES", bytes.to_string())));
    let running = stage.node(System::L1, Levels::L1, &settings).await?;
    let (target, node) = (running.target()?, running.address().context("a node")?);
    // The walk must not begin anew while it is measured: what comes again would be hit too often.
    let filling = Traffic { prepared_at_least: LONG_WALK, ..traffic(ZIPF, Asked::Product, 0) };
    let traffic = Traffic { stream: 1, ..filling };
    load::closed_loop(&target, &filling, effort.connections, effort.run_in() * FILLING).await?;
    let before = ProductCache::of(node).await?;
    load::closed_loop(&target, &traffic, effort.connections, effort.turn()).await?;
    let after = ProductCache::of(node).await?;
    let (hits, misses) = (after.hits - before.hits, after.misses - before.misses);
    Ok((hits as f64 / (hits + misses).max(1) as f64, after.bytes, after.entries))
}

/// The part of skewed requests for `asked` products that goes to the `held` hottest of them.
fn best(held: u64, asked: u64) -> f64 {
    let weight = |count: u64| (1..=count).map(|rank| (rank as f64).powf(-ZIPF_EXPONENT)).sum::<f64>();
    weight(held) / weight(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_tenth_gets_three_quarters() {
        let tenth = best(1_000, 10_000);
        assert!((tenth - 0.76).abs() < 0.01, "{tenth}");
        assert!((best(10_000, 10_000) - 1.0).abs() < 1e-9);
    }
}
