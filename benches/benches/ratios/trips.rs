//! What the server was asked: counts do not depend on the machine.

use std::{collections::HashMap, convert::Infallible, fmt::Write};

use anyhow::Result;
use bytes::Bytes;
use larder_test_support::RedisServer;

use crate::redis_bodies::cache_of_l2;

/// Its part of the output.
pub(crate) const TITLE: &str = "commands that the server ran";

/// Commands of a miss and of a hit, as the server counts them.
pub(crate) async fn report(redis: &RedisServer) -> Result<String> {
    let cache = cache_of_l2(redis, "trips")?;
    let load = || async { Ok::<_, Infallible>(Bytes::from_static(b"value")) };
    // The first one makes the connection and loads the scripts.
    cache.get_or_load(&0, load).await?;
    settled(&cache, 1).await;
    let before = redis.command_counts().await?;
    cache.get_or_load(&1, load).await?;
    settled(&cache, 2).await;
    let missed = redis.command_counts().await?;
    cache.get_or_load(&1, load).await?;
    let hit = redis.command_counts().await?;
    let many: Vec<u64> = (0..100).collect();
    let nothing = |_| async { Ok::<_, Infallible>(HashMap::<u64, Bytes>::new()) };
    cache.get_or_load_many(&many, nothing).await?;
    settled(&cache, 100).await;
    let batch = redis.command_counts().await?;
    let mut text = format!("{TITLE} (those inside of scripts included)\n\n");
    for (work, from, to) in
        [("miss", &before, &missed), ("hit in L2", &missed, &hit), ("batch of 100, 98 of them misses", &hit, &batch)]
    {
        let grown = to.iter().filter_map(|(command, count)| {
            let more = count - from.get(command).copied().unwrap_or(0);
            (more > 0 && !["info", "auth"].contains(&command.as_str())).then(|| format!("{more} {command}"))
        });
        writeln!(text, "- {work}: {}", grown.collect::<Vec<_>>().join(", "))?;
    }
    Ok(text)
}

/// Waits until so many fills were stored: they go on after the caller has his answer.
async fn settled(cache: &larder_cache::Cache<u64, Bytes>, fills: u64) {
    while cache.statistics().fills.stored < fills {
        tokio::task::yield_now().await;
    }
}
