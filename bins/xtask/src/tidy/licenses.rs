//! Licenses and sources of third parties, held against `deny.toml` also where cargo-deny is not installed.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

use super::metadata::{Metadata, Package};

/// What of `deny.toml` is read here.
#[derive(Debug, Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

/// The sentences for every package whose license or source is not allowed.
///
/// # Errors
/// When `deny.toml` can't be read.
pub(super) fn check(metadata: &Metadata, workspace: &Path) -> Result<Vec<String>> {
    let path = workspace.join("deny.toml");
    let deny = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let deny: Deny = toml::from_str(&deny).context("parse deny.toml")?;
    Ok(metadata.third_party().flat_map(|package| faults(package, &deny.licenses.allow)).collect())
}

fn faults(package: &Package, allowed: &[String]) -> Vec<String> {
    let Package { name, version, .. } = package;
    let mut faults = Vec::new();
    // No git and no folder; which registry it is, is for cargo's own configuration and cargo-deny to say.
    let is_from_registry = |source: &str| source.starts_with("registry+");
    if !package.source.as_deref().is_some_and(is_from_registry) {
        faults.push(format!("{name} {version} does not come from the registry"));
    }
    match package.license.as_deref() {
        Some(license) if is_allowed(license, allowed) => {}
        license => faults.push(format!("{name} {version}: license {license:?} is not in deny.toml's list")),
    }
    faults
}

fn is_allowed(license: &str, allowed: &[String]) -> bool {
    let is_listed = |required: &LicenseReq| allowed.iter().any(|name| *name == required.to_string());
    Expression::parse_mode(license, ParseMode::LAX).is_ok_and(|expression| expression.evaluate(is_listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_evaluated_not_compared() {
        let allowed = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
        assert!(is_allowed("MIT OR GPL-3.0-only", &allowed));
        assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed));
        assert!(is_allowed("MIT/Apache-2.0", &allowed));
        assert!(!is_allowed("MIT AND GPL-3.0-only", &allowed));
        assert!(!is_allowed("no such thing", &allowed));
    }
}
