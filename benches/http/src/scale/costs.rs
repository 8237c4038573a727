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
    let idle = idle(bench, &running).await?;
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
    let l1 = each(&hitting, hitting.turn.requests, &idle, &Cost::default(), 0);
    let beyond = |step: &Step| each(step, step.misses, &idle, &l1, step.hits);
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

/// What each of `count` took of a step, in which `others` more cost `known` each, and each second `idle`.
fn each(step: &Step, count: u64, idle: &Cost, known: &Cost, others: u64) -> Cost {
    let turn = &step.turn;
    let left = |total: u64, part: fn(&Cost) -> f64| {
        let elsewhere = part(idle) * turn.seconds + part(known) * others as f64;
        (total as f64 - elsewhere).max(0.0) / count.max(1) as f64
    };
    Cost {
        server_micros: left(turn.server_micros, |cost| cost.server_micros),
        redis_micros: left(turn.redis_micros, |cost| cost.redis_micros),
        database_micros: left(turn.database_micros, |cost| cost.database_micros),
        commands: left(turn.commands, |cost| cost.commands),
        queries: left(turn.queries, |cost| cost.queries),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{results::Turn, scale::counts::Counts};

    /// Otherwise two clock ticks, times a million requests, are a shard of Redis.
    #[test]
    fn what_a_node_costs_idle_is_no_request() {
        let turn = Turn {
            requests: 1_000,
            failed: 0,
            seconds: 3.0,
            server_micros: 40_000,
            database_micros: 18_000,
            redis_micros: 5_000,
            queries: 48,
            commands: 60,
            resident_bytes: 0,
            generator_micros: 0,
        };
        let counts = Counts::default();
        let step = Step { step: String::new(), turn, bytes: 0, counts, hits: 900, misses: 100, held: 0 };
        let idle = Cost {
            server_micros: 5_000.0,
            redis_micros: 2_000.0,
            database_micros: 6_000.0,
            commands: 20.0,
            queries: 16.0,
        };
        let l1 = each(&step, 1_000, &idle, &Cost::default(), 0);
        assert_eq!(l1, Cost { server_micros: 25.0, ..Cost::default() });
        let beyond = each(&step, step.misses, &idle, &Cost { server_micros: 20.0, ..Cost::default() }, step.hits);
        assert_eq!(beyond.server_micros, 70.0);
    }
}
