//! The versions that are in the lock file, so that the table cannot name others.

#[cfg(not(feature = "oxcache"))]
const LOCK: &str = include_str!("../Cargo.lock");
#[cfg(feature = "oxcache")]
const LOCK: &str = include_str!("../../peers-oxcache/Cargo.lock");

/// The version of a package in the lock file.
pub(crate) fn of(package: &str) -> &'static str {
    let head = format!("name = \"{package}\"");
    let mut lines = LOCK.lines().skip_while(|line| *line != head);
    lines.nth(1).and_then(|line| line.strip_prefix("version = \"")).map_or("", |rest| rest.trim_end_matches('"'))
}
