//! `cargo x services`: the PostgreSQL and Redis programs that tests use.

mod debian;
mod wheels;

use anyhow::{Context, Result};
use larder_test_support::Programs;

/// Says which servers there are, after installing what is missing.
///
/// # Errors
/// When one is neither there nor to be had.
pub(crate) fn run() -> Result<()> {
    let programs = ensure()?;
    eprintln!("PostgreSQL: {}, {}", programs.initdb.display(), programs.postgres.display());
    eprintln!("Redis: {}", programs.redis.display());
    Ok(())
}

/// Finds the servers, or installs them: as root by Debian's packages, otherwise by Python's wheels.
///
/// # Errors
/// When one is neither there nor to be had.
pub(crate) fn ensure() -> Result<Programs> {
    if let Ok(programs) = Programs::find() {
        return Ok(programs);
    }
    if debian::is_possible() {
        debian::install().context("install Debian's PostgreSQL and Redis")?;
    } else {
        wheels::install().context("install PostgreSQL and Redis from Python's wheels")?;
    }
    Programs::find()
}
