//! `cargo x services`: the PostgreSQL, Redis and Chromium programs that tests use.

mod debian;
mod peers;
mod wheels;

use std::path::PathBuf;

use anyhow::{Context, Result};
use larder_test_support::{Programs, find_browser};

/// Says which servers there are, after installing what is missing.
///
/// # Errors
/// When one is neither there nor to be had.
pub(crate) fn run() -> Result<()> {
    let programs = ensure()?;
    eprintln!("PostgreSQL: {}, {}", programs.initdb.display(), programs.postgres.display());
    eprintln!("Redis: {}", programs.redis.display());
    match ensure_browser() {
        Ok(browser) => eprintln!("Chromium: {}", browser.display()),
        Err(error) => eprintln!("Chromium: none, the browser tests would be left out ({error:#})"),
    }
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
        debian::install(debian::SERVERS).context("install Debian's PostgreSQL and Redis")?;
    } else {
        wheels::install().context("install PostgreSQL and Redis from Python's wheels")?;
    }
    Programs::find()
}

/// Finds a Chromium, or installs Debian's, which only root can.
///
/// # Errors
/// When it is neither there nor to be had.
pub(crate) fn ensure_browser() -> Result<PathBuf> {
    let found = find_browser();
    if found.is_ok() || !debian::is_possible() {
        return found;
    }
    debian::install(debian::BROWSER).context("install Debian's Chromium")?;
    find_browser()
}

/// Installs wrk, which asks as fast as answers come.
///
/// # Errors
/// When it is neither there nor to be had.
pub(crate) fn ensure_load_generator() -> Result<()> {
    peers::ensure_load_generator()
}

/// Installs what the bench over HTTP needs besides the servers: wrk, nginx, and the recipes' packages of Python.
///
/// # Errors
/// When one is neither there nor to be had.
pub(crate) fn ensure_peers() -> Result<()> {
    peers::ensure_all()
}
