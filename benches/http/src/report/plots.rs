//! The plots, as SVG.

mod bars;
mod lines;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub(crate) use self::lines::{Axis, Lines, Scale, draw as lines};
use crate::results::{Percentiles, Results, Spread, Turn};

/// Draws what was measured into `folder`; answers the files, each with what it shows.
///
/// # Errors
/// When one can't be written.
pub(super) fn draw(results: &Results, folder: &Path) -> Result<Vec<(PathBuf, &'static str)>> {
    let mut drawn = Vec::new();
    let throughput = bars_of(results);
    if !throughput.is_empty() {
        let file = folder.join("throughput.svg");
        bars::draw(&file, "Requests a second, closed loop, median of rounds", &throughput)?;
        drawn.push((file, "Throughput by scenario"));
    }
    for (name, title, lines) in [
        ("latency.svg", "Latency at half of each system's peak", latency(results)),
        ("queries.svg", "Database queries a second against traffic", demand(results)),
        ("hit-ratio.svg", "Hit ratio against the size of L1", hit_ratio(results)),
    ] {
        if let Some(lines) = lines {
            let file = folder.join(name);
            lines::draw(&file, title, &lines)?;
            drawn.push((file, title));
        }
    }
    Ok(drawn)
}

/// Groups of bars: a scenario, and each system's median.
fn bars_of(results: &Results) -> Vec<(String, Vec<(&'static str, f64)>)> {
    let scenes = crate::plan::TURNS.iter().filter_map(|turns| Some((turns.title, results.turns.get(turns.name)?)));
    scenes
        .map(|(title, measured)| {
            let median = |rounds: &Vec<Turn>| Spread::of_rounds(rounds, Turn::per_second).map(|spread| spread.median);
            let bars = measured.systems.iter().filter_map(|(system, rounds)| Some((system.title(), median(rounds)?)));
            (title.to_owned(), bars.collect())
        })
        .collect()
}

fn latency(results: &Results) -> Option<Lines> {
    let latency = results.latency.as_ref()?;
    let mut series = Vec::new();
    for (system, rounds) in &latency.own_half {
        let sound: Vec<&Percentiles> = rounds.iter().filter(|round| round.is_sound()).collect();
        let points = rounds.first()?.curve.iter().enumerate();
        let points = points.filter(|(_, (percentile, _))| sound.iter().all(|round| round.has(*percentile)));
        let points = points.filter_map(|(index, (percentile, _))| {
            let micros =
                Spread::of_rounds(&sound, |round| round.curve.get(index).map_or(f64::NAN, |(_, value)| *value as f64))?;
            Some((nines(*percentile), (micros.median / 1_000.0).max(0.01)))
        });
        series.push((system.title().to_owned(), points.collect()));
    }
    let x = Axis { title: "percentile", scale: Scale::Nines };
    Some(Lines { x, y: Axis { title: "ms from when due", scale: Scale::Log }, series })
}

/// How far a percentile is toward all, so that each further nine is a step: 90 is 1, 99 is 2.
fn nines(percentile: f64) -> f64 {
    -(1.0 - percentile / 100.0).log10()
}

fn demand(results: &Results) -> Option<Lines> {
    let demand = results.demand.as_ref()?;
    let series = demand.systems.iter().map(|(system, points)| {
        let points = points.iter().map(|(requests, queries)| (*requests, queries.max(0.1))).collect();
        (system.title().to_owned(), points)
    });
    let axis = |title| Axis { title, scale: Scale::Log };
    Some(Lines { x: axis("requests a second"), y: axis("queries a second"), series: series.collect() })
}

fn hit_ratio(results: &Results) -> Option<Lines> {
    let sizes = results.hit_ratio.as_ref()?;
    let axis = |title| Axis { title, scale: Scale::Linear };
    let points = |figure: fn(&crate::results::HitRatio) -> f64| {
        sizes.iter().map(|size| (size.held * 100.0, figure(size) * 100.0)).collect()
    };
    let series = vec![
        ("Larder's L1".to_owned(), points(|size| size.ratio)),
        ("the hottest ones, if known beforehand".to_owned(), points(|size| size.best)),
    ];
    Some(Lines { x: axis("products held by L1, % of those asked for"), y: axis("hits, %"), series })
}
