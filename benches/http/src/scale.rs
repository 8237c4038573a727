//! What a request costs as the work grows, and what that means for many more requests: `cargo x bench scale`.

mod axes;
mod costs;
mod counts;
mod figures;
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

use anyhow::{Context, Result, ensure};
use clap::ValueEnum as _;

use self::figures::{Axis, Figures};
use crate::{
    machine::facts,
    place::Place,
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
    /// Writes the pages from what was measured before.
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    report_only: bool,
    /// The folder with the raw results, and with the file of a million products, if there is one.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench-http")]
    results: PathBuf,
    /// The folder of SCALE.md.
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
    let file = options.results.join(if options.quick { "scale-quick.json" } else { "scale.json" });
    let mut figures = Figures::read(&file)?;
    if !options.report_only {
        measure(options, &mut figures, &file).await?;
    }
    ensure!(figures != Figures::default(), "nothing was measured yet: {} is not there", file.display());
    if options.quick {
        return Ok(());
    }
    report::write(&figures, &options.report)?;
    page::renew(&figures, &options.page)
}

async fn measure(options: &Options, figures: &mut Figures, file: &Path) -> Result<()> {
    let _place = Place::take(&options.results)?;
    let program = options.larder.canonicalize().context("find the larder program")?;
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let stage = Stage::open(Larder { program, workers }).await?;
    figures.machine = facts(&stage).await?;
    let seconds = if options.quick { 1 } else { options.seconds };
    let mut bench = Bench { stage, turn: Duration::from_secs(u64::from(seconds)), folder: options.results.clone() };
    let chosen = if options.only.is_empty() { Axis::value_variants() } else { options.only.as_slice() };
    for &axis in chosen {
        eprintln!("axis {axis:?}");
        Box::pin(play(axis, &mut bench, figures)).await.with_context(|| format!("axis {axis:?}"))?;
        figures.write(file)?;
    }
    Ok(())
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
