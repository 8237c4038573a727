//! One step of an axis: a closed loop on each node at the same time, with all meters before and after.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;

use super::{
    Bench,
    counts::Counts,
    figures::{Series, Step},
};
use crate::{
    load::{self, Target, Traffic},
    meters::{Reading, ended_children_micros, resident_bytes},
    results::Turn,
    scenes::{node::ProductCache, say},
    systems::{ADMIN_TOKEN, Running},
};

/// Load before a step that is not measured.
pub(super) const RUN_IN: Duration = Duration::from_secs(1);

/// How many times as long an L1 is filled by the traffic itself where that decides what it holds.
pub(super) const FILLING: u32 = 4;

/// Requests that are prepared where none may come twice only because the walk begins anew.
pub(super) const FRESH: u64 = 524_288;

/// The traffic that runs in is another stream than the one that is measured, so that nothing is held because it is about to come again.
const RUN_IN_STREAM: u64 = 1;
const MEASURED_STREAM: u64 = 2;

impl Series {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), steps: Vec::new() }
    }
}

impl Bench {
    /// Runs `running` in.
    pub(super) async fn run_in(
        &self,
        running: &Running,
        traffic: &Traffic,
        connections: u32,
        time: Duration,
    ) -> Result<()> {
        drive(running, &Traffic { stream: RUN_IN_STREAM, ..*traffic }, connections, time).await?;
        Ok(())
    }

    /// Measures one turn, after a run-in or without one.
    ///
    /// # Errors
    /// When a node does not answer.
    pub(super) async fn step(
        &self,
        step: &str,
        running: &Running,
        traffic: &Traffic,
        connections: u32,
    ) -> Result<Step> {
        self.timed_step(step, running, traffic, connections, self.turn).await
    }

    /// The same for as long as is asked for.
    pub(super) async fn timed_step(
        &self,
        step: &str,
        running: &Running,
        traffic: &Traffic,
        connections: u32,
        time: Duration,
    ) -> Result<Step> {
        let pids = running.pids();
        let looked_up = lookups(running).await;
        let before = Reading::of(running, &self.stage.database_meter).await?;
        let counted = Counts::of(&pids)?;
        let generators = ended_children_micros()?;
        let load = drive(running, &Traffic { stream: MEASURED_STREAM, ..*traffic }, connections, time).await?;
        let counts = Counts::of(&pids)?.since(counted);
        let cost = Reading::of(running, &self.stage.database_meter).await?.since(before);
        let looked_up_then = lookups(running).await;
        let turn = Turn {
            requests: load.requests,
            failed: load.failed,
            seconds: load.seconds,
            server_micros: cost.server_micros,
            database_micros: cost.database_micros,
            redis_micros: cost.redis_micros,
            queries: cost.queries,
            commands: cost.commands,
            resident_bytes: resident_bytes(&pids)?,
            generator_micros: ended_children_micros()?.saturating_sub(generators),
        };
        ensure!(turn.requests > turn.failed, "{step}: nothing is answered");
        let (per_second, each) = (turn.per_second(), turn.server_micros_per_request());
        say(format_args!("{step}: {per_second:.0} requests a second, {each:.1} µs, {} failed", turn.failed));
        Ok(Step {
            step: step.to_owned(),
            turn,
            bytes: load.bytes,
            counts,
            hits: looked_up_then.hits.saturating_sub(looked_up.hits),
            misses: looked_up_then.misses.saturating_sub(looked_up.misses),
            held: looked_up_then.entries,
        })
    }
}

/// What came of all nodes together.
struct Driven {
    requests: u64,
    failed: u64,
    bytes: u64,
    seconds: f64,
}

/// Asks all nodes at the same time; they share `connections`.
async fn drive(running: &Running, traffic: &Traffic, connections: u32, time: Duration) -> Result<Driven> {
    let targets: Vec<Target> = running.addresses().into_iter().map(target).collect();
    let each = (connections / u32::try_from(targets.len())?).max(1);
    let loads = try_join_all(targets.iter().map(|target| load::closed_loop(target, traffic, each, time))).await?;
    Ok(Driven {
        requests: loads.iter().map(|load| load.requests).sum(),
        failed: loads.iter().map(|load| load.failed).sum(),
        bytes: loads.iter().map(|load| load.bytes).sum(),
        seconds: loads.iter().map(|load| load.elapsed.as_secs_f64()).fold(0.0, f64::max),
    })
}

/// Whoever listens at `address`, asked as an administrator.
pub(super) fn target(address: SocketAddr) -> Target {
    Target { address, writer_token: Some(ADMIN_TOKEN.to_owned()) }
}

/// Of the L1s of all nodes together; nothing of a node without one.
async fn lookups(running: &Running) -> ProductCache {
    let mut sum = ProductCache::default();
    for node in running.addresses() {
        if let Ok(one) = ProductCache::of(node).await {
            sum.hits += one.hits;
            sum.misses += one.misses;
            sum.entries += one.entries;
            sum.bytes += one.bytes;
        }
    }
    sum
}
