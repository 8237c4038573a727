//! `cargo x fuzz-api`: a fuzzer that reads the description of the API, a client made from it, and requests that mean harm, against a real server.

mod client;
mod hostile;
mod node;
mod python;
mod schema;

use anyhow::{Context, Result};
use larder_test_support::{Postgres, PostgresOptions, Redis, RedisOptions};

use self::node::Node;
use crate::services;

/// What is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long the fuzzer may go on.
    #[arg(long, default_value_t = 120)]
    seconds: u32,
    /// Where all chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A release build: slower to make, faster to ask.
    #[arg(long)]
    release: bool,
    /// In place of the fuzzer, so many requests that mean harm.
    #[arg(long)]
    hostile: Option<u32>,
}

/// Starts private databases and a server, and lets loose on it what was asked for.
///
/// # Errors
/// When something is found, or something that is needed cannot be had.
pub(crate) fn run(options: &Options) -> Result<()> {
    services::ensure()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("a runtime")?;
    let (postgres, redis) = runtime.block_on(async {
        tokio::try_join!(Postgres::start(PostgresOptions::default()), Redis::start(RedisOptions::default()))
    })?;
    let database = runtime.block_on(postgres.fresh_database())?;
    let node = Node::start(&database.url(), &redis.url(), options.release)?;
    match options.hostile {
        Some(requests) => runtime.block_on(hostile::run(&node, requests, options.seed)),
        None => {
            let programs = python::programs()?;
            schema::validate(&programs, &node)?;
            client::try_out(&programs, &node)?;
            schema::fuzz(&programs, &node, options.seconds, options.seed)
        }
    }
}
