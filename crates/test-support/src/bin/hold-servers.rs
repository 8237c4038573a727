//! Starts a PostgreSQL and a Redis, says where they are, and holds them until its standard input closes.
//!
//! Meant to be killed: this crate's tests see to it that the servers go however this process ends.

use std::io::{Read as _, Write as _};

use larder_test_support::{Postgres, PostgresOptions, Redis, RedisOptions};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let postgres = Postgres::start(PostgresOptions::default()).await?;
    let redis = Redis::start(RedisOptions::default()).await?;
    let mut output = std::io::stdout();
    writeln!(output, "{} {}", postgres.folder().display(), postgres.url())?;
    writeln!(output, "{} {}", redis.folder().display(), redis.url())?;
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let told = Some(()).filter(|()| input.trim() != "panic");
    told.expect("a test asks for a panic, to see that the servers go");
    Ok(())
}
