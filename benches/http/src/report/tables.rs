//! Tables in Markdown.

use std::fmt::Write as _;

use crate::{
    plan::{Effort, MAX_LATE, System},
    results::{Latency, Measured, Percentiles, Results, Spread, Turn},
    rows::{Bound, Row, Unit},
};

/// Queries for each request that take PostgreSQL more than a clock tick in any turn.
const MANY_QUERIES: f64 = 0.005;

/// Asked, measured, reached or not.
pub(super) fn must_reach(rows: &[Row]) -> String {
    let mut text = String::from("| work | asked | measured | |\n|---|---|---|---|\n");
    for row in rows {
        let asked = match row.bound {
            Some(Bound::AtLeast(least)) => format!("≥ {}", exact(least, row.unit)),
            Some(Bound::AtMost(most)) => format!("≤ {}", exact(most, row.unit)),
            None => String::new(),
        };
        let measured = row.measured.map_or_else(|| "not measured".to_owned(), |spread| figure(row, spread));
        let verdict = match row.is_reached() {
            Some(true) => "reached",
            Some(false) => "**not reached**",
            None => "",
        };
        writeln!(text, "| {} | {asked} | {measured} | {verdict} |", row.work).unwrap_or_default();
    }
    text.push_str("| L1-hit path, allocations in the cache crate | 0 | 0, by the test `crates/cache/tests/allocations.rs` | reached |\n");
    text.replace("|  |", "| |")
}

/// What is judged is bold.
fn figure(row: &Row, spread: Spread) -> String {
    let figure = spread_of(spread, row.unit);
    if row.bound.is_some() { figure } else { figure.replace("**", "") }
}

fn exact(value: f64, unit: Unit) -> String {
    format!("{value}{}", suffix(unit))
}

fn spread_of(spread: Spread, unit: Unit) -> String {
    let decimals = match unit {
        Unit::Percent => 3,
        Unit::Millis => 1,
        Unit::Times => 2,
    };
    let suffix = suffix(unit);
    let Spread { median, min, max } = spread;
    format!("**{median:.decimals$}{suffix}** ({min:.decimals$}–{max:.decimals$})")
}

fn suffix(unit: Unit) -> &'static str {
    match unit {
        Unit::Times => "",
        Unit::Percent => " %",
        Unit::Millis => " ms",
    }
}

/// One closed loop: a line for each system, ratios first.
pub(super) fn turns(measured: &Measured<Turn>) -> String {
    let mut text = String::from(
        "| system | against two levels | requests a second | generator cores | server µs | database µs | Redis µs | queries | commands | RSS MiB | failed |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (system, rounds) in &measured.systems {
        let base = if measured.of(System::TwoLevel).is_some() { System::TwoLevel } else { System::FarTwoLevel };
        let ratio = measured.ratio(*system, base, Turn::per_second);
        let ratio = ratio.map_or_else(String::new, |spread| format!("{:.2}", spread.median));
        let Some(speed) = Spread::of_rounds(rounds, Turn::per_second) else { continue };
        let median =
            |figure: &dyn Fn(&Turn) -> f64| Spread::of_rounds(rounds, figure).map_or(0.0, |spread| spread.median);
        let failed: u64 = rounds.iter().map(|turn| turn.failed).sum();
        writeln!(
            text,
            "| {} | {ratio} | {} ({}–{}) | {:.2} | {:.1} | {} | {:.1} | {:.4} | {:.3} | {:.0} | {failed} |",
            system.title(),
            grouped(speed.median),
            grouped(speed.min),
            grouped(speed.max),
            median(&Turn::generator_cores),
            median(&Turn::server_micros_per_request),
            database_micros(rounds),
            median(&|turn| turn.each(turn.redis_micros)),
            median(&|turn| turn.each(turn.queries)),
            median(&|turn| turn.each(turn.commands)),
            median(&|turn| turn.resident_bytes as f64 / f64::from(1 << 20)),
        )
        .unwrap_or_default();
    }
    let Effort { rounds, run_in_seconds, .. } = measured.effort;
    writeln!(
        text,
        "\n{rounds} rounds; turns of {} s after {run_in_seconds} s of run-in or more. µs of processor time, queries and Redis commands are for each request.",
        lengths(measured)
    )
    .unwrap_or_default();
    text
}

/// For each request. `–` if there were queries and the processes that served them have gone: nobody knows their time.
fn database_micros(rounds: &[Turn]) -> String {
    let is_lost = |turn: &Turn| turn.database_micros == 0 && turn.each(turn.queries) > MANY_QUERIES;
    let median = Spread::of_rounds(rounds, |turn| turn.each(turn.database_micros));
    match median {
        Some(spread) if !rounds.iter().any(is_lost) => format!("{:.1}", spread.median),
        _ => "–".to_owned(),
    }
}

/// How long turns were, in whole seconds: `3`, or `3 to 46` if they differ.
fn lengths(measured: &Measured<Turn>) -> String {
    let all: Vec<f64> = measured.systems.iter().flat_map(|(_, rounds)| rounds).map(|turn| turn.seconds).collect();
    let Some(Spread { min, max, .. }) = Spread::of(&all) else { return "no".to_owned() };
    let (least, most) = (format!("{min:.0}"), format!("{max:.0}"));
    if least == most { least } else { format!("{least} to {most}") }
}

