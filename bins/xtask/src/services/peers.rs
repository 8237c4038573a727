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

/// Installs wrk and nginx, if they are missing, by Debian's packages, which only root can; and the recipes' packages.
///
/// # Errors
/// When one is neither there nor to be had.
pub(super) fn ensure_all() -> Result<()> {
    ensure_programs(debian::BENCH)?;
    python::environment(python::distribution(), ENVIRONMENT, &RECIPES).context("install the recipes with FastAPI")?;
    Ok(())
}

/// Installs wrk alone.
///
/// # Errors
/// When it is neither there nor to be had.
pub(super) fn ensure_load_generator() -> Result<()> {
    ensure_programs(&[debian::WRK])
}

fn ensure_programs(packages: &[debian::Package]) -> Result<()> {
    let is_there = |program: &str| FOLDERS.iter().any(|folder| Path::new(folder).join(program).exists());
    let are_there = || packages.iter().all(|(program, _)| is_there(program));
    if !are_there() && debian::is_possible() {
        let names: Vec<&str> = packages.iter().map(|(name, _)| *name).collect();
        debian::install(packages).with_context(|| format!("install Debian's {}", names.join(" and ")))?;
    }
    for (program, _) in packages {
        ensure!(
            is_there(program),
            "find {program}: install Debian's package {program}, or run this as root, which does"
        );
    }
    Ok(())
}
