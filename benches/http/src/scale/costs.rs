//! What a request costs that ends in memory, in Redis, and in the database, and what a viewed product costs.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::time::sleep;

use super::{
    Bench,
    axes::{fill, idle, no_views, no_warm_up},
    figures::{Cost, Costs, Step},
};
use crate::{
    load::{Asked, Keys},
    meters::{Reading, row_updates},
    plan::{CONNECTIONS, PRODUCTS, System, ZIPF, traffic},
    scenes::{node::ProductCache, say},
    systems::{Levels, Running, Server},
};

/// Between two additions of views to the database; the reads before have to be over by then.
const DRAIN: Duration = Duration::from_secs(6);

/// Traffic on an empty cache: long enough for some thousand misses.
const COLD: Duration = Duration::from_secs(1);

/// What a node does at its start is over by then, so that none of it counts.
const SETTLED: Duration = Duration::from_secs(2);

/// # Errors
/// When a node does not start or answer.
pub(super) async fn measure(bench: &mut Bench) -> Result<Costs> {
    bench.stage.ensure(&[]).await?;
    let settings = [no_views(), no_warm_up()];
    let mut running = bench.stage.node(System::TwoLevel, Levels::TwoLevel, &settings).await?;
    let (uniform, zipf) = (traffic(Keys::Uniform, Asked::Product, 0), traffic(ZIPF, Asked::Product, 0));
    sleep(SETTLED).await;
    let loading = bench.timed_step("empty caches", &running, &uniform, CONNECTIONS, COLD).await?;
    let node = running.address().context("a node")?;
    fill(node, u64::from(PRODUCTS)).await?;
    let held = ProductCache::of(node).await?;
    let hitting = bench.step("hits in L1", &running, &zipf, CONNECTIONS).await?;
    // A second node, whose L1 is empty, on the same Redis.
    let url = running.database.as_ref().context("a database")?.url();
    let redis_url = running.redis().context("a Redis")?.url();
    let second = bench.stage.larder.start(Levels::TwoLevel, &url, Some(&redis_url), &settings).await?;
    running.servers = vec![Server::Ours(second)];
    sleep(SETTLED).await;
    let fetching = bench.timed_step("hits in L2", &running, &uniform, CONNECTIONS, COLD).await?;
    let l1 = each(&hitting, hitting.turn.requests, &Cost::default(), 0);
    let beyond = |step: &Step| each(step, step.misses, &l1, step.hits);
    drop(running);
    let (viewed, of_two) = (viewed(bench, 1).await?, viewed(bench, 2).await?);
    let costs = Costs {
        l1,
        l2: beyond(&fetching),
        load: beyond(&loading),
        viewed,
        viewed_heard: more(&of_two, &viewed),
        entry_bytes: held.bytes as f64 / held.entries.max(1) as f64,
    };
    say(format_args!("{costs:?}"));
    Ok(costs)
}

/// What each of `count` took of a step, in which `others` more cost `known` each.
fn each(step: &Step, count: u64, known: &Cost, others: u64) -> Cost {
    let left = |total: u64, known: f64| (total as f64 - known * others as f64).max(0.0) / count.max(1) as f64;
    Cost {
        server_micros: left(step.turn.server_micros, known.server_micros),
        redis_micros: left(step.turn.redis_micros, known.redis_micros),
        database_micros: left(step.turn.database_micros, known.database_micros),
        commands: left(step.turn.commands, known.commands),
        queries: left(step.turn.queries, known.queries),
    }
}

/// What `most` costs more than `alone`.
fn more(most: &Cost, alone: &Cost) -> Cost {
    let more = |part: fn(&Cost) -> f64| (part(most) - part(alone)).max(0.0);
    Cost {
        server_micros: more(|cost| cost.server_micros),
        redis_micros: more(|cost| cost.redis_micros),
        database_micros: more(|cost| cost.database_micros),
        commands: more(|cost| cost.commands),
        queries: more(|cost| cost.queries),
    }
}

/// Views of many products, gathered, and added once nobody reads any more.
async fn viewed(bench: &Bench, nodes: usize) -> Result<Cost> {
    let settings = [
        ("LARDER__VIEWS__FLUSH_MS", "500".to_owned()),
        ("LARDER__VIEWS__DRAIN_MS", DRAIN.as_millis().to_string()),
        no_warm_up(),
    ];
    let mut running: Running = bench.stage.node(System::TwoLevel, Levels::TwoLevel, &settings).await?;
    let began = Instant::now();
    let url = running.database.as_ref().context("a database")?.url();
    let redis_url = running.redis().context("a Redis")?.url();
    for _ in 1..nodes {
        let other = bench.stage.larder.start(Levels::TwoLevel, &url, Some(&redis_url), &settings).await?;
        running.servers.push(Server::Ours(other));
    }
    fill(running.address().context("a node")?, u64::from(PRODUCTS)).await?;
    bench.run_in(&running, &traffic(Keys::Uniform, Asked::Product, 0), CONNECTIONS, COLD).await?;
    ensure!(began.elapsed() + Duration::from_secs(1) < DRAIN, "views were added while products were still read");
    sleep(Duration::from_secs(1)).await;
    let rows_before = row_updates(&url).await?;
    let (before, began) = (Reading::of(&running, &bench.stage.database_meter).await?, Instant::now());
    sleep(DRAIN + Duration::from_secs(1)).await;
    let cost = Reading::of(&running, &bench.stage.database_meter).await?.since(before);
    let seconds = began.elapsed().as_secs_f64();
    let rows = row_updates(&url).await? - rows_before;
    ensure!(rows > 0, "no views were added to the database");
    let idle = idle(bench, &running).await?;
    let one = |total: u64, idle: f64| (total as f64 - idle * seconds).max(0.0) / rows as f64;
    say(format_args!("views: {rows} rows, {nodes} nodes"));
    Ok(Cost {
        server_micros: one(cost.server_micros, idle.server_micros),
        redis_micros: one(cost.redis_micros, idle.redis_micros),
        database_micros: one(cost.database_micros, idle.database_micros),
        commands: one(cost.commands, idle.commands),
        queries: one(cost.queries, idle.queries),
    })
}
