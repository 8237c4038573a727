//! The cache against its parts, by turns in one run: the ratios that have a limit, and the commands that Redis runs for each question.

#[path = "../../subjects/bodies.rs"]
mod bodies;
mod hits;
mod levels;
#[path = "../../subjects/redis_bodies.rs"]
mod redis_bodies;
mod rounds;
mod trips;
#[path = "../../subjects/words.rs"]
mod words;

use std::io::Write;

use anyhow::Result;
use larder_test_support::{Redis, RedisOptions};

use rounds::Table;

/// The rows of the table.
const RATIOS: [&str; 4] = [hits::ON_ONE_THREAD, hits::ON_TWO_THREADS, levels::HITS, levels::BATCH];

#[tokio::main]
async fn main() -> Result<()> {
    let wanted = words::of_command_line(&[])?.words;
    let [ratios, commands] =
        [&RATIOS[..], &[trips::TITLE]].map(|names| names.iter().any(|name| words::is_wanted(name, &wanted)));
    if !ratios && !commands {
        return words::say_none("ratio", &wanted);
    }
    // A server of its own: its commands are counted.
    let redis = Redis::start(RedisOptions::default()).await?;
    if ratios {
        let mut table = Table::new(wanted)?;
        hits::measure(&mut table).await?;
        levels::measure(&mut table, &redis).await?;
        writeln!(std::io::stdout())?;
    }
    if commands {
        writeln!(std::io::stdout(), "{}", trips::report(&redis).await?)?;
    }
    Ok(())
}
