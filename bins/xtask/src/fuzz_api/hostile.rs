//! Requests that mean harm, against the server under test: what it answers, whether it hangs, and whether its memory grows.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use larder_test_support::{Survived, attack};

use super::node::{Node, TOKEN};

/// Before memory is looked at for the first time, this part of all requests has warmed the server up.
const WARM_UP: u32 = 5;
/// How much more memory the server may have at the end.
const GROWTH_KIB: u64 = 32 << 10;

/// Sends so many from `seed`, and prints the figures.
///
/// # Errors
/// At an answer of 500 or above, a request that hangs, memory that grows, or a server that does not answer afterwards.
pub(super) async fn run(node: &Node, requests: u32, seed: u64) -> Result<()> {
    let address = node.address.parse().context("the address of the server")?;
    // In its first second the live state has nothing to show, which is a 503.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let warm = attack(address, requests / WARM_UP, seed, TOKEN).await?;
    let before = node.resident_kib()?;
    let rest = attack(address, requests - requests / WARM_UP, seed.wrapping_add(1), TOKEN).await?;
    let after = node.resident_kib()?;
    for (part, survived) in [("warm-up", &warm), ("rest", &rest)] {
        eprintln!("{part}: {:?}", survived.statuses);
    }
    eprintln!("{requests} requests from seed {seed}; resident memory {before} KiB, then {after} KiB");
    let troubles =
        |survived: &Survived| survived.failed.iter().chain(&survived.hung).take(20).cloned().collect::<Vec<_>>();
    for trouble in troubles(&warm).into_iter().chain(troubles(&rest)) {
        eprintln!("---\n{trouble}");
    }
    let (failed, hung) = (warm.failed.len() + rest.failed.len(), warm.hung.len() + rest.hung.len());
    ensure!(failed == 0 && hung == 0, "{failed} answers of 500 or above, {hung} requests without an end");
    ensure!(after <= before + GROWTH_KIB, "memory grew by {} KiB", after - before);
    let alive = attack(address, 1, seed, TOKEN).await?;
    ensure!(alive.hung.is_empty(), "the server does not answer any more");
    Ok(())
}
