//! What the articles publish, beside what was measured here.

use std::fmt::Write as _;

use super::tables::grouped;
use crate::{
    plan::System,
    results::{Percentiles, Results, Spread, Turn},
};

/// Requests a second that one article gives for no cache, Redis and two levels.
const REQUESTS: [f64; 3] = [45.0, 980.0, 2_200.0];

/// Milliseconds that it gives for a request.
const MILLIS: [f64; 3] = [320.0, 28.0, 8.0];

/// Database queries a second that it gives.
const QUERIES: [f64; 3] = [45.0, 12.0, 5.0];

/// Three kinds of systems, each without a cache, with Redis, with two levels.
const KINDS: [(&str, [System; 3]); 3] = [
    ("Larder", [System::Uncached, System::L2, System::TwoLevel]),
    ("FastAPI tuned", [System::TunedPlain, System::TunedRedis, System::TunedTwoLevel]),
    ("FastAPI as in articles", [System::ArticlePlain, System::ArticleRedis, System::ArticleTwoLevel]),
];

/// A figure of no cache, Redis and two levels, as far as it is known.
type Figures = [Option<f64>; 3];

/// The three figures of the article, each beside ours; ratios count, as its machine is not ours.
pub(super) fn table(results: &Results) -> String {
    let mut text = String::from(
        "| | no cache | Redis | two levels | Redis to none | two levels to none |\n|---|---|---|---|---|---|\n",
    );
    line(&mut text, "requests a second, as published", REQUESTS.map(Some), grouped);
    for (name, systems) in KINDS {
        line(&mut text, name, systems.map(|system| turns(results, system, Turn::per_second)), grouped);
    }
    line(&mut text, "ms, as published", MILLIS.map(Some), decimal);
    for (name, systems) in KINDS {
        line(&mut text, name, systems.map(|system| latency(results, system)), decimal);
    }
    let published = [0, 1, 2].map(|level| Some(QUERIES[level] / REQUESTS[level] * 1_000.0));
    line(&mut text, "queries for 1,000 requests, as published", published, decimal);
    for (name, systems) in KINDS {
        let queries = |turn: &Turn| turn.each(turn.queries) * 1_000.0;
        line(&mut text, name, systems.map(|system| turns(results, system, queries)), decimal);
    }
    text.push_str(
        "\nOurs: peak of the closed loop, zipf; p50 of the open loop at half of the peak. Another article gives 98 against 1,000 requests a\n\
         second, and a p95 of 1,200 against 95 ms. On what machines and under what load, they do not say.\n",
    );
    text
}

fn turns(results: &Results, system: System, figure: impl Fn(&Turn) -> f64) -> Option<f64> {
    let rounds = results.turns.get("zipf")?.of(system)?;
    Spread::of_rounds(rounds, figure).map(|spread| spread.median)
}

fn latency(results: &Results, system: System) -> Option<f64> {
    let (_, rounds) = results.latency.as_ref()?.own_half.iter().find(|(other, _)| *other == system)?;
    let millis = |round: &Percentiles| round.p50 as f64 / 1_000.0;
    Spread::of_rounds(rounds, millis).map(|spread| spread.median)
}

fn decimal(value: f64) -> String {
    format!("{value:.2}")
}

fn line(text: &mut String, name: &str, figures: Figures, shown: fn(f64) -> String) {
    let times = |value: Option<f64>| {
        let (value, base) = value.zip(figures[0])?;
        Some(format!("{:.3}", value / base))
    };
    let [none, redis, both] = figures.map(|figure| figure.map(shown).unwrap_or_default());
    let [to_redis, to_both] = [times(figures[1]), times(figures[2])].map(Option::unwrap_or_default);
    writeln!(text, "| {name} | {none} | {redis} | {both} | {to_redis} | {to_both} |").unwrap_or_default();
}
