//! The command line of the soak: `cargo x soak` builds and calls it.

use std::{
    fmt::Display,
    io::{Write as _, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use larder_soak::{Faults, Figure, Options, Proof, Setup, Topology, planted};

/// Real larder processes under faults, and a checker that tries to catch them lying.
#[derive(Debug, Parser)]
#[command(name = "larder-soak")]
struct Arguments {
    /// The larder program.
    #[arg(long, value_name = "PROGRAM")]
    larder: PathBuf,
    #[command(flatten)]
    wishes: Wishes,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures the figures of the promises, each with its bound: propagation, redis-outage, cold-key, outbox.
    Show {
        /// Only these.
        figures: Vec<Figure>,
        /// How long Redis is away, and how long the outbox has to keep up.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
    /// Plants mistakes, one after the other, and expects that each is found.
    Prove {
        /// Only these; otherwise those that every run finds.
        mistakes: Vec<String>,
        /// How long a run may take to find one.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
}

#[derive(Debug, Args)]
struct Wishes {
    /// Processes of it.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    nodes: u8,
    /// Processes of `larder relay`; with none, the nodes relay themselves.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=20))]
    relays: u8,
    /// standalone, or sentinel: a master, a replica and three sentinels.
    #[arg(long, default_value = "standalone")]
    topology: Topology,
    /// How long, quiet points included.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// What goes wrong: all, none, or some with commas between; see the README.
    #[arg(long, default_value = "all")]
    faults: Faults,
    /// Repeats the plan of a run; without it one is drawn, and printed.
    #[arg(long)]
    seed: Option<u64>,
    /// Over all nodes.
    #[arg(long, default_value_t = 2_000)]
    reads_per_second: u32,
    /// Over HTTP and SQL together.
    #[arg(long, default_value_t = 60)]
    writes_per_second: u32,
    /// How old an answer may be.
    #[arg(long, default_value_t = 1_000)]
    bound_ms: u64,
    /// A mistake to plant in the nodes, which have to be built for it; the run should find it.
    #[arg(long, value_name = "NAME")]
    mistake: Option<String>,
    /// Further environment of the nodes, such as `LARDER__CACHE__LEVELS=none`.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// Keeps the nodes' logs in this folder.
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
}

/// Hot and cold ones of a soak.
const PRODUCTS: u32 = 2_000;

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn setting(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once('=').context("must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Does what was asked for, and answers whether all is as it should be.
fn start(arguments: Arguments) -> Result<bool> {
    let options = arguments.wishes.into_options(&arguments.larder)?;
    let runtime = tokio::runtime::Runtime::new().context("a runtime")?;
    match arguments.command {
        None => runtime.block_on(soak(&options)),
        Some(Command::Show { figures, seconds }) => {
            let figures = if figures.is_empty() { Figure::ALL.to_vec() } else { figures };
            let setup = Setup { skewed_clocks: false, ..options.setup };
            runtime.block_on(show(&figures, &setup, Duration::from_secs(seconds)))
        }
        Some(Command::Prove { mistakes, seconds }) => {
            let options = Options { length: Duration::from_secs(seconds), ..options };
            runtime.block_on(prove(&mistakes, &options))
        }
    }
}

async fn soak(options: &Options) -> Result<bool> {
    let report = larder_soak::run(options).await?;
    report.told.iter().for_each(|(kind, violation)| eprintln!("{kind:?}: {violation}"));
    say(&report)?;
    Ok(report.tally.violations() == 0)
}

async fn show(figures: &[Figure], setup: &Setup, length: Duration) -> Result<bool> {
    let mut is_kept = true;
    for figure in figures {
        for line in larder_soak::show(*figure, setup, length).await? {
            say(&line)?;
            is_kept &= line.is_kept;
        }
    }
    Ok(is_kept)
}

async fn prove(mistakes: &[String], options: &Options) -> Result<bool> {
    let mut all_found = true;
    for proof in Proof::named(mistakes)? {
        let report = larder_soak::prove(&proof, options).await?;
        let is_found = report.tally.violations() > 0;
        let found = if is_found { "found" } else { "NOT FOUND" };
        say(&format_args!("{} {found}: {report}", proof.mistake))?;
        report.told.iter().take(1).for_each(|(kind, violation)| eprintln!("{kind:?}: {violation}"));
        all_found &= is_found;
    }
    Ok(all_found)
}

fn say(line: &impl Display) -> Result<()> {
    writeln!(stdout(), "{line}").context("print a line")
}

impl Wishes {
    fn into_options(self, larder: &Path) -> Result<Options> {
        let mut settings = self.set;
        settings.extend(self.mistake.as_deref().map(planted));
        let setup = Setup {
            larder: larder.canonicalize().context("find the larder program")?,
            nodes: self.nodes.into(),
            relays: self.relays.into(),
            topology: self.topology,
            products: PRODUCTS,
            skewed_clocks: self.faults.skewed_clocks,
            settings,
            logs: self.logs,
        };
        Ok(Options {
            setup,
            length: Duration::from_secs(self.seconds),
            faults: self.faults.kinds,
            seed: self.seed.unwrap_or_else(|| fastrand::u64(..1_000_000)),
            reads_per_second: self.reads_per_second,
            writes_per_second: self.writes_per_second,
            bound: Duration::from_millis(self.bound_ms),
        })
    }
}
