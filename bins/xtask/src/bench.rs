//! `cargo x bench`: the measured tables.

use anyhow::Result;
use larder_test_support::{Redis, RedisOptions};

use crate::{services, step};

/// Packages with lock files of their own, outside the workspace.
const PEERS: [&str; 2] = ["benches/peers", "benches/peers-oxcache"];

/// What `http` and `scale` build.
const HTTP: [&str; 6] = ["build", "--release", "--package", "larder-server", "--package", "larder-bench-http"];

/// # Errors
/// When a benchmark fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((first, contenders)) if first == "peers" => peers(contenders),
        Some((first, options)) if first == "costs" => package("costs", options),
        Some((first, options)) if first == "catalogue" => {
            // What is given after it prevails.
            let many = ["--products", "1000000"].map(str::to_owned);
            package("catalogue", &[&many[..], options].concat())
        }
        Some((first, options)) if first == "http" => http("run", options),
        Some((first, options)) if first == "scale" => http("scale", options),
        _ => package("ratios", arguments),
    }
}

/// The service over HTTP, as releases: `run` beside its limits, its recipes and its peers, `scale` as the work grows.
fn http(what: &str, options: &[String]) -> Result<()> {
    services::ensure()?;
    services::ensure_peers()?;
    step::run(&mut step::command("cargo", &HTTP))?;
    let programs = step::target_folder()?.join("release");
    let bench = programs.join("larder-bench-http").display().to_string();
    step::run(step::command(&bench, &[what, "--larder"]).arg(programs.join("larder")).args(options))
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
