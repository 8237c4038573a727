//! `cargo x bench`: the measured tables.

use anyhow::Result;
use larder_test_support::{Redis, RedisOptions};

use crate::step;

/// Packages with lock files of their own, outside the workspace.
const PEERS: [&str; 2] = ["benches/peers", "benches/peers-oxcache"];

/// # Errors
/// When a benchmark fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((first, contenders)) if first == "peers" => peers(contenders),
        Some((first, options)) if first == "catalogue" => package("catalogue", options),
        _ => package("cache", arguments),
    }
}

fn package(bench: &str, arguments: &[String]) -> Result<()> {
    let mut cargo = step::command("cargo", &["bench", "--package", "larder-benches", "--bench", bench, "--"]);
    step::run(cargo.args(arguments))
}

/// The cache beside other caches, on a Redis that nobody else uses.
fn peers(contenders: &[String]) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let redis = runtime.block_on(Redis::start(RedisOptions::default()))?;
    for package in PEERS {
        // In its folder: the settings of cargo that belong to it stand there.
        let mut bench = step::command("cargo", &["run", "--release", "--locked", "--", &redis.url()]);
        step::run(bench.args(contenders).current_dir(package))?;
    }
    Ok(())
}
