//! The command line: what `larder` can be asked to do.

mod seed;
mod token;

use std::{
    fmt::Display,
    io::{Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use larder_domain::Role;

use crate::{
    config::{Config, ConfigFault},
    relaying, serve,
    services::Storage,
    start_up,
    telemetry::{self, Exporting},
};

/// A product catalogue behind a two-level cache.
#[derive(Debug, Parser)]
#[command(name = "larder", version, about)]
struct Cli {
    /// Read this file in place of ./larder.toml.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve HTTP (what larder does without a command).
    Serve,
    /// Hear what the database announces and tell Redis, without serving HTTP: any number may, beside the nodes.
    Relay,
    /// Bring the schema of the database up to date.
    Migrate,
    /// Add demo products; the same number gives the same products.
    Seed {
        /// How many there shall be, with ids from 1.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
        products: u32,
    },
    /// Print the effective configuration, secrets hidden, with warnings on unwise values.
    Config,
    /// Make, list or revoke access tokens.
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and print it: it is shown only now.
    New(NewToken),
    /// List the tokens: name, role and when each was made, with tabs between.
    List,
    /// Revoke a token.
    Revoke {
        /// The name it was made under.
        #[arg(long)]
        name: String,
    },
}

#[derive(Debug, Args)]
struct NewToken {
    /// A name that no other token has.
    #[arg(long)]
    name: String,
    /// reader, writer or admin.
    #[arg(long, value_parser = |text: &str| text.parse::<Role>())]
    role: Role,
}

/// Runs the command that the process was started with. Exits with 0, with 1 when it failed, with 2 when it was asked wrongly.
pub fn run() -> ExitCode {
    // Wrong usage ends the process here, with 2.
    let cli = Cli::parse();
    match Config::load(cli.config.as_deref()) {
        Ok(config) => execute(cli.command.unwrap_or(Command::Serve), config),
        Err(fault) => refuse(&fault),
    }
}

fn execute(command: Command, config: Config) -> ExitCode {
    if matches!(command, Command::Config) {
        return show(&config);
    }
    match run_on_main_runtime(command, config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(format_args!("{error:#}"), 1),
    }
}

fn show(config: &Config) -> ExitCode {
    let printed = config.to_toml().map(|text| stdout().write_all(text.as_bytes()));
    match printed {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(cause)) => fail(cause, 1),
        Err(fault) => refuse(&fault),
    }
}

fn run_on_main_runtime(command: Command, config: Config) -> anyhow::Result<()> {
    let exporting = telemetry::install(&config.log, &config.telemetry)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    let outcome = runtime.block_on(async move {
        match command {
            Command::Serve => serve::serve(config).await,
            Command::Relay => relaying::relay(config).await,
            Command::Migrate => migrate(&config).await,
            Command::Seed { products } => seed::run(&config, products).await,
            Command::Token(TokenCommand::New(token)) => token::make(&config, token.name, token.role).await,
            Command::Token(TokenCommand::List) => token::list(&config).await,
            Command::Token(TokenCommand::Revoke { name }) => token::revoke(&config, &name).await,
            Command::Config => Ok(()),
        }
    });
    exporting.into_iter().for_each(Exporting::shut_down);
    outcome
}

async fn migrate(config: &Config) -> anyhow::Result<()> {
    let (storage, applied) = open(config).await?;
    storage.database.close().await;
    say(format_args!("applied {applied} migrations"))
}

/// The storage with its schema up to date, and how many migrations that took.
async fn open(config: &Config) -> anyhow::Result<(Storage, u32)> {
    let storage = Storage::open(config)?;
    let applied = start_up::migrate(storage.database.as_ref(), config.database.start_timeout()).await;
    Ok((storage, applied.context("cannot prepare the database")?))
}

fn say(line: impl Display) -> anyhow::Result<()> {
    writeln!(stdout(), "{line}").context("cannot write to standard output")
}

fn refuse(fault: &ConfigFault) -> ExitCode {
    fail(fault, 2)
}

fn fail(message: impl Display, code: u8) -> ExitCode {
    // If even this cannot be written, the code has to do.
    writeln!(stderr(), "larder: {message}").unwrap_or_default();
    ExitCode::from(code)
}
