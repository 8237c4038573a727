//! The machine, and the versions of everything that ran on it.

use std::{fs, process::Command};

use anyhow::Result;

use crate::{
    meters::RedisMeter,
    results::Machine,
    systems::{Larder, Stage},
};

/// Programs that say which version they are, in their first line, when asked by `-v`.
const PROGRAMS: [&str; 2] = ["wrk", "nginx"];

/// Where the versions of the recipes' packages are pinned.
const REQUIREMENTS: &str = "benches/peers/fastapi/requirements.txt";

/// Packages of the recipes that decide how fast they are.
const PACKAGES: [&str; 9] =
    ["fastapi", "uvicorn", "uvloop", "httptools", "asyncpg", "redis", "hiredis", "orjson", "sqlalchemy"];

/// # Errors
/// When a server does not say what it is.
pub(crate) async fn facts(stage: &Stage) -> Result<Machine> {
    let mut facts = vec![
        ("processor", processor(&read("/proc/cpuinfo"))),
        ("memory", memory(&read("/proc/meminfo"))),
        ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
        ("larder", Larder::version(&stage.larder.program)?),
        ("PostgreSQL", stage.database_meter.version().await?),
        ("Redis", RedisMeter::version(&stage.redis().await?).await?),
    ];
    for program in PROGRAMS {
        facts.extend(version(program).map(|version| (program, version)));
    }
    facts.push(("recipes", packages(&read(REQUIREMENTS))));
    Ok(Machine { facts: facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() })
}

/// The commit of the sources that lie here, and whether there is more than was committed.
pub(crate) fn commit() -> String {
    // What a run itself writes is no change.
    let changes = git(&["status", "--porcelain", "--", ".", ":(exclude)*.md", ":(exclude)benches/report"]);
    commit_of(git(&["rev-parse", "--short=12", "HEAD"]), changes.as_deref())
}

fn commit_of(head: Option<String>, changes: Option<&str>) -> String {
    match (head, changes) {
        (None, _) => "unknown".to_owned(),
        (Some(head), Some("")) => head,
        (Some(head), _) => format!("{head}, changed since"),
    }
}

/// What git says; nothing where there is none, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What is there; nothing if it can't be read.
fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

fn processor(cpuinfo: &str) -> String {
    let names: Vec<&str> = cpuinfo
        .lines()
        .filter_map(|line| line.strip_prefix("model name"))
        .filter_map(|rest| rest.split_once(": "))
        .map(|(_, name)| name)
        .collect();
    format!("{} × {}", names.len(), names.first().unwrap_or(&"unknown"))
}

fn memory(meminfo: &str) -> String {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
    let gibibytes = total.and_then(|kibibytes| kibibytes.parse::<f64>().ok()).unwrap_or_default() / f64::from(1 << 20);
    format!("{gibibytes:.0} GiB")
}

/// The first number in what `program` says of itself; some end with a failure after it.
fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("-v").output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    numbered(&String::from_utf8_lossy(&said)).map(str::to_owned)
}

/// The first word with a digit in front, or one behind a slash.
fn numbered(text: &str) -> Option<&str> {
    let words = text.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    words.into_iter().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
}

/// The pinned versions of the packages that matter.
fn packages(requirements: &str) -> String {
    let pinned = requirements.lines().filter_map(|line| {
        let (name, version) = line.split_once("==")?;
        let name = name.split('[').next()?.trim().to_lowercase();
        let version = version.split([' ', ';']).next()?;
        PACKAGES.contains(&name.as_str()).then(|| format!("{name} {version}"))
    });
    pinned.collect::<Vec<String>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        assert_eq!(numbered("wrk 4.1.0 [epoll] Copyright (C) 2012"), Some("4.1.0"));
        assert_eq!(numbered("nginx version: nginx/1.22.1\n"), Some("1.22.1"));
        assert_eq!(numbered("none"), None);
    }

    #[test]
    fn packages_are_named_with_their_versions() {
        let requirements = "# why\nFastAPI==0.1.2\nuvicorn[standard]==3.4 ; python\nother==1\n";
        assert_eq!(packages(requirements), "fastapi 0.1.2, uvicorn 3.4");
    }

    #[test]
    fn a_commit_tells_whether_it_is_all() {
        let head = || Some("0a1b2c".to_owned());
        assert_eq!(commit_of(head(), Some("")), "0a1b2c");
        assert_eq!(commit_of(head(), Some("?? benches/new.rs")), "0a1b2c, changed since");
        assert_eq!(commit_of(None, None), "unknown");
    }

    #[test]
    fn the_machine_is_named() {
        let cpuinfo = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nmodel name\t: A CPU @ 2 GHz\n";
        assert_eq!(processor(cpuinfo), "2 × A CPU @ 2 GHz");
        assert_eq!(memory("MemTotal:       16777216 kB\nMemFree: 1 kB\n"), "16 GiB");
    }
}
