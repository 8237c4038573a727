//! More nodes over one Redis and one PostgreSQL: reads of all together, and what a write of one costs the others.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::time::sleep;

use super::{fill, no_views};
use crate::{
    load::{self, Asked},
    meters::{Processes, Reading},
    plan::{CONNECTIONS, PRODUCTS, System, ZIPF, traffic},
    scale::{
        Bench,
        figures::{Cost, Series, Writes},
        step::{RUN_IN, target},
    },
    scenes::say,
    systems::{Levels, Running, Server},
};

const MOST: usize = 3;

/// Writes a second: so few that the tail of another node, which asks each 5 ms at most, hears of most of them one by one.
const RATE: f64 = 50.0;

/// How many times as long as other turns they take, so that there are enough of them.
const WRITING: u32 = 10;

/// How long idle nodes are watched.
const IDLE: Duration = Duration::from_secs(5);

/// # Errors
/// When a node does not start or answer.
pub(crate) async fn nodes(bench: &mut Bench) -> Result<(Vec<Series>, Vec<Writes>)> {
    bench.stage.ensure(&[]).await?;
    let database = bench.stage.database().await?;
    let url = database.url();
    let redis = bench.stage.redis().await?;
    let mut running = Running {
        system: System::TwoLevel,
        servers: Vec::new(),
        link: None,
        redis: Some(redis),
        database: Some(database),
    };
    let reads = traffic(ZIPF, Asked::Product, 0);
    let mut series = Series::new("two levels, hits in L1, 64 connections over all nodes");
    let mut writes = Vec::new();
    for count in 1..=MOST {
        let redis_url = running.redis().map(|redis| redis.url());
        let node = bench.stage.larder.start(Levels::TwoLevel, &url, redis_url.as_deref(), &[no_views()]).await?;
        fill(node.address(), u64::from(PRODUCTS)).await?;
        running.servers.push(Server::Ours(node));
        bench.run_in(&running, &reads, CONNECTIONS, RUN_IN).await?;
        series.steps.push(bench.step(&format!("{count}"), &running, &reads, CONNECTIONS).await?);
        writes.push(write(bench, &running).await?);
    }
    Ok((vec![series], writes))
}

/// What all nodes cost while nobody asks.
///
/// # Errors
/// When a server does not answer.
pub(crate) async fn idle(bench: &Bench, running: &Running) -> Result<Cost> {
    let before = Reading::of(running, &bench.stage.database_meter).await?;
    sleep(IDLE).await;
    let cost = Reading::of(running, &bench.stage.database_meter).await?.since(before);
    let each_second = |total: u64| total as f64 / IDLE.as_secs_f64();
    Ok(Cost {
        server_micros: each_second(cost.server_micros),
        redis_micros: each_second(cost.redis_micros),
        database_micros: each_second(cost.database_micros),
        commands: each_second(cost.commands),
        queries: each_second(cost.queries),
    })
}

async fn write(bench: &Bench, running: &Running) -> Result<Writes> {
    let idle = idle(bench, running).await?;
    let writer = *running.pids().first().context("a node")?;
    let first = running.address().context("a node")?;
    let traffic = traffic(ZIPF, Asked::Product, 100);
    let before = Reading::of(running, &bench.stage.database_meter).await?;
    let writer_before = Processes::now()?.cpu_micros(&[writer]);
    let began = Instant::now();
    let load = load::open_loop(&target(first), &traffic, CONNECTIONS, RATE, bench.turn * WRITING).await?;
    // What follows a write on the other nodes is there by then.
    sleep(Duration::from_millis(300)).await;
    let seconds = began.elapsed().as_secs_f64();
    let writer_micros = Processes::now()?.cpu_micros(&[writer]).saturating_sub(writer_before);
    let cost = Reading::of(running, &bench.stage.database_meter).await?.since(before);
    let nodes = running.servers.len();
    let each = |total: u64, idle: f64| (total as f64 - idle * seconds).max(0.0) / load.sent.max(1) as f64;
    let idle_of_one = idle.server_micros / nodes as f64;
    let found = Writes {
        nodes,
        per_second: RATE,
        writes: load.sent,
        failed: load.failed,
        writer_micros: each(writer_micros, idle_of_one),
        others_micros: each(
            cost.server_micros - writer_micros.min(cost.server_micros),
            idle.server_micros - idle_of_one,
        ),
        redis_micros: each(cost.redis_micros, idle.redis_micros),
        database_micros: each(cost.database_micros, idle.database_micros),
        commands: each(cost.commands, idle.commands),
        queries: each(cost.queries, idle.queries),
        idle,
    };
    say(format_args!("{found:?}"));
    Ok(found)
}
