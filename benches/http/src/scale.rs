//! What a request costs as the work grows, and what that means for many more requests: `cargo x bench scale`.

mod axes;
mod costs;
mod counts;
mod figures;
mod made;
mod model;
mod page;
mod report;
mod step;

use std::{
    num::NonZero,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::ValueEnum as _;

use self::{
    figures::{Axis, Figures},
    made::Made,
};
use crate::{
    place::Place,
    scenes::say,
    systems::{Larder, Stage},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The larder program, a release.
    #[arg(long, value_name = "PROGRAM")]
    larder: PathBuf,
    /// Seconds of one turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Turns of one second: shows that everything runs, and measures nothing.
    #[arg(long, conflicts_with = "seconds")]
    quick: bool,
    /// Only these; the others keep the figures that they have.
    #[arg(long, value_enum, value_name = "AXIS", value_delimiter = ',')]
    only: Vec<Axis>,
    /// Writes the pages from what was measured before; without that, the tables of the model from the inputs that stand in their page.
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    report_only: bool,
    /// The folder with the file of a million products, if there is one.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench-http")]
    results: PathBuf,
    /// The folder of SCALE.md, of its plot, and of the figures that both are made from.
    #[arg(long, value_name = "FOLDER", default_value = "benches")]
    report: PathBuf,
    /// The page whose tables of the model are made anew.
    #[arg(long, value_name = "FILE", default_value = "docs/scaling.md")]
    page: PathBuf,
}

/// What all axes need.
#[derive(Debug)]
struct Bench {
    stage: Stage,
    /// Of one turn.
    turn: Duration,
    /// Where prepared products are.
    folder: PathBuf,
}

/// Measures, and writes the pages.
///
/// # Errors
/// When something does not start, does not answer, or cannot be written.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let file = if options.quick {
        options.results.join("scale-quick.json")
    } else {
        options.report.join(report::FOLDER).join("scale.json")
    };
    let figures = if options.report_only { Figures::read(&file)? } else { measure(options, &file).await? };
    if options.quick {
        return Ok(());
    }
    let missing = figures.missing();
    if missing.is_empty() {
        report::write(&figures, &options.report)?;
    } else {
        say(format_args!("SCALE.md stays as it is: no figures of {missing:?} in {}", file.display()));
    }
    page::renew(&figures, &options.page)
}

/// Measures; what each axis gave is kept at once. Answers all figures, those of before as well.
async fn measure(options: &Options, file: &Path) -> Result<Figures> {
    let _place = Place::take(&options.results)?;
    let mut figures = Figures::read(file)?;
    let program = options.larder.canonicalize().context("find the larder program")?;
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let stage = Stage::open(Larder { program, workers }).await?;
    let seconds = if options.quick { 1 } else { options.seconds };
    let made = Made::now(&stage, seconds).await?;
    let mut bench = Bench { stage, turn: Duration::from_secs(u64::from(seconds)), folder: options.results.clone() };
    let chosen = if options.only.is_empty() { Axis::value_variants() } else { options.only.as_slice() };
    for &axis in chosen {
        eprintln!("axis {axis:?}");
        Box::pin(play(axis, &mut bench, &mut figures)).await.with_context(|| format!("axis {axis:?}"))?;
        figures.made.insert(axis, made.clone());
        figures.write(file)?;
    }
    Ok(figures)
}

async fn play(axis: Axis, bench: &mut Bench, figures: &mut Figures) -> Result<()> {
    let series = match axis {
        Axis::Products => axes::products(bench).await?,
        Axis::L1 => axes::l1(bench).await?,
        Axis::Connections => axes::connections(bench).await?,
        Axis::Values => axes::values(bench).await?,
        Axis::Nodes => {
            let (series, writes) = axes::nodes(bench).await?;
            figures.writes = writes;
            series
        }
        Axis::Costs => {
            figures.costs = Some(costs::measure(bench).await?);
            return Ok(());
        }
    };
    figures.axes.insert(axis, series);
    Ok(())
}
