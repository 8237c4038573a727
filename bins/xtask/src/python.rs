//! Virtual environments of Python, made once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result};

use crate::step;

/// The distribution's, built with its profile; one from source, earlier on the path, often is not.
const DISTRIBUTION: &str = "/usr/bin/python3";

/// The distribution's interpreter if it can make environments, else the usual one.
pub(crate) fn distribution() -> &'static str {
    let mut command = step::command(DISTRIBUTION, &["-c", "import ensurepip, venv"]);
    let makes_environments = command.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if makes_environments { DISTRIBUTION } else { "python3" }
}

/// Where the programs of the environment in `folder` are, after installing `packages` if they are not the ones that are there.
///
/// `python` makes it; `packages` is what `pip install` gets.
///
/// # Errors
/// When they cannot be had.
pub(crate) fn environment(python: &str, folder: &str, packages: &[&str]) -> Result<PathBuf> {
    let programs = Path::new(folder).join("bin");
    // Written last.
    let installed = Path::new(folder).join("installed");
    let wanted = wanted(packages)?;
    if fs::read_to_string(&installed).ok().as_ref() != Some(&wanted) {
        let needs = "needs python3 with venv (Debian: python3-venv), and access to a package index";
        step::run(&mut step::command(python, &["-m", "venv", "--clear", folder])).context(needs)?;
        let own = programs.join("python").display().to_string();
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        step::run(step::command(&own, &install).args(packages)).context(needs)?;
        fs::write(&installed, wanted).with_context(|| format!("write {}", installed.display()))?;
    }
    Ok(std::path::absolute(programs)?)
}

/// The packages by name, and what stands in the files that name more.
fn wanted(packages: &[&str]) -> Result<String> {
    let mut wanted = packages.join("\n");
    for file in packages.iter().filter(|word| word.ends_with(".txt")) {
        wanted.push('\n');
        wanted += &fs::read_to_string(file).with_context(|| format!("read {file}"))?;
    }
    Ok(wanted)
}
