//! `cargo x tidy`: the rules of the house that no compiler knows.

mod imports;
mod licenses;
mod manifests;
mod metadata;
mod sources;

use std::path::Path;

use anyhow::{Result, ensure};

/// Holds the workspace against all rules, and names everything that breaks one.
///
/// # Errors
/// When a rule is broken, or the workspace can't be read.
pub(crate) fn run() -> Result<()> {
    eprintln!("$ tidy");
    let workspace = Path::new(".");
    let metadata = metadata::load()?;
    let mut broken = imports::check(&metadata);
    broken.extend(licenses::check(&metadata, workspace)?);
    broken.extend(manifests::check(&metadata, workspace)?);
    broken.extend(sources::check(workspace)?);
    for rule in &broken {
        eprintln!("tidy: {rule}");
    }
    ensure!(broken.is_empty(), "tidy: {} broken", broken.len());
    Ok(())
}
