//! `cargo x check`: everything that can be said about the code without running it.

use anyhow::Result;

use crate::{api, step, tidy};

const CLIPPY: [&str; 7] = ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
const DOC: [&str; 5] = ["doc", "--workspace", "--no-deps", "--document-private-items", "--all-features"];

/// # Errors
/// At the first check that fails.
pub(crate) fn run() -> Result<()> {
    step::run(&mut step::command("cargo", &["fmt", "--all", "--check"]))?;
    tidy::run()?;
    api::run(false)?;
    step::run(&mut step::command("cargo", &CLIPPY))?;
    step::run(step::command("cargo", &DOC).env("RUSTDOCFLAGS", "-D warnings"))
}
