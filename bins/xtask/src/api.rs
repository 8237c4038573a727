//! `cargo x api`: the public API of the cache crate, held against the list of it in the tree.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result, ensure};
use public_api::Builder;

use crate::step;

/// The list, next to the crate that it is of.
const SNAPSHOT: &str = "crates/cache/public-api.txt";

/// A target folder of its own: build scripts look at the variable that is set here, and would run anew each time in a shared one.
const TARGET: &str = "target/public-api";

/// Rustdoc's JSON is unstable: the toolchain is pinned, and so are its format and the reader of it.
const RUSTDOC: [&str; 12] = [
    "rustdoc",
    "--quiet",
    "--package",
    "larder-cache",
    "--lib",
    "--all-features",
    "-Z",
    "unstable-options",
    "--output-format",
    "json",
    "--target-dir",
    TARGET,
];

/// Compares the API with the list, or with `bless` writes the list.
///
/// # Errors
/// When they differ, or the API cannot be read.
pub(crate) fn run(bless: bool) -> Result<()> {
    let present = present()?;
    if bless {
        return fs::write(SNAPSHOT, present).with_context(|| format!("write {SNAPSHOT}"));
    }
    let listed = fs::read_to_string(SNAPSHOT).with_context(|| format!("read {SNAPSHOT}"))?;
    let differences = differences(&listed, &present);
    for line in &differences {
        eprintln!("api: {line}");
    }
    ensure!(
        differences.is_empty() && listed == present,
        "the public API is not that of {SNAPSHOT}: if that is meant, run `cargo x api --bless`, and name it in CHANGELOG.md"
    );
    Ok(())
}

/// Each public item of the crate in a line of its own, in a fixed order. Implementations that each type has (blanket), or has for
/// being made of such parts (auto traits), are left out.
fn present() -> Result<String> {
    step::run(step::command("cargo", &RUSTDOC).env("RUSTC_BOOTSTRAP", "1"))?;
    let json = Path::new(TARGET).join("doc/larder_cache.json");
    let api = Builder::from_rustdoc_json(json).omit_blanket_impls(true).omit_auto_trait_impls(true).build();
    let api = api.context("read the JSON of rustdoc: does public-api in Cargo.toml fit the toolchain?")?;
    Ok(api.items().map(|item| format!("{item}\n")).collect())
}

/// The lines that only one of the two lists has, with `-` for the old one and `+` for the new one.
fn differences(old: &str, new: &str) -> Vec<String> {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (old.lines().collect(), new.lines().collect());
    let gone = old.difference(&new).map(|line| format!("- {line}"));
    gone.chain(new.difference(&old).map(|line| format!("+ {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_signature_is_named_twice_and_what_stays_is_not() {
        let (old, new) = ("pub fn a()\npub fn b()\n", "pub fn a(u8)\npub fn b()\n");
        assert_eq!(differences(old, new), ["- pub fn a()", "+ pub fn a(u8)"]);
        assert!(differences(old, old).is_empty());
    }
}
