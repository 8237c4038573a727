//! `cargo x model`: the interleavings of the cache's fence, flights, leases and tags.

use std::{env, process::ExitStatus};

use anyhow::{Context, Result, ensure};

use crate::guarded;

/// A target folder of its own: with another flag for all crates, two builds in one folder would undo each other.
const TEST: [&str; 8] =
    ["cargo", "test", "--target-dir", "target/model", "--package", "larder-cache", "--test", "model"];

/// Runs the scenes of the model; `arguments` go to `cargo test`.
///
/// # Errors
/// When a scene breaks a promise, or none finds a planted mistake.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let status = explore(arguments, |_| ())?;
    ensure!(status.success(), "the model: {status}");
    Ok(())
}

/// As [`run`], and hands each line of the output to `see`.
///
/// # Errors
/// When it can't be started.
pub(crate) fn explore(arguments: &[String], see: impl FnMut(&str)) -> Result<ExitStatus> {
    let present = env::var_os("RUSTFLAGS").unwrap_or_default();
    let present = present.to_str().context("RUSTFLAGS is not UTF-8")?;
    let words: Vec<&str> = TEST.into_iter().chain(arguments.iter().map(String::as_str)).collect();
    guarded::run(&words, &[("RUSTFLAGS", with_model_checker(present))], see)
}

/// The flags that were there, and the one that puts the model checker's locks into the cache.
fn with_model_checker(flags: &str) -> String {
    format!("{flags} --cfg shuttle").trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_were_there_stay() {
        assert_eq!(with_model_checker(""), "--cfg shuttle");
        assert_eq!(with_model_checker("-D warnings"), "-D warnings --cfg shuttle");
    }
}
