//! Python's programs, in an environment of their own.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::step;

const ENVIRONMENT: &str = "target/fuzz-api/python";
/// The fuzzer is fixed, so that one seed means one run; the last two are what it reads compressed answers with.
const PACKAGES: [&str; 5] =
    ["schemathesis==4.32.5", "openapi-python-client>=0.24,<1", "openapi-spec-validator>=0.7,<1", "brotli", "zstandard"];

/// Where the programs are, after installing them if they are not there.
///
/// # Errors
/// When they cannot be had.
pub(super) fn programs() -> Result<PathBuf> {
    let programs = Path::new(ENVIRONMENT).join("bin");
    // Written last.
    let done = Path::new(ENVIRONMENT).join(PACKAGES[0]);
    if !done.exists() {
        step::run(&mut step::command("python3", &["-m", "venv", ENVIRONMENT]))?;
        let python = programs.join("python").display().to_string();
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        step::run(step::command(&python, &install).args(PACKAGES))?;
        std::fs::write(&done, "")?;
    }
    ensure!(programs.join("schemathesis").exists(), "no schemathesis in {}", programs.display());
    Ok(std::path::absolute(programs)?)
}
