//! `cargo x test`: all tests, with servers that belong to this run alone.

use anyhow::{Context, Result, ensure};
use larder_test_support::{POSTGRES_URL, Postgres, PostgresOptions, REDIS_URL, Redis, RedisOptions, find_browser};

use crate::{guarded, model, services};

/// The module of the tests that need a browser.
const IN_A_BROWSER: &str = "in_a_browser::";

/// Starts the servers, runs `cargo test` with `arguments`, without any also the models, and sums up.
///
/// # Errors
/// When a test fails, when no test ran, or when there are no servers to be had. A browser is the one exception: where there is none, its
/// tests are left out, and the summary says so.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    services::ensure()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime")?;
    let (postgres, redis) = runtime.block_on(async {
        tokio::try_join!(Postgres::start(PostgresOptions::default()), Redis::start(RedisOptions::default()))
    })?;
    let environment = [(POSTGRES_URL, postgres.url()), (REDIS_URL, redis.url())];
    let mut totals = Totals::default();
    let has_browser = find_browser().is_ok();
    let status = guarded::run(&words(arguments, has_browser), &environment, |line| totals.add(line))?;
    drop((postgres, redis));
    // Whoever asks for some tests by name does not mean the models, which are built in another way.
    let models = if arguments.is_empty() { Some(model::explore(&[], |line| totals.add(line))?) } else { None };
    eprintln!();
    println(&totals)?;
    if !has_browser {
        eprintln!(
            "NOT TESTED: the page in a browser. There is no Chromium here; `cargo x services` as root installs it."
        );
    }
    ensure!(status.success(), "cargo test: {status}");
    if let Some(models) = models {
        ensure!(models.success(), "the models: {models}");
    }
    ensure!(totals.passed > 0, "no test ran");
    Ok(())
}

fn words(arguments: &[String], has_browser: bool) -> Vec<&str> {
    let mut words = vec!["cargo", "test", "--all-features", "--no-fail-fast"];
    let names_package = |word: &String| word == "-p" || word.starts_with("--package") || word == "--manifest-path";
    if !arguments.iter().take_while(|word| *word != "--").any(names_package) {
        words.push("--workspace");
    }
    words.extend(arguments.iter().map(String::as_str));
    if !has_browser {
        if !words.contains(&"--") {
            words.push("--");
        }
        words.extend(["--skip", IN_A_BROWSER]);
    }
    words
}

/// The sum over all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Totals {
    /// Takes `test result: ok. 7 passed; 0 failed; 0 ignored; …` into account, and any other line not.
    fn add(&mut self, line: &str) {
        let Some((_, figures)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for figure in figures.split("; ") {
            let Some((count, what)) = figure.split_once(' ') else { continue };
            let Ok(count) = count.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}

fn println(totals: &Totals) -> Result<()> {
    use std::io::Write as _;
    let Totals { passed, failed, ignored } = totals;
    writeln!(std::io::stdout(), "total: {passed} passed, {failed} failed, {ignored} skipped")
        .context("print the summary")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_summed_over_programs() {
        let mut totals = Totals::default();
        totals.add("test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        totals
            .add("test result: FAILED. 30 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 8.46s");
        totals.add("running 5 tests");
        assert_eq!(totals, Totals { passed: 37, failed: 2, ignored: 1 });
    }

    #[test]
    fn a_named_package_replaces_the_workspace() {
        let named = ["-p".to_owned(), "larder-cache".to_owned()];
        assert!(!words(&named, true).contains(&"--workspace"));
        let filtered = ["race".to_owned(), "--".to_owned(), "-p".to_owned()];
        assert!(words(&filtered, true).contains(&"--workspace"));
    }

    #[test]
    fn without_a_browser_its_tests_are_left_out() {
        let all = words(&[], true);
        assert!(!all.contains(&"--skip") && !all.contains(&"--"));
        assert!(words(&[], false).ends_with(&["--", "--skip", IN_A_BROWSER]));
        let quiet = ["--".to_owned(), "--quiet".to_owned()];
        assert!(words(&quiet, false).ends_with(&["--", "--quiet", "--skip", IN_A_BROWSER]));
    }
}
