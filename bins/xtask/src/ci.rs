//! `cargo x ci`: what has to be green.

use std::process::Stdio;

use anyhow::{Context, Result};

use crate::{check, services, step, test};

/// # Errors
/// At the first thing that fails.
pub(crate) fn run() -> Result<()> {
    check::run()?;
    deny()?;
    services::ensure_browser().context("ci tests the page in a browser")?;
    test::run(&[])
}

/// Building cargo-deny takes longer than all else here, so it is asked only where it is; tidy always holds licenses and
/// sources against the same file. Advisories are left out: what comes to light tomorrow must not turn today's commit red.
fn deny() -> Result<()> {
    let mut version = step::command("cargo", &["deny", "--version"]);
    if version.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return step::run(&mut step::command("cargo", &["deny", "check", "bans", "licenses", "sources"]));
    }
    eprintln!("cargo-deny is not installed: tidy has held licenses and sources against deny.toml");
    Ok(())
}
