//! `cargo x bench`: the measured tables.

use anyhow::Result;
use clap::Subcommand;
use larder_test_support::{Redis, RedisOptions};

use crate::{services, step};

/// Names each bench: it is also what whoever mistypes one is shown.
pub(crate) const USAGE: &str = "cargo x bench [ratios|costs|catalogue|peers|http|scale] [ARGS]";

/// Packages with lock files of their own, outside the workspace.
const PEERS: [&str; 2] = ["benches/peers", "benches/peers-oxcache"];

/// What is measured. What follows belongs to that bench, `--help` included.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Bench {
    /// The cache against its parts, by turns: only what has a limit.
    #[command(disable_help_flag = true)]
    Ratios {
        /// Parts of the names of rows.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Times and allocations of one operation of the cache.
    #[command(disable_help_flag = true)]
    Costs {
        /// Parts of names, and options of divan: `--help` says which.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The catalogue in PostgreSQL, uncached, with a million demo products.
    #[command(disable_help_flag = true)]
    Catalogue {
        /// Parts of the names of questions, `--products N`, and `--url URL` of a database that has them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The cache beside other caches.
    #[command(disable_help_flag = true)]
    Peers {
        /// Names of caches.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The service over HTTP beside recipes, nginx and the machine's limits; writes `benches/REPORT.md`.
    #[command(disable_help_flag = true)]
    Http {
        /// What the bench gets: `--only`, `--systems`, `--quick`, `--report-only` and more; `--help` says which.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// The same service as the work grows; writes `benches/SCALE.md` and the tables of `docs/scaling.md`.
    #[command(disable_help_flag = true)]
    Scale {
        /// What the bench gets: `--only`, `--quick`, `--report-only` and more; `--help` says which.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Runs one of them; the ratios if none is named.
///
/// # Errors
/// When a benchmark fails.
pub(crate) fn run(bench: Option<&Bench>) -> Result<()> {
    match bench {
        None => package("ratios", &[]),
        Some(Bench::Ratios { arguments }) => package("ratios", arguments),
        Some(Bench::Costs { arguments }) => package("costs", arguments),
        Some(Bench::Catalogue { arguments }) => {
            // What is given after it prevails.
            let many = ["--products", "1000000"].map(str::to_owned);
            package("catalogue", &[&many[..], arguments].concat())
        }
        Some(Bench::Peers { arguments }) => peers(arguments),
        Some(Bench::Http { arguments }) => http("run", services::ensure_peers, arguments),
        Some(Bench::Scale { arguments }) => http("scale", services::ensure_load_generator, arguments),
    }
}

/// The service over HTTP, as releases: `run` beside its limits, its recipes and its peers, `scale` as the work grows.
fn http(what: &str, ensure_more: fn() -> Result<()>, options: &[String]) -> Result<()> {
    let mut build = step::command("cargo", &["build", "--release", "--package", "larder-bench-http"]);
    if measures(options) {
        services::ensure()?;
        ensure_more()?;
        build.args(["--package", "larder-server"]);
    }
    step::run(&mut build)?;
    let programs = step::target_folder()?.join("release");
    let bench = programs.join("larder-bench-http").display().to_string();
    step::run(step::command(&bench, &[what, "--larder"]).arg(programs.join("larder")).args(options))
}

/// Whether anything is started: who reads help, or has a report made anew, needs no server.
fn measures(options: &[String]) -> bool {
    !options.iter().any(|word| ["--report-only", "--help", "-h"].contains(&word.as_str()))
}

fn package(bench: &str, arguments: &[String]) -> Result<()> {
    let mut cargo = step::command("cargo", &["bench", "--package", "larder-benches", "--bench", bench, "--"]);
    step::run(cargo.args(arguments))
}

/// The cache beside other caches, on a Redis that nobody else uses.
fn peers(contenders: &[String]) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let redis = runtime.block_on(Redis::start(RedisOptions::default()))?;
    for package in PEERS {
        // In its folder: the settings of cargo that belong to it stand there.
        let mut bench = step::command("cargo", &["run", "--release", "--locked", "--", &redis.url()]);
        step::run(bench.args(contenders).current_dir(package))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;
    use crate::{Arguments, Command};

    fn parsed(words: &[&str]) -> Result<Option<Bench>, String> {
        let line = ["cargo x", "bench"].iter().chain(words);
        match Arguments::try_parse_from(line).map(|arguments| arguments.command) {
            Ok(Command::Bench { bench }) => Ok(bench),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    fn names() -> Vec<String> {
        let command = Arguments::command();
        let bench = command.find_subcommand("bench").unwrap();
        bench.get_subcommands().map(|one| one.get_name().to_owned()).filter(|name| name != "help").collect()
    }

    #[test]
    fn an_unknown_bench_is_refused_with_those_there_are() {
        let said = parsed(&["htpp"]).unwrap_err();
        assert_eq!(names().len(), 6);
        for name in names() {
            assert!(said.contains(&format!("{name}|")) || said.contains(&format!("|{name}]")), "{name}: {said}");
        }
    }

    #[test]
    fn what_follows_belongs_to_the_bench() {
        let arguments = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(parsed(&[]), Ok(None));
        assert_eq!(parsed(&["http", "--help"]), Ok(Some(Bench::Http { arguments: arguments(&["--help"]) })));
        let words = ["--only", "zipf", "--rounds", "2"];
        let expected = Bench::Scale { arguments: arguments(&words) };
        assert_eq!(parsed(&[&["scale"][..], &words].concat()), Ok(Some(expected)));
        assert_eq!(parsed(&["ratios", "hit in L2"]), Ok(Some(Bench::Ratios { arguments: arguments(&["hit in L2"]) })));
    }

    #[test]
    fn help_names_every_bench() {
        let said = parsed(&["--help"]).unwrap_err();
        assert!(names().iter().all(|name| said.contains(&format!("\n  {name} "))), "{said}");
    }

    #[test]
    fn only_who_measures_needs_servers() {
        let measures = |words: &[&str]| measures(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(measures(&[]) && measures(&["--only", "zipf"]) && measures(&["--quick"]));
        assert!(!measures(&["--report-only"]) && !measures(&["--help"]) && !measures(&["-h"]));
    }
}
