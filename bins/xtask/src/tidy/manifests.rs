//! What every package's folder and manifest must have.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::metadata::Metadata;

/// What a stranger looks for first.
const PAGES: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "deny.toml",
    "clippy.toml",
    "rustfmt.toml",
    "rust-toolchain.toml",
];

/// The sentences for every page, README, lint table or version that is missing or in the wrong place.
///
/// # Errors
/// When a manifest can't be read.
pub(super) fn check(metadata: &Metadata, workspace: &Path) -> Result<Vec<String>> {
    let pages = PAGES.iter().filter(|page| !workspace.join(page).is_file());
    let mut broken: Vec<String> = pages.map(|page| format!("{page} is missing")).collect();
    for package in metadata.ours() {
        let name = &package.name;
        let folder = package.manifest_path.parent().context("a manifest without a folder")?;
        if !folder.join("README.md").is_file() {
            broken.push(format!("{name} has no README.md"));
        }
        let manifest = fs::read_to_string(&package.manifest_path).with_context(|| format!("read {name}'s manifest"))?;
        let manifest: Table = toml::from_str(&manifest).with_context(|| format!("parse {name}'s manifest"))?;
        if !is_inherited(manifest.get("lints")) {
            broken.push(format!("{name} does not inherit the lint table"));
        }
        broken.extend(own_versions(&manifest).map(|dependency| {
            format!("{name} gives {dependency} a version of its own; versions stand in the workspace's manifest")
        }));
    }
    Ok(broken)
}

/// Dependencies, of code, tests and build scripts, that don't say `workspace = true`.
fn own_versions(manifest: &Table) -> impl Iterator<Item = String> {
    let platforms = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = platforms.filter_map(Value::as_table).chain([manifest]);
    let dependencies = tables.flat_map(|table| {
        ["dependencies", "dev-dependencies", "build-dependencies"]
            .into_iter()
            .filter_map(|kind| table.get(kind)?.as_table())
            .flatten()
    });
    dependencies.filter(|(_, dependency)| !is_inherited(Some(dependency))).map(|(name, _)| name.clone())
}

fn is_inherited(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_wherever_they_hide() {
        let manifest = r#"
            [dependencies]
            inherited.workspace = true
            own = "1"
            [dev-dependencies]
            table = { version = "1", features = ["x"] }
            more = { workspace = true, features = ["x"] }
            [target.'cfg(unix)'.dependencies]
            platform = "2"
        "#;
        let mut names: Vec<String> = own_versions(&toml::from_str(manifest).unwrap()).collect();
        names.sort();
        assert_eq!(names, ["own", "platform", "table"]);
    }
}
