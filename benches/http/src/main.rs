#![doc = include_str!("../README.md")]

mod ceiling;
mod load;
mod machine;
mod meters;
mod peers;
mod plan;
mod proc;
mod report;
mod results;
mod rows;
mod scale;
mod scenes;
mod systems;

use std::{num::NonZero, path::PathBuf, process::ExitCode, thread};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::runtime::Runtime;

use crate::{
    machine::facts,
    plan::{CONNECTIONS, Effort, MEMORY_PRODUCTS, MEMORY_PRODUCTS_QUICK, Scene, System},
    results::Results,
    systems::{Larder, Stage},
};

/// The service over HTTP beside its limits, its recipes and its peers.
#[derive(Debug, Parser)]
#[command(name = "larder-bench-http")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures, and writes the report.
    Run(Box<Options>),
    /// Measures what a request costs as the work grows.
    Scale(Box<scale::Options>),
    /// Answers constant bytes: what the machine could do at most.
    Ceiling(ceiling::Options),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// The larder program, a release.
    #[arg(long, value_name = "PROGRAM")]
    larder: PathBuf,
    /// Rounds of each scene.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds of one turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Seconds of load before each turn, unmeasured: what fell out of caches while others were asked is loaded again in them.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=60))]
    run_in: u32,
    /// Connections of the load generator.
    #[arg(long, default_value_t = CONNECTIONS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// One round of one second: shows that everything runs, and measures nothing.
    #[arg(long, conflicts_with_all = ["rounds", "seconds", "run_in"])]
    quick: bool,
    /// Only these scenes.
    #[arg(long, value_enum, value_name = "SCENE", value_delimiter = ',')]
    only: Vec<Scene>,
    /// Only these systems, of those that a scene compares.
    #[arg(long, value_enum, value_name = "SYSTEM", value_delimiter = ',')]
    systems: Vec<System>,
    /// Writes the report from what was measured before.
    #[arg(long, conflicts_with_all = ["quick", "only", "systems"])]
    report_only: bool,
    /// The folder with the raw results, and with what is dear to make.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench-http")]
    results: PathBuf,
    /// The folder of the report.
    #[arg(long, value_name = "FOLDER", default_value = "benches")]
    report: PathBuf,
}

fn main() -> ExitCode {
    match start(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start(command: Command) -> Result<()> {
    match command {
        Command::Ceiling(options) => {
            let runtime = Runtime::new().context("a runtime")?;
            runtime.block_on(ceiling::serve(&options))
        }
        Command::Run(options) => lasting_thread()?.block_on(run(&options)),
        Command::Scale(options) => lasting_thread()?.block_on(scale::run(&options)),
    }
}

/// One thread that lasts: the servers die with the thread that starts them.
fn lasting_thread() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime")
}

async fn run(options: &Options) -> Result<()> {
    let file = options.results.join(if options.quick { "quick.json" } else { "results.json" });
    let mut results = Results::read(&file)?;
    if !options.report_only {
        measure(options, &mut results, &file).await?;
    }
    ensure!(results != Results::default(), "nothing was measured yet: {} is not there", file.display());
    if options.quick {
        return Ok(());
    }
    report::write(&results, &options.report)
}

/// Plays the scenes; what each gave is kept at once.
async fn measure(options: &Options, results: &mut Results, file: &std::path::Path) -> Result<()> {
    let program = options.larder.canonicalize().context("find the larder program")?;
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let effort = options.effort(workers);
    let mut stage = Stage::open(Larder { program, workers }).await?;
    results.machine = facts(&stage).await?;
    let scenes = if options.only.is_empty() { Scene::value_variants() } else { options.only.as_slice() };
    for scene in scenes {
        eprintln!("scene {scene:?}");
        let played = scenes::play(*scene, &options.systems, &mut stage, &effort, &options.results, results);
        Box::pin(played).await.with_context(|| format!("scene {scene:?}"))?;
        results.write(file)?;
    }
    Ok(())
}

impl Options {
    fn effort(&self, workers: usize) -> Effort {
        let (rounds, seconds, run_in) = if self.quick { (1, 1, 1) } else { (self.rounds, self.seconds, self.run_in) };
        let memory_products = if self.quick { MEMORY_PRODUCTS_QUICK } else { MEMORY_PRODUCTS };
        Effort {
            rounds,
            seconds: f64::from(seconds),
            run_in_seconds: f64::from(run_in),
            connections: self.connections,
            workers,
            memory_products,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        Arguments::command().debug_assert();
    }
}
