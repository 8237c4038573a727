//! Counts the commands that a row costs on the server, from `INFO commandstats`.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use redis::aio::MultiplexedConnection;

use crate::contender::Settings;

/// Calls per command since the server started.
#[derive(Debug)]
pub(crate) struct Commands {
    calls: BTreeMap<String, u64>,
    connection: MultiplexedConnection,
}

impl Commands {
    /// Takes the counts as they stand now.
    pub(crate) async fn start(settings: &Settings) -> Result<Self> {
        let client = redis::Client::open(settings.redis_url.as_str()).context("Redis address")?;
        let mut connection = client.get_multiplexed_async_connection().await.context("connecting for the counts")?;
        Ok(Self { calls: read(&mut connection).await?, connection })
    }

    /// The commands since the start, shared out over `operations`: all together, and each by name.
    pub(crate) async fn per(mut self, operations: usize) -> Result<(f64, String)> {
        let now = read(&mut self.connection).await?;
        let mut total = 0;
        let mut names = Vec::new();
        for (name, calls) in now {
            let more = calls - self.calls.get(&name).copied().unwrap_or(0);
            if more > 0 {
                total += more;
                names.push(format!("{:.1} {name}", share(more, operations)));
            }
        }
        Ok((share(total, operations), names.join(", ")))
    }
}

async fn read(connection: &mut MultiplexedConnection) -> Result<BTreeMap<String, u64>> {
    let text: String = redis::cmd("INFO").arg("commandstats").query_async(connection).await.context("INFO")?;
    let calls = text.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let calls = rest.split(',').next()?.parse().ok()?;
        // Our own questions, and what a client says once when it connects.
        let ours = name == "info" || name == "ping" || name == "hello" || name.starts_with("client|");
        (!ours).then(|| (name.to_owned(), calls))
    });
    Ok(calls.collect())
}

#[expect(clippy::cast_precision_loss, reason = "counts here stay far below 2^52")]
fn share(calls: u64, operations: usize) -> f64 {
    calls as f64 / operations as f64
}
