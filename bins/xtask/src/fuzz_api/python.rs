//! Python's programs, in an environment of their own.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::python;

const ENVIRONMENT: &str = "target/fuzz-api/python";
/// The fuzzer is fixed, so that one seed means one run; the last two are what it reads compressed answers with.
const PACKAGES: [&str; 5] =
    ["schemathesis==4.32.5", "openapi-python-client>=0.24,<1", "openapi-spec-validator>=0.7,<1", "brotli", "zstandard"];

/// Where the programs are, after installing them if they are not there.
///
/// # Errors
/// When they cannot be had.
pub(super) fn programs() -> Result<PathBuf> {
    let programs = python::environment("python3", ENVIRONMENT, &PACKAGES)?;
    ensure!(programs.join("schemathesis").exists(), "no schemathesis in {}", programs.display());
    Ok(programs)
}
