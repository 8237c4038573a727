#![doc = include_str!("../README.md")]

mod api;
mod bench;
mod check;
mod ci;
mod fuzz_api;
mod guarded;
mod model;
mod python;
mod services;
mod soak;
mod step;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Checks, tests and benches of this workspace.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo x")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Formatting, clippy, documentation and tidy, all without a warning.
    Check,
    /// All tests, with private PostgreSQL and Redis servers; those in a browser where there is a Chromium.
    Test {
        /// What `cargo test` gets: packages, filters, and after a further `--` the arguments of the tests.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Check, then test.
    Ci,
    /// The benchmarks; without a word, `ratios`.
    #[command(override_usage = bench::USAGE)]
    Bench {
        #[command(subcommand)]
        bench: Option<bench::Bench>,
    },
    /// Imports, licenses, versions, sizes and headers of files.
    Tidy,
    /// The scenes of the cache under a model checker; part of `test` without arguments.
    Model {
        /// What `cargo test` gets: filters, and after a further `--` the arguments of the tests.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The public API of the cache crate, held against `public-api.txt` beside it.
    Api {
        /// Writes that file instead.
        #[arg(long)]
        bless: bool,
    },
    /// Several nodes under faults, and a checker that tries to catch them lying.
    Soak {
        /// Debug builds: slower, but there already.
        #[arg(long)]
        debug: bool,
        /// What the soak gets: `--nodes`, `--seconds`, `--faults`, `--seed` and more, or `show`, or `prove`; see `bins/soak/README.md`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// A fuzzer over the description of the API, a client made from it, or hostile requests, against a real server.
    FuzzApi(fuzz_api::Options),
    /// Says which servers and which browser the tests would use, and installs what is missing.
    Services,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match step::enter_workspace().and_then(|()| execute(&arguments.command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Check => check::run(),
        Command::Test { arguments } => test::run(arguments),
        Command::Ci => ci::run(),
        Command::Bench { bench } => bench::run(bench.as_ref()),
        Command::Tidy => tidy::run(),
        Command::Api { bless } => api::run(*bless),
        Command::Model { arguments } => model::run(arguments),
        Command::Soak { debug, arguments } => soak::run(!debug, arguments),
        Command::FuzzApi(options) => fuzz_api::run(options),
        Command::Services => services::run(),
    }
}
