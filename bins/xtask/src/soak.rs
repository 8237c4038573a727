//! `cargo x soak`: real nodes under faults, and the checker.

use std::path::PathBuf;

use anyhow::Result;

use crate::{services, step};

const PACKAGES: [&str; 5] = ["build", "--package", "larder-server", "--package", "larder-soak"];

/// Nodes in which mistakes can be planted are built in a folder of their own: nobody shall take one for a release.
const PLANTED: [&str; 4] = ["--features", "larder-server/planted-mistakes", "--target-dir", "target/planted"];

/// Builds `larder` and the soak, as releases if so `is_release`, and runs the soak with `arguments`.
///
/// # Errors
/// When there are no servers to be had, something does not build, or the soak found a violation (or, where it had to, none).
pub(crate) fn run(is_release: bool, arguments: &[String]) -> Result<()> {
    services::ensure()?;
    let (flags, profile): (&[&str], _) = if is_release { (&["--release"], "release") } else { (&[], "debug") };
    let mut build = step::command("cargo", &PACKAGES);
    let target = if plants_mistakes(arguments) {
        build.args(PLANTED);
        PathBuf::from("target/planted")
    } else {
        step::target_folder()?
    };
    step::run(build.args(flags))?;
    let programs = target.join(profile);
    let soak = programs.join("larder-soak").display().to_string();
    step::run(step::command(&soak, &["--larder"]).arg(programs.join("larder")).args(arguments))
}

fn plants_mistakes(arguments: &[String]) -> bool {
    arguments.iter().any(|word| word == "prove" || word.starts_with("--mistake"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_asks_for_mistakes_gets_a_build_that_can_make_them() {
        let planted =
            |words: &[&str]| plants_mistakes(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(planted(&["prove"]) && planted(&["--mistake", "NoBound"]) && planted(&["--mistake=NoBound"]));
        assert!(!planted(&["--seconds", "9"]) && !planted(&["show"]));
    }
}
