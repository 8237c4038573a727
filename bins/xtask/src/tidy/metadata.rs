//! What `cargo metadata` says, as far as the rules need it.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::step;

/// All packages that the lock file names.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
}

/// One package, ours or a third party's.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) license: Option<String>,
    pub(super) manifest_path: PathBuf,
    /// Absent for our own.
    pub(super) source: Option<String>,
    pub(super) dependencies: Vec<Dependency>,
}

/// A dependency that a package's manifest names.
#[derive(Debug, Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// Absent for an ordinary one, else `dev` or `build`.
    pub(super) kind: Option<String>,
}

impl Metadata {
    /// The members of the workspace.
    pub(super) fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.source.is_none())
    }

    /// Everybody else's.
    pub(super) fn third_party(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.source.is_some())
    }
}

impl Dependency {
    pub(super) fn is_for_tests(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

/// Asks cargo.
pub(super) fn load() -> Result<Metadata> {
    let arguments = ["metadata", "--format-version", "1", "--all-features"];
    let output = step::command("cargo", &arguments).output().context("start cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("read the output of cargo metadata")
}
