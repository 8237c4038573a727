//! Sizes, headers and leftovers of source files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// Lines of a source file at most.
const LINES_MAX: usize = 600;

/// Folders with our sources.
const FOLDERS: [&str; 3] = ["crates", "bins", "benches"];

/// What must not be left behind; split, so that this file may hold it.
const LEFTOVERS: [&str; 6] = [
    concat!("todo", "!("),
    concat!("dbg", "!("),
    concat!("#[", "ignore"),
    concat!("#[", "allow("),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
];

/// The sentences for every file that breaks a rule.
///
/// # Errors
/// When a folder can't be read.
pub(super) fn check(workspace: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&workspace.join(folder), &mut files)?;
    }
    files.sort();
    let mut broken = Vec::new();
    for path in files {
        let source = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let shown = path.strip_prefix(workspace).unwrap_or(&path).display();
        if path.ends_with("mod.rs") {
            broken.push(format!("{shown}: is called mod.rs; its place is beside its folder"));
        }
        broken.extend(faults(&source).into_iter().map(|fault| format!("{shown}{fault}")));
    }
    Ok(broken)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn faults(source: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = source.lines().count();
    if lines > LINES_MAX {
        faults.push(format!(": {lines} lines, more than {LINES_MAX}"));
    }
    let header = source.lines().next().unwrap_or_default();
    if !header.starts_with("//! ") && !header.starts_with("#![doc = include_str!(") {
        faults.push(": does not open with a `//!` sentence".to_owned());
    }
    for (index, line) in source.lines().enumerate() {
        let found = LEFTOVERS.iter().find(|leftover| line.contains(**leftover));
        faults.extend(found.map(|leftover| format!(":{}: {leftover} is left behind", index + 1)));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_keeps_the_rules_passes() {
        assert!(faults("//! What it is.\nfn main() {}\n").is_empty());
        assert!(faults("#![doc = include_str!(\"../README.md\")]\n").is_empty());
    }

    #[test]
    fn each_broken_rule_is_named() {
        let source = format!("fn main() {{}}\n{}fix this)\n", LEFTOVERS[0]);
        assert_eq!(
            faults(&source),
            [": does not open with a `//!` sentence".to_owned(), format!(":2: {} is left behind", LEFTOVERS[0]),]
        );
        let long = format!("//! Long.\n{}", "\n".repeat(LINES_MAX));
        assert_eq!(faults(&long), [": 601 lines, more than 600"]);
    }
}
