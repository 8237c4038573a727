//! Open loops: requests are due at a fixed rate, and latency counts from when they were.

use anyhow::{Context as _, Result};

use super::{chosen, say, turns};
use crate::{
    load::{self, Asked, Traffic},
    plan::{Effort, OPEN_TURN, OWN_HALF, PEAK_TURNS, SAME_RATE, System, ZIPF, traffic},
    results::{Latency, Percentiles, Spread},
    systems::Stage,
};

/// The percentiles of the plot.
const CURVE: [f64; 9] = [10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99];

/// Finds the peaks, and then measures at half of them.
///
/// # Errors
/// When a system does not start or answer.
pub(super) async fn play(only: &[System], stage: &mut Stage, effort: &Effort) -> Result<Latency> {
    let own = chosen(&OWN_HALF, only);
    let same = chosen(&SAME_RATE, only);
    stage.ensure(&[own.as_slice(), &same, &[System::TwoLevel]].concat()).await?;
    let traffic = traffic(ZIPF, Asked::Product, 0);
    let hits = peak(System::TwoLevel, stage, &traffic, effort).await?;
    let mut peaks = Vec::new();
    for &system in &own {
        let is_hits = system == System::TwoLevel;
        peaks.push((system, if is_hits { hits } else { peak(system, stage, &traffic, effort).await? }));
    }
    let rates: Vec<(System, f64)> = peaks.iter().map(|(system, peak)| (*system, peak / 2.0)).collect();
    let same: Vec<(System, f64)> = same.into_iter().map(|system| (system, hits / 2.0)).collect();
    Ok(Latency {
        effort: *effort,
        peaks,
        same_rate: rounds(&same, stage, &traffic, effort).await?,
        own_half: rounds(&rates, stage, &traffic, effort).await?,
    })
}

/// What a closed loop gets, in requests a second: the median of some turns, for one may be disturbed.
async fn peak(system: System, stage: &Stage, traffic: &Traffic, effort: &Effort) -> Result<f64> {
    let running = stage.get(system)?;
    turns::run_in(running, traffic, effort, 2).await?;
    let mut found = Vec::new();
    for _ in 0..PEAK_TURNS.min(effort.rounds) {
        found.push(turns::turn(running, stage, traffic, effort).await?.per_second());
    }
    Ok(Spread::of(&found).context("no turn")?.median)
}

async fn rounds(
    rates: &[(System, f64)],
    stage: &Stage,
    traffic: &Traffic,
    effort: &Effort,
) -> Result<Vec<(System, Vec<Percentiles>)>> {
    let mut measured: Vec<(System, Vec<Percentiles>)> = rates.iter().map(|(system, _)| (*system, Vec::new())).collect();
    for round in 1..=effort.rounds {
        for ((system, rounds), (_, rate)) in measured.iter_mut().zip(rates) {
            turns::run_in(stage.get(*system)?, traffic, effort, 1).await?;
            let target = stage.get(*system)?.target()?;
            let length = if effort.rounds > 1 { effort.turn().max(OPEN_TURN) } else { effort.turn() };
            let load = load::open_loop(&target, traffic, effort.connections, *rate, length).await?;
            let at = |percentile: f64| load.latency.value_at_percentile(percentile);
            let percentiles = Percentiles {
                per_second: *rate,
                p50: at(50.0),
                p99: at(99.0),
                p999: at(99.9),
                curve: CURVE.map(|percentile| (percentile, at(percentile))).to_vec(),
                sent: load.sent,
                failed: load.failed,
                late: load.late,
            };
            let Percentiles { p50, p99, late, .. } = percentiles;
            say(format_args!(
                "latency {round}/{}: {} at {rate:.0}: p50 {p50} µs, p99 {p99} µs, {late} late",
                effort.rounds,
                system.title()
            ));
            rounds.push(percentiles);
        }
    }
    Ok(measured)
}
