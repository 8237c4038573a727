//! The cache against its parts, by turns in one run: bare moka, and bare Redis over one shared connection.

mod hits;
mod levels;
mod rounds;
mod trips;

use std::io::Write;

use anyhow::Result;
use larder_test_support::{Redis, RedisOptions};

#[tokio::main]
async fn main() -> Result<()> {
    // A server of its own: its commands are counted.
    let redis = Redis::start(RedisOptions::default()).await?;
    let mut rows = hits::rows().await?;
    rows.extend(levels::rows(&redis).await?);
    let mut out = std::io::stdout();
    writeln!(out, "{}", rounds::table(&rows))?;
    writeln!(out, "{}", trips::report(&redis).await?)?;
    Ok(())
}
