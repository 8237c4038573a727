//! The scenes: what is done to the systems, and what is read meanwhile.

mod hit_ratio;
mod latency;
pub(crate) mod memory;
pub(crate) mod node;
mod queries;
mod redis_lost;
mod start;
mod turns;

use std::{io::Write as _, io::stderr, path::Path, time::Duration};

use anyhow::Result;
use tokio::time::sleep;

use crate::{
    meters::{Processes, round_trip},
    plan::{DEMAND, Effort, OWN_HALF, SAME_RATE, Scene, System},
    results::{Measured, Results},
    systems::{Running, Stage},
};

/// How long idle systems are watched.
const IDLE: Duration = Duration::from_secs(2);

/// Plays one scene, and puts what it gave into `results`. `folder` keeps what is dear to make.
///
/// # Errors
/// When a system does not start, or answers wrongly.
pub(crate) async fn play(
    scene: Scene,
    only: &[System],
    stage: &mut Stage,
    effort: &Effort,
    folder: &Path,
    results: &mut Results,
) -> Result<()> {
    if let Some(turns) = scene.turns() {
        let measured = turns::play(turns, &chosen(turns.systems, only), stage, effort).await?;
        if let Some(url) = stage.all().find_map(Running::far_url) {
            results.far_round_trip_millis = Some(round_trip(&url).await?.as_secs_f64() * 1_000.0);
        }
        results.turns.insert(turns.name.to_owned(), measured);
        results.idle_micros_per_second = Some(idle(stage).await?);
        return Ok(());
    }
    match scene {
        Scene::Latency => results.latency = Some(latency::play(only, stage, effort).await?),
        Scene::Steady => results.steady = Some(queries::steady(stage, effort).await?),
        Scene::Demand => results.demand = Some(queries::demand(only, stage, effort).await?),
        Scene::HitRatio => results.hit_ratio = Some(hit_ratio::play(stage, effort).await?),
        Scene::RedisLost => results.redis_lost = Some(redis_lost::play(stage, effort).await?),
        Scene::Start => results.start_millis = Some(start::play(stage, effort).await?),
        Scene::Memory => results.memory = Some(memory::play(stage, effort.memory_products, folder).await?),
        Scene::Zipf | Scene::Uniform | Scene::OneKey | Scene::Writes | Scene::Page | Scene::Batch | Scene::Far => {}
    }
    Ok(())
}

/// The systems among which one can choose in a scene; none where it says itself what it needs.
pub(crate) fn players(scene: Scene) -> Vec<System> {
    match scene {
        Scene::Latency => {
            let beside = SAME_RATE.into_iter().filter(|system| !OWN_HALF.contains(system));
            OWN_HALF.into_iter().chain(beside).collect()
        }
        Scene::Demand => DEMAND.to_vec(),
        other => other.turns().map_or_else(Vec::new, |turns| turns.systems.to_vec()),
    }
}

/// Those of `systems` that are among `only`; all if that is empty.
fn chosen(systems: &[System], only: &[System]) -> Vec<System> {
    systems.iter().copied().filter(|system| only.is_empty() || only.contains(system)).collect()
}

/// What all systems that run cost while nobody asks them anything.
async fn idle(stage: &Stage) -> Result<f64> {
    let pids: Vec<i32> = stage.all().flat_map(Running::pids).collect();
    let before = Processes::now()?.cpu_micros(&pids);
    sleep(IDLE).await;
    let micros = Processes::now()?.cpu_micros(&pids).saturating_sub(before);
    Ok(micros as f64 / IDLE.as_secs_f64())
}

/// Progress, for whoever waits.
pub(crate) fn say(line: impl std::fmt::Display) {
    // Nobody may be reading.
    drop(writeln!(stderr(), "{line}"));
}

/// An empty table for `systems`.
fn empty<T>(systems: &[System], effort: &Effort) -> Measured<T> {
    Measured { effort: *effort, systems: systems.iter().map(|&system| (system, Vec::new())).collect() }
}
