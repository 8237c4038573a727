//! SCALE.md and its plot, made from the figures and nothing else.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};

use super::{
    figures::{Axis, Figures, Series, Step, Writes},
    made::Made,
    model::Popularity,
};
use crate::{
    plan::{PRODUCTS, ZIPF_EXPONENT},
    report::{self, Axis as Across, Lines, Scale, grouped},
};

/// The folder of the plot and of the figures, beside the page.
pub(super) const FOLDER: &str = "report";

/// Writes `SCALE.md` and its plot into `folder`.
///
/// # Errors
/// When they can't be written.
pub(super) fn write(figures: &Figures, folder: &Path) -> Result<()> {
    let plots = folder.join(FOLDER);
    fs::create_dir_all(&plots).with_context(|| format!("make {}", plots.display()))?;
    let title = "Server time of a request against the first step";
    report::lines(&plots.join("scale.svg"), title, &lines(figures))?;
    let file = folder.join("SCALE.md");
    fs::write(&file, text(figures)).with_context(|| format!("write {}", file.display()))
}

/// What is said before all.
const ABOUT: &str = "Made by `cargo x bench scale`; edit nothing here. Ratios are against the first step of the same run. Views are off, so that no turn \
     has their addition to the database in it; what they cost is in [docs/scaling.md](../docs/scaling.md), and so is why the curves bend. PostgreSQL \
     runs with `fsync`, `synchronous_commit` and `full_page_writes` off, as it lives for one run: reads are the same, but no write waits for a \
     disk, and each costs PostgreSQL less than where data have to survive a crash.";

/// What is said of an axis: its heading, and how it was measured.
fn about(axis: Axis) -> (&'static str, &'static str) {
    match axis {
        Axis::Products => (
            "Products",
            "Embedded (SQLite), as only there a million products are prepared in a file; the last step is left out where that file is not there. \
             Some demo products are not published: their 404s count as failed and not as requests, but their processor time is in, some 2 %. \
             L1 is filled by 4 s of the same traffic before, so with many products it is still filling.",
        ),
        Axis::L1 => (
            "Part of the products in L1",
            "10,000 products in PostgreSQL, no Redis. Each product was read once and 4 s of other traffic ran before.",
        ),
        Axis::Nodes => (
            "Nodes",
            "All nodes, clients, PostgreSQL and Redis share the same cores: with more nodes there are not more cores. What counts is that a \
             request does not cost more, and what nodes cost each other. Each node is asked by a generator of its own, so generators double and \
             triple as well: requests/s say nothing of nodes here. Connections are shared evenly, so three nodes have one less.",
        ),
        Axis::Connections => (
            "Connections",
            "Closed loop, one request at a time on each. Beside it actix-web answering constant bytes over as many connections.",
        ),
        Axis::Values => (
            "Bytes of a product",
            "The length of the description grows. The domain allows 10,000 characters; that rule was lifted in the database for the last two steps.",
        ),
        Axis::Costs => ("Costs", ""),
    }
}

fn text(figures: &Figures) -> String {
    let mut text = format!("# As the work grows\n\n{ABOUT}\n\n| | |\n|---|---|\n");
    let first = figures.made.values().next();
    for (name, value) in first.map(Made::facts).unwrap_or_default() {
        writeln!(text, "| {name} | {value} |").unwrap_or_default();
    }
    text.push_str(&apart(figures));
    writeln!(text, "\n![Server time of a request against the first step]({FOLDER}/scale.svg)").unwrap_or_default();
    for (axis, series) in &figures.axes {
        let (heading, how) = about(*axis);
        write!(text, "\n## {heading}\n\n{how}\n").unwrap_or_default();
        for one in series {
            write!(text, "\n{}:\n\n{}", report::capitalized(&one.name), table(one)).unwrap_or_default();
        }
        match axis {
            Axis::L1 => text.push_str(&curves(series)),
            Axis::Nodes => text.push_str(&writes(&figures.writes)),
            _ => {}
        }
    }
    text
}

/// The axes that were not measured as the first one.
fn apart(figures: &Figures) -> String {
    let mut text = String::new();
    let Some(first) = figures.made.values().next() else { return text };
    for (axis, made) in &figures.made {
        let differs: Vec<String> = made.beside(first).iter().map(|(name, value)| format!("{name} {value}")).collect();
        if !differs.is_empty() {
            write!(text, "\n{} apart from the first table: {}.\n", about(*axis).0, differs.join("; "))
                .unwrap_or_default();
        }
    }
    text
}

