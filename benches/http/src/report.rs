//! `REPORT.md` and its plots, made from the results and nothing else.

mod articles;
mod excerpt;
mod plots;
mod provenance;
mod tables;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    kept,
    plan::{PRODUCTS, ZIPF_EXPONENT},
    results::Results,
    rows,
};

pub(crate) use self::{
    excerpt::excerpt,
    plots::{Axis, Lines, Scale, lines},
    tables::{capitalized, grouped},
};

/// The folder of the plots, beside the report.
const PLOTS: &str = "report";

/// The copy of the raw results, beside the plots of the report in `folder`.
pub(crate) fn raw(folder: &Path) -> PathBuf {
    folder.join(PLOTS).join("results.json")
}

/// Writes the report, its plots and the raw results into `folder`.
///
/// # Errors
/// When they can't be written.
pub(crate) fn write(results: &Results, folder: &Path) -> Result<()> {
    let plots = folder.join(PLOTS);
    fs::create_dir_all(&plots).with_context(|| format!("make {}", plots.display()))?;
    kept::write(&raw(folder), results)?;
    let drawn = plots::draw(results, &plots)?;
    let file = folder.join("REPORT.md");
    fs::write(&file, text(results, &drawn)).with_context(|| format!("write {}", file.display()))
}

/// The whole text; `drawn` are the plots that there are, with what they show.
fn text(results: &Results, drawn: &[(PathBuf, &'static str)]) -> String {
    let mut text = String::from("# Larder over HTTP\n\n");
    text.push_str(
        "Made by `cargo x bench http`; edit nothing here. Ratios are taken within one round, in which the systems have their turns in one order; the\n\
         figure is the median of the rounds, least and most stand behind it. Load generator, servers, PostgreSQL and Redis share the\n\
         cores of one machine: absolute figures are for comparing, not for planning.\n\n",
    );
    text.push_str(&settings(results));
    text.push_str(&provenance::several_runs(results));
    text.push_str(&provenance::not_measured(results));
    text.push_str("\n## Must reach\n\n");
    text.push_str(&tables::must_reach(&rows::all(results)));
    for (path, title) in drawn {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Writing to a string cannot fail.
        write!(text, "\n![{title}]({PLOTS}/{name})\n").unwrap_or_default();
    }
    text.push_str("\n## Beside the figures of the articles\n\n");
    text.push_str(&articles::table(results));
    text.push_str(&excerpt(results));
    text.push_str(&notes());
    text
}

fn settings(results: &Results) -> String {
    let mut text = String::from("| | |\n|---|---|\n");
    text.push_str(&provenance::facts(results));
    let mut line = |name: &str, value: &str| writeln!(text, "| {name} | {value} |").unwrap_or_default();
    line("products", &tables::grouped(f64::from(PRODUCTS)));
    line("zipf exponent", &ZIPF_EXPONENT.to_string());
    if let Some(millis) = results.far_round_trip_millis {
        line("round trip to the far database", &format!("{millis:.2} ms"));
    }
    if let Some(micros) = results.idle_micros_per_second {
        line("idle systems of the last scene together", &format!("{:.2} % of a core", micros / 10_000.0));
    }
    text
}

fn notes() -> String {
    "\n## How to read it\n\n\
     - Larder runs as it comes: default configuration but for `cache.levels`, addresses and the admin token. Views are counted, rate limits are off.\n\
       In short turns the counted views are not added to the database: that would fall into the turn of another system. The steady state and the\n\
       queries against traffic have it, as it comes, each 45 seconds.\n\
     - wrk has one thread for two cores. Where it uses a whole core (`generator cores` near 1), requests a second say what it could ask, and\n\
       ratios between fast systems lie nearer to 1 than those of the processor time that their servers take. Both are in the table.\n\
     - Server CPU is user and system time of the processes that serve, with all children; for nginx that of the uncached Larder behind it as well.\n\
       PostgreSQL (the processes that serve the connections of the system; `–` where these come and go) and Redis stand apart. Time of the load generator is in none of them.\n\
     - Queries are statements that clients had PostgreSQL execute for that system (`pg_stat_statements`, without `BEGIN` and its like), background work\n\
       included. Commands are those that the system's own Redis executed, those within scripts included.\n\
     - RSS is the sum over the processes; what they share counts for each.\n\
     - The peak is from a closed loop (wrk). Latency is from an open loop: requests are due at a fixed rate, and count from when they were due.\n\
       The driver runs before the servers where it may (as root). Rounds in which it was late nevertheless do not count.\n\
     - The ceilings answer the bytes that Larder answers, from a constant. The bare one sends `content-type` and what actix-web adds; the other\n\
       one stands inside Larder's middleware and sends headers of the same names, which is checked at the start.\n\
     - PostgreSQL runs with `fsync`, `synchronous_commit` and `full_page_writes` off: no write waits for a disk, whoever makes it.\n\
     - Each system has a copy of the same filled database, on one PostgreSQL, and a Redis of its own if it uses one. All demo products are\n\
       published for this, so that nobody answers 404. The recipes' copies have none of Larder's\n\
       triggers. At the start a recipe has to answer what Larder answers, for eight products.\n\
     - The two processes of a recipe take connections from one socket, and in some rounds one of them gets most: least and most show it.\n"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Effort, System},
        results::{Machine, Measured, Run, Turn},
    };

    fn turn(requests: u64) -> Turn {
        Turn {
            requests,
            failed: 0,
            seconds: 2.0,
            server_micros: requests * 20,
            database_micros: requests / 10,
            redis_micros: 0,
            queries: requests / 100,
            commands: 0,
            resident_bytes: 32 << 20,
            generator_micros: 1_000_000,
        }
    }

    fn results() -> Results {
        let effort =
            Effort { rounds: 2, seconds: 2.0, run_in_seconds: 1.0, connections: 64, workers: 2, memory_products: 1 };
        let systems = vec![
            (System::TwoLevel, vec![turn(90_000), turn(80_000)]),
            (System::Bare, vec![turn(100_000), turn(100_000)]),
        ];
        let facts = vec![("kernel".to_owned(), "6.1".to_owned())];
        Results {
            runs: [("zipf".to_owned(), Run { began_unix_seconds: 1, machine: Machine { facts }, effort })].into(),
            turns: [("zipf".to_owned(), Measured { effort, systems })].into(),
            ..Results::default()
        }
    }

    #[test]
    fn a_report_names_ratios_before_figures() {
        let text = text(&results(), &[(PathBuf::from("/x/throughput.svg"), "Throughput")]);
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
        assert_eq!(
            line("| L1-hit product against bare"),
            "| L1-hit product against bare actix-web, constant bytes | ≥ 0.75 | **0.85** (0.80–0.90) | reached |"
        );
        assert!(line("| two levels against no cache").ends_with("| not measured | |"));
        assert_eq!(
            line("| Larder, two levels"),
            "| Larder, two levels | 1.00 | 42,500 (40,000–45,000) | 0.50 | 20.0 | 0.1 | 0.0 | 0.0100 | 0.000 | 32 | 0 |"
        );
        assert!(text.contains("![Throughput](report/throughput.svg)"));
        assert!(text.contains("| kernel | 6.1 |\n| workers of each server | 2 |\n| connections | 64 |\n"), "{text}");
        assert!(text.contains("- in `zipf`: ") && text.contains("- the scene `memory`"), "{text}");
    }

    #[test]
    fn a_report_is_written_with_its_plots() {
        let folder = tempfile::tempdir().unwrap();
        write(&results(), folder.path()).unwrap();
        let plot = fs::read_to_string(folder.path().join("report/throughput.svg")).unwrap();
        assert!(plot.contains("<svg") && plot.contains("Larder, two levels"));
        assert!(fs::read_to_string(folder.path().join("REPORT.md")).unwrap().contains("report/throughput.svg"));
        assert_eq!(kept::read(&[&raw(folder.path())]).unwrap(), Some(results()), "the raw results stand beside it");
    }
}
