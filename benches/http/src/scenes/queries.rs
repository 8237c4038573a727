//! Database queries: in the steady state, and as traffic grows.

use std::time::Instant;

use anyhow::{Context as _, Result};

use super::{chosen, empty, say, turns};
use crate::{
    load::{self, Asked, Traffic},
    meters::Reading,
    plan::{DEMAND, DEMAND_RATES, Effort, STEADY, System, ZIPF, traffic},
    results::{Demand, Measured, Turn},
    systems::{Levels, Running, Stage},
};

/// Requests that are prepared where queries are counted: a short list would leave out rare products altogether.
const LONG_WALK: u64 = 524_288;

/// Long turns, so that what happens each 45 seconds is in each of them.
///
/// # Errors
/// When a system does not start or answer.
pub(super) async fn steady(stage: &mut Stage, effort: &Effort) -> Result<Measured<Turn>> {
    stage.ensure(&[]).await?;
    let nodes = [as_it_comes(System::TwoLevel, stage).await?, as_it_comes(System::Uncached, stage).await?];
    // Long enough that nearly all products are in it.
    let traffic = Traffic { prepared_at_least: LONG_WALK, ..traffic(ZIPF, Asked::Product, 0) };
    let mut measured = empty(&nodes.each_ref().map(|node| node.system), effort);
    for _ in 0..effort.rounds {
        for ((system, rounds), running) in measured.systems.iter_mut().zip(&nodes) {
            turns::run_in(running, &traffic, effort, 3).await?;
            // Without a cache each request is a query, however long one looks.
            let is_short = *system == System::Uncached || effort.rounds == 1;
            let length = if is_short { effort.seconds } else { STEADY.as_secs_f64() };
            let turn = turns::turn(running, stage, &traffic, &Effort { seconds: length, ..*effort }).await?;
            say(format_args!("steady: {}: {} queries, {} requests", system.title(), turn.queries, turn.requests));
            rounds.push(turn);
        }
    }
    Ok(measured)
}

/// Fixed rates, one after the other; what a system can't reach is not asked of it.
///
/// # Errors
/// When a system does not start or answer.
pub(super) async fn demand(only: &[System], stage: &mut Stage, effort: &Effort) -> Result<Demand> {
    let systems = chosen(&DEMAND, only);
    let recipes: Vec<System> = systems.iter().copied().filter(|system| levels(*system).is_none()).collect();
    stage.ensure(&recipes).await?;
    let traffic = Traffic { prepared_at_least: LONG_WALK, ..traffic(ZIPF, Asked::Product, 0) };
    let mut demand = Demand { systems: Vec::new() };
    for system in systems {
        let node = if levels(system).is_some() { Some(as_it_comes(system, stage).await?) } else { None };
        let running = node.as_ref().map_or_else(|| stage.get(system), Ok)?;
        turns::run_in(running, &traffic, effort, 2).await?;
        let peak = turns::turn(running, stage, &traffic, effort).await?.per_second();
        let mut points = Vec::new();
        for rate in DEMAND_RATES.into_iter().filter(|rate| *rate < peak) {
            let before = Reading::of(running, &stage.database_meter).await?;
            let began = Instant::now();
            let length = if system == System::TwoLevel && effort.rounds > 1 { STEADY } else { effort.turn() };
            let load = load::open_loop(&running.target()?, &traffic, effort.connections, rate, length).await?;
            let seconds = began.elapsed().as_secs_f64();
            let cost = Reading::of(running, &stage.database_meter).await?.since(before);
            points.push((load.sent as f64 / seconds, cost.queries as f64 / seconds));
        }
        say(format_args!("demand: {}: {points:.0?}", system.title()));
        demand.systems.push((system, points));
    }
    Ok(demand)
}

/// The levels of a system that is Larder.
fn levels(system: System) -> Option<Levels> {
    match system {
        System::TwoLevel => Some(Levels::TwoLevel),
        System::Uncached => Some(Levels::None),
        _ => None,
    }
}

/// A node that adds views to the database as often as it does by itself, unlike those of the short scenes.
async fn as_it_comes(system: System, stage: &Stage) -> Result<Running> {
    stage.node(system, levels(system).context("not Larder")?, &[]).await
}