/// The open loops.
pub(super) fn latency(results: &Results) -> String {
    let Some(latency) = &results.latency else { return String::new() };
    let mut text = String::from("\n## Latency at half of the peak of L1 hits\n\n");
    text.push_str(&percentiles(latency, &latency.same_rate));
    text.push_str("\n## Latency of each at half of its own peak\n\n");
    text.push_str(&percentiles(latency, &latency.own_half));
    writeln!(
        text,
        "\nOnly rounds count in which the driver sent at most {} % of the requests late; `–`: there was none, or too few requests for that percentile.",
        MAX_LATE * 100.0
    )
    .unwrap_or_default();
    text
}

fn percentiles(latency: &Latency, systems: &[(System, Vec<Percentiles>)]) -> String {
    let mut text = String::from(
        "| system | requests a second | of its peak | p50 ms | p99 ms | p99.9 ms | failed | rounds | sent late by the driver |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for (system, rounds) in systems {
        let sound: Vec<&Percentiles> = rounds.iter().filter(|round| round.is_sound()).collect();
        let millis = |percentile: f64, figure: fn(&Percentiles) -> u64| {
            let shown: Vec<f64> = sound
                .iter()
                .filter(|round| round.has(percentile))
                .map(|round| figure(round) as f64 / 1_000.0)
                .collect();
            Spread::of(&shown).map_or_else(
                || "–".to_owned(),
                |spread| format!("{:.2} ({:.2}–{:.2})", spread.median, spread.min, spread.max),
            )
        };
        let sum = |figure: fn(&Percentiles) -> u64| rounds.iter().map(figure).sum::<u64>();
        let late = sum(|round| round.late) as f64 / sum(|round| round.sent).max(1) as f64 * 100.0;
        let rate = rounds.first().map_or(0.0, |round| round.per_second);
        let peak = latency.peaks.iter().find(|(other, _)| other == system);
        let part = peak.map_or_else(String::new, |(_, peak)| format!("{:.0} %", rate / peak * 100.0));
        writeln!(
            text,
            "| {} | {} | {part} | {} | {} | {} | {} | {} of {} | {late:.2} % |",
            system.title(),
            grouped(rate),
            millis(50.0, |round| round.p50),
            millis(99.0, |round| round.p99),
            millis(99.9, |round| round.p999),
            sum(|round| round.failed),
            sound.len(),
            rounds.len(),
        )
        .unwrap_or_default();
    }
    text
}

/// Queries a second at rates that grow, with the part that is taken away.
pub(super) fn demand(results: &Results) -> String {
    let Some(demand) = &results.demand else { return String::new() };
    let mut text = String::from(
        "\n## Database queries as traffic grows\n\n| system | requests a second | queries a second | answered without one |\n|---|---|---|---|\n",
    );
    for (system, points) in &demand.systems {
        for (requests, queries) in points {
            let without = (1.0 - queries / requests).max(0.0) * 100.0;
            let (requests, queries) = (grouped(*requests), grouped(*queries));
            writeln!(text, "| {} | {requests} | {queries} | {without:.1} % |", system.title()).unwrap_or_default();
        }
    }
    text
}

/// Steady state, loss of Redis, memory.
pub(super) fn rest(results: &Results) -> String {
    let mut text = String::new();
    if let Some(steady) = &results.steady {
        text.push_str("\n## Steady state\n\nLong turns: each has at least one drain of counted views into the database, which changes what is cached.\n\n");
        text.push_str(&turns(steady));
    }
    if let Some(rounds) = &results.redis_lost {
        text.push_str("\n## Redis killed under load\n\nEach round has a new node.\n\n| round | before, requests a second | after | once Redis is back | failed |\n|---|---|---|---|---|\n");
        for (index, round) in rounds.iter().enumerate() {
            let [before, after, back] = [round.before, round.after, round.back].map(grouped);
            writeln!(text, "| {} | {before} | {after} | {back} | {} |", index + 1, round.failed).unwrap_or_default();
        }
    }
    if let Some(memory) = &results.memory {
        let mebibytes = |bytes: u64| grouped(bytes as f64 / f64::from(1 << 20));
        text.push_str(
            "\n## Memory\n\n| products in L1 | bodies MiB | RSS MiB | RSS of the empty node MiB |\n|---|---|---|---|\n",
        );
        let (bodies, empty) = (mebibytes(memory.body_bytes), mebibytes(memory.empty_resident_bytes));
        let products = grouped(memory.products as f64);
        writeln!(text, "| {products} | {bodies} | {} | {empty} |", mebibytes(memory.resident_bytes))
            .unwrap_or_default();
    }
    text
}

/// A whole number with commas.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// With a capital in front.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_processes_that_have_gone_is_not_told() {
        let turn = Turn {
            requests: 1_000,
            failed: 0,
            seconds: 1.0,
            server_micros: 0,
            database_micros: 40_000,
            redis_micros: 0,
            queries: 1_000,
            commands: 0,
            resident_bytes: 0,
            generator_micros: 0,
        };
        let gone = Turn { database_micros: 0, ..turn };
        let idle = Turn { queries: 0, ..gone };
        let told = [vec![turn], vec![turn, gone], vec![idle]].map(|rounds| database_micros(&rounds));
        assert_eq!(told, ["40.0", "–", "0.0"]);
    }

    #[test]
    fn thousands_have_commas() {
        assert_eq!(
            (grouped(0.4), grouped(999.0), grouped(1_234_567.0)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
    }
}
