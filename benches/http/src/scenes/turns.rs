//! Closed loops: as many requests as will go, one system after the other, round by round.

use anyhow::{Context, Result};

use super::{empty, say};
use crate::{
    load::{self, Traffic},
    meters::{Reading, resident_bytes},
    plan::{Effort, System, Turns},
    results::{Measured, Turn},
    systems::{Running, Stage},
};

/// Measures `systems` by turns.
///
/// # Errors
/// When a system does not start or answer.
pub(super) async fn play(
    turns: &Turns,
    systems: &[System],
    stage: &mut Stage,
    effort: &Effort,
) -> Result<Measured<Turn>> {
    stage.ensure(systems).await?;
    let traffic = turns.traffic();
    let mut measured = empty(systems, effort);
    for round in 1..=effort.rounds {
        for (system, rounds) in &mut measured.systems {
            let running = stage.get(*system)?;
            run_in(running, &traffic, effort, 1).await?;
            let turn = turn(running, stage, &traffic, effort).await?;
            let (per_second, each) = (turn.per_second(), turn.server_micros_per_request());
            say(format_args!(
                "{} {round}/{}: {}: {per_second:.0} requests a second, {each:.1} µs, {} failed",
                turns.name,
                effort.rounds,
                system.title(),
                turn.failed
            ));
            rounds.push(turn);
        }
    }
    Ok(measured)
}

/// Load that is not measured: connections and caches are warm afterward.
pub(super) async fn run_in(running: &Running, traffic: &Traffic, effort: &Effort, times: u32) -> Result<()> {
    load::closed_loop(&running.target()?, traffic, effort.connections, effort.run_in() * times).await?;
    Ok(())
}

/// One measured turn.
///
/// # Errors
/// When nothing can be asked.
pub(super) async fn turn(running: &Running, stage: &Stage, traffic: &Traffic, effort: &Effort) -> Result<Turn> {
    let before = Reading::of(running, &stage.database_meter).await?;
    let load = load::closed_loop(&running.target()?, traffic, effort.connections, effort.turn()).await?;
    let cost = Reading::of(running, &stage.database_meter).await?.since(before);
    (load.requests > load.failed)
        .then_some(())
        .with_context(|| format!("{} answers nothing", running.system.title()))?;
    Ok(Turn {
        requests: load.requests,
        failed: load.failed,
        seconds: load.elapsed.as_secs_f64(),
        server_micros: cost.server_micros,
        database_micros: cost.database_micros,
        redis_micros: cost.redis_micros,
        queries: cost.queries,
        commands: cost.commands,
        resident_bytes: resident_bytes(&running.pids())?,
        generator_micros: load.generator_micros,
    })
}
