#![doc = include_str!("../README.md")]

mod ceiling;
mod kept;
mod load;
mod machine;
mod meters;
mod peers;
mod place;
mod plan;
mod proc;
mod report;
mod results;
mod rows;
mod run;
mod scale;
mod scenes;
mod systems;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

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
    Run(Box<run::Options>),
    /// Measures what a request costs as the work grows.
    Scale(Box<scale::Options>),
    /// Answers constant bytes: what the machine could do at most.
    Ceiling(ceiling::Options),
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
        Command::Run(options) => lasting_thread()?.block_on(run::run(&options)),
        Command::Scale(options) => lasting_thread()?.block_on(scale::run(&options)),
    }
}

/// One thread that lasts: the servers die with the thread that starts them.
fn lasting_thread() -> Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime")
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
