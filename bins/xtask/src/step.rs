//! Running one program of a larger command.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// Makes the folder of the workspace the current one, for this process and all that it starts.
///
/// Cargo is asked, because a folder noted when this was built is another's when checkouts share a target folder.
///
/// # Errors
/// When this is not run from within a workspace.
pub(crate) fn enter_workspace() -> Result<()> {
    let arguments = ["locate-project", "--workspace", "--message-format=plain"];
    let output = command("cargo", &arguments).output().context("start cargo locate-project")?;
    ensure!(output.status.success(), "cargo locate-project: {}", String::from_utf8_lossy(&output.stderr));
    let manifest = String::from_utf8(output.stdout).context("the path of the workspace is not UTF-8")?;
    let folder = Path::new(manifest.trim_end()).parent().context("a manifest without a folder")?;
    std::env::set_current_dir(folder).with_context(|| format!("go to {}", folder.display()))
}

/// A program with nothing to read.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Says what runs, runs it, and fails if it does.
///
/// # Errors
/// When it can't be started, or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let words: Vec<_> = [command.get_program()].into_iter().chain(command.get_args()).collect();
    let line = words.join(" ".as_ref()).display().to_string();
    eprintln!("$ {line}");
    let status = command.status().with_context(|| format!("start {line}"))?;
    ensure!(status.success(), "{line}: {status}");
    Ok(())
}

/// Where cargo puts what it builds.
///
/// # Errors
/// When cargo does not say.
pub(crate) fn target_folder() -> Result<PathBuf> {
    let arguments = ["metadata", "--format-version=1", "--no-deps"];
    let output = command("cargo", &arguments).output().context("start cargo metadata")?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).context("read cargo's metadata")?;
    let folder = metadata["target_directory"].as_str().context("cargo's metadata without a target folder")?;
    Ok(Path::new(folder).to_path_buf())
}
