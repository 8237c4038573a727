//! `cargo x bench`: the measured tables.

use anyhow::Result;

use crate::step;

/// # Errors
/// When a benchmark fails.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    step::run(step::command("cargo", &["bench", "--package", "larder-benches"]).args(arguments))
}
