//! The table of what must be reached: each row asked, measured, and reached or not.

use crate::{
    plan::System::{
        self, ArticleTwoLevel, Bare, FarTwoLevel, FarUncached, L2, Middleware, Nginx, TunedPlain, TunedRedis,
        TunedTwoLevel, TwoLevel, Uncached,
    },
    results::{Measured, Percentiles, Results, Spread, Turn},
};

/// What a row asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// What a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Times,
    Percent,
    Millis,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) work: &'static str,
    /// None: no bound is asked, the figure explains the row above it.
    pub(crate) bound: Option<Bound>,
    pub(crate) unit: Unit,
    /// Median, least and most of the rounds; none if it was not measured.
    pub(crate) measured: Option<Spread>,
}

impl Bound {
    /// Whether `value` is on the right side.
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl Row {
    /// Whether the median reaches what is asked for; none if nothing is asked, or it was not measured.
    pub(crate) fn is_reached(&self) -> Option<bool> {
        Some(self.bound?.holds(self.measured?.median))
    }
}

/// All rows that are measured here, as the issue lists them.
pub(crate) fn all(results: &Results) -> Vec<Row> {
    let mut rows = hits(results);
    rows.extend(recipes(results));
    rows.extend(levels(results));
    rows.extend(rest(results));
    rows
}

fn at_least(work: &'static str, least: f64, measured: Option<Spread>) -> Row {
    Row { work, bound: Some(Bound::AtLeast(least)), unit: Unit::Times, measured }
}

/// What the row above it is in processor time of the server: it does not depend on whether the load generator is at its limit.
fn by_cpu(results: &Results, scene: &str, system: System, against: System) -> Row {
    // Less time is better, so the other one's is above the line.
    let measured =
        results.turns.get(scene).and_then(|turns| turns.ratio(against, system, Turn::server_micros_per_request));
    Row { work: "– by server CPU for each request", bound: None, unit: Unit::Times, measured }
}

/// Requests a second of one system over those of another, in one scene.
fn speed(results: &Results, scene: &str, system: System, against: System) -> Option<Spread> {
    results.turns.get(scene)?.ratio(system, against, Turn::per_second)
}

fn hits(results: &Results) -> Vec<Row> {
    let same = "the same, always one product";
    let limits = [
        (
            "L1-hit product against actix-web with the same middleware and headers, constant bytes",
            0.95,
            "zipf",
            Middleware,
        ),
        (same, 0.95, "one-key", Middleware),
        ("L1-hit product against bare actix-web, constant bytes", 0.75, "zipf", Bare),
        (same, 0.75, "one-key", Bare),
        ("L1-hit page of 20 against bare actix-web, the same bytes", 0.7, "page", Bare),
        ("batch of 100 L1 hits against bare actix-web, the same bytes", 0.5, "batch", Bare),
        ("L1-hit product against nginx with `proxy_cache`", 1.2, "zipf", Nginx),
        (same, 1.2, "one-key", Nginx),
    ];
    let rows = limits.into_iter().flat_map(|(work, least, scene, limit)| {
        [at_least(work, least, speed(results, scene, TwoLevel, limit)), by_cpu(results, scene, TwoLevel, limit)]
    });
    rows.collect()
}

fn recipes(results: &Results) -> Vec<Row> {
    // How many times as much processor time the recipe takes for a request.
    let cpu =
        results.turns.get("zipf").and_then(|zipf| zipf.ratio(TunedTwoLevel, TwoLevel, Turn::server_micros_per_request));
    vec![
        at_least(
            "two levels against the tuned FastAPI two-level recipe, zipf: requests a second",
            5.0,
            speed(results, "zipf", TwoLevel, TunedTwoLevel),
        ),
        at_least("the same: server CPU per request, the recipe's over ours", 7.0, cpu),
        at_least(
            "two levels against the recipe as the articles write it",
            15.0,
            speed(results, "zipf", TwoLevel, ArticleTwoLevel),
        ),
        at_least("Redis only against the tuned FastAPI Redis recipe", 5.0, speed(results, "zipf", L2, TunedRedis)),
        at_least("no cache against the tuned FastAPI without cache", 4.0, speed(results, "zipf", Uncached, TunedPlain)),
    ]
}

fn levels(results: &Results) -> Vec<Row> {
    let taken = results.steady.as_ref().and_then(queries_taken_away);
    vec![
        at_least(
            "two levels against no cache, database on the same machine",
            1.8,
            speed(results, "zipf", TwoLevel, Uncached),
        ),
        at_least(
            "the same with the database 2 ms away and a pool of 2 × cores + 1",
            20.0,
            speed(results, "far", FarTwoLevel, FarUncached),
        ),
        Row {
            unit: Unit::Percent,
            ..at_least("database queries taken away by two levels, zipf over 10,000, steady state", 99.5, taken)
        },
    ]
}

/// In percent of the queries for as many requests without a cache.
fn queries_taken_away(steady: &Measured<Turn>) -> Option<Spread> {
    let left = steady.ratio(TwoLevel, Uncached, |turn| turn.each(turn.queries))?;
    let taken = |left: f64| (1.0 - left) * 100.0;
    Some(Spread { median: taken(left.median), min: taken(left.max), max: taken(left.min) })
}

fn rest(results: &Results) -> Vec<Row> {
    let p99 = results.latency.as_ref().and_then(|latency| {
        let measured = Measured { effort: latency.effort, systems: latency.same_rate.clone() };
        measured.ratio_where(TwoLevel, Bare, Percentiles::is_sound, |percentiles| percentiles.p99 as f64)
    });
    let memory =
        results.memory.and_then(|memory| Spread::of(&[memory.resident_bytes as f64 / memory.body_bytes as f64]));
    let lost = results.redis_lost.as_deref();
    let at_most = |work, most, unit, measured| Row { work, bound: Some(Bound::AtMost(most)), unit, measured };
    vec![
        at_most("p99 at half of the peak rate, open loop, L1 hits, against bare actix-web", 1.3, Unit::Times, p99),
        at_most("RSS with 1,000,000 cached products against the bytes of their bodies", 1.6, Unit::Times, memory),
        at_most(
            "start to ready, embedded, warm file",
            300.0,
            Unit::Millis,
            results.start_millis.as_deref().and_then(Spread::of),
        ),
        at_least(
            "Redis lost under load: throughput against before, hot keys in L1",
            0.9,
            lost.and_then(|rounds| Spread::of_rounds(rounds, |round| round.after / round.before)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Effort;

    fn turn(requests: u64, queries: u64) -> Turn {
        Turn {
            requests,
            failed: 0,
            seconds: 1.0,
            server_micros: 10 * requests,
            database_micros: 0,
            redis_micros: 0,
            queries,
            commands: 0,
            resident_bytes: 0,
            generator_micros: 0,
        }
    }

    fn measured(systems: &[(System, Vec<Turn>)]) -> Measured<Turn> {
        let effort =
            Effort { rounds: 2, seconds: 1.0, run_in_seconds: 0.0, connections: 1, workers: 1, memory_products: 1 };
        Measured { effort, systems: systems.to_vec() }
    }

    #[test]
    fn what_was_not_measured_is_neither_reached_nor_missed() {
        let rows = all(&Results::default());
        assert_eq!(rows.len(), 28);
        assert!(rows.iter().all(|row| row.is_reached().is_none()));
    }

    #[test]
    fn a_row_is_judged_by_its_median() {
        let zipf = measured(&[(TwoLevel, vec![turn(90, 0), turn(70, 0)]), (Bare, vec![turn(100, 0), turn(100, 0)])]);
        let results = Results { turns: [("zipf".to_owned(), zipf)].into(), ..Results::default() };
        let row = all(&results).into_iter().find(|row| row.work.starts_with("L1-hit product against bare")).unwrap();
        let spread = row.measured.unwrap();
        assert!((spread.median - 0.8).abs() < 1e-9 && (spread.min - 0.7).abs() < 1e-9, "{spread:?}");
        assert_eq!(row.is_reached(), Some(true));
    }

    #[test]
    fn queries_taken_away_are_a_part_of_those_without_a_cache() {
        let steady = measured(&[(TwoLevel, vec![turn(1_000, 1)]), (Uncached, vec![turn(100, 100)])]);
        assert!((queries_taken_away(&steady).unwrap().median - 99.9).abs() < 1e-9);
    }
}
