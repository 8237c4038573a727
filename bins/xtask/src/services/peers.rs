//! What the bench over HTTP needs besides the servers: wrk, nginx, and the recipes' packages of Python.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::debian;
use crate::python;

/// Where the bench looks for the recipes' programs.
const ENVIRONMENT: &str = "target/bench-http/python";
/// The versions that are named there.
const RECIPES: [&str; 3] = ["--only-binary=:all:", "--requirement", "benches/peers/fastapi/requirements.txt"];
const FOLDERS: [&str; 4] = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"];

/// Installs what is missing: wrk and nginx by Debian's packages, which only root can.
///
/// # Errors
/// When one is neither there nor to be had.
pub(super) fn ensure_all() -> Result<()> {
    let is_there = |program: &str| FOLDERS.iter().any(|folder| Path::new(folder).join(program).exists());
    let are_there = || debian::BENCH.iter().all(|(program, _)| is_there(program));
    if !are_there() && debian::is_possible() {
        debian::install(debian::BENCH).context("install Debian's wrk and nginx")?;
    }
    for (program, _) in debian::BENCH {
        ensure!(
            is_there(program),
            "find {program}: install Debian's package {program}, or run this as root, which does"
        );
    }
    python::environment(python::distribution(), ENVIRONMENT, &RECIPES).context("install the recipes with FastAPI")?;
    Ok(())
}