fn table(series: &Series) -> String {
    let mut text = String::from(
        "| step | server µs | against the first | requests/s | against the first | user µs | system µs | PostgreSQL µs | Redis µs | queries \
         | commands | L1 hits | sleeps | faults | bytes | RSS MiB | failed |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let Some(first) = series.steps.first() else { return text };
    for step in &series.steps {
        let turn = &step.turn;
        let (each, rate) = (turn.server_micros_per_request(), turn.per_second());
        let hits = step.hit_ratio().map_or_else(|| "–".to_owned(), |ratio| format!("{:.2} %", ratio * 100.0));
        let per_request = |count: u64| turn.each(count);
        writeln!(
            text,
            "| {} | {each:.1} | {:.2} | {} | {:.2} | {:.1} | {:.1} | {:.1} | {:.1} | {:.4} | {:.3} | {hits} | {:.3} | {:.3} | {} | {} | {} |",
            step.step,
            each / first.turn.server_micros_per_request(),
            grouped(rate),
            rate / first.turn.per_second(),
            per_request(step.counts.user_micros),
            per_request(step.counts.system_micros),
            per_request(turn.database_micros),
            per_request(turn.redis_micros),
            per_request(turn.queries),
            per_request(turn.commands),
            per_request(step.counts.sleeps),
            per_request(step.counts.minor_faults),
            grouped(per_request(step.bytes)),
            turn.resident_bytes >> 20,
            turn.failed,
        )
        .unwrap_or_default();
    }
    text
}

/// Hits beside those that theory has for as many entries.
fn curves(series: &[Series]) -> String {
    let popularity = Popularity::zipf(u64::from(PRODUCTS), ZIPF_EXPONENT);
    let mut text = String::from(
        "\nHits beside theory: a least-recently-used cache of as many entries by Che's approximation, and one that knew the hottest beforehand:\n\n\
         | L1 | products held | hits | LRU (Che) | the hottest | of the way from LRU to the hottest |\n|---|---|---|---|---|---|\n",
    );
    for step in series.iter().flat_map(|series| &series.steps) {
        let held = step.held as f64;
        let (lru, best) = (popularity.lru_hits(held), popularity.best_hits(held));
        let hits = step.hit_ratio().unwrap_or_default();
        let way = if best - lru < 0.001 { "–".to_owned() } else { format!("{:.2}", (hits - lru) / (best - lru)) };
        writeln!(
            text,
            "| {} | {} | {:.2} % | {:.2} % | {:.2} % | {way} |",
            step.step,
            grouped(held),
            hits * 100.0,
            lru * 100.0,
            best * 100.0
        )
        .unwrap_or_default();
    }
    text
}

fn writes(writes: &[Writes]) -> String {
    let rate = writes.first().map_or(0.0, |write| write.per_second);
    let mut text = format!(
        "\nWrites on the first node, {rate:.0} a second, nothing else going on; what the nodes cost idle is taken off, and stands behind:\n\n\
         | nodes | writer µs | each other node µs | PostgreSQL µs | Redis µs | queries | commands | idle, all nodes: server µs/s | PostgreSQL µs/s | Redis µs/s | queries/s | commands/s | failed |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for write in writes {
        let others = write.nodes.saturating_sub(1);
        let other = if others == 0 { "–".to_owned() } else { format!("{:.1}", write.others_micros / others as f64) };
        let idle = write.idle;
        writeln!(
            text,
            "| {} | {:.1} | {other} | {:.1} | {:.1} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {} |",
            write.nodes,
            write.writer_micros,
            write.database_micros,
            write.redis_micros,
            write.queries,
            write.commands,
            idle.server_micros,
            idle.database_micros,
            idle.redis_micros,
            idle.queries,
            idle.commands,
            write.failed,
        )
        .unwrap_or_default();
    }
    text
}

/// One line for each series: steps from left to right, whatever they are.
fn lines(figures: &Figures) -> Lines {
    let cost = |step: &Step| step.turn.server_micros_per_request();
    let mut series = Vec::new();
    for (axis, all) in &figures.axes {
        for one in all {
            let Some(first) = one.steps.first() else { continue };
            let points = one.steps.iter().enumerate();
            let points = points.map(|(at, step)| (at as f64, cost(step) / cost(first))).collect();
            series.push((format!("{}: {}", about(*axis).0, one.name), points));
        }
    }
    let axis = |title| Across { title, scale: Scale::Linear };
    Lines { x: axis("step"), y: axis("times the first step"), series }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::{results::Turn, scale::counts::Counts};

    fn step(requests: u64, server_micros: u64, hits: u64) -> Step {
        let turn = Turn {
            requests,
            failed: 0,
            seconds: 1.0,
            server_micros,
            database_micros: 0,
            redis_micros: 0,
            queries: 0,
            commands: 0,
            resident_bytes: 5 << 20,
            generator_micros: 0,
        };
        let counts = Counts::default();
        Step { step: "10 %".to_owned(), turn, bytes: requests * 100, counts, hits, misses: 1_000 - hits, held: 1_000 }
    }

    const PAGE: &str = include_str!("../../../SCALE.md");

    #[test]
    fn the_page_says_how_it_was_measured() {
        assert!(PAGE.contains(ABOUT));
        for axis in Axis::value_variants().iter().filter(|axis| **axis != Axis::Costs) {
            let (heading, how) = about(*axis);
            assert!(PAGE.contains(&format!("\n## {heading}\n\n{how}\n")), "{heading}: {how}");
        }
    }

    #[test]
    fn an_axis_that_was_measured_apart_says_so() {
        let made = |commit: &str| {
            serde_json::from_value::<Made>(
                serde_json::json!({"machine": {"facts": [["kernel", "6.1"]]}, "commit": commit, "seconds": 3}),
            )
        };
        let all = [(Axis::Products, "a"), (Axis::L1, "a"), (Axis::Nodes, "b")];
        let made = all.map(|(axis, commit)| (axis, made(commit).unwrap())).into();
        let text = text(&Figures { made, ..Figures::default() });
        assert!(text.contains("| kernel | 6.1 |\n| commit | a |\n| seconds of a turn | 3 |\n"), "{text}");
        assert!(text.contains("\nNodes apart from the first table: commit b.\n"), "{text}");
        assert!(!text.contains("Part of the products in L1 apart"));
    }

    #[test]
    fn ratios_are_against_the_first_step() {
        let steps = vec![step(1_000, 10_000, 700), step(500, 10_000, 730)];
        let figures = Figures {
            axes: [(Axis::L1, vec![Series { name: "one product".to_owned(), steps }])].into(),
            ..Figures::default()
        };
        let text = text(&figures);
        assert!(text.contains("| 10 % | 20.0 | 2.00 | 500 | 0.50 |"), "{text}");
        assert!(text.contains("| 10 % | 1,000 | 73.00 % |"), "{text}");
        assert_eq!(lines(&figures).series[0].1, [(0.0, 1.0), (1.0, 2.0)]);
    }
}
