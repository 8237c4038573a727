//! A command that does not outlive this process, nor do its children.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::process::CommandExt as _,
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result};

/// Runs `words` in a process group of its own, passes its output on, and hands each line of it to `see`.
///
/// Ctrl-C reaches this process only; the group goes because the pipe to it closes, as it does after `kill -9`.
///
/// # Errors
/// When it can't be started.
pub(crate) fn run(words: &[&str], environment: &[(&str, String)], mut see: impl FnMut(&str)) -> Result<ExitStatus> {
    eprintln!("$ {}", words.join(" "));
    let mut shell = Command::new("bash")
        .args(["-c", include_str!("guarded.sh"), "guarded"])
        .args(words)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("start bash")?;
    // Held until the command has ended; waiting would close it otherwise.
    let lifeline = shell.stdin.take();
    let mut output = shell.stdout.take().context("the command's output")?;
    let mut chunk = [0; 8192];
    let mut line = Vec::new();
    loop {
        let length = output.read(&mut chunk).context("read the command's output")?;
        if length == 0 {
            break;
        }
        io::stdout().write_all(&chunk[..length]).and_then(|()| io::stdout().flush()).context("pass output on")?;
        for &byte in &chunk[..length] {
            if byte == b'\n' {
                see(&String::from_utf8_lossy(&line));
                line.clear();
            } else {
                line.push(byte);
            }
        }
    }
    let status = shell.wait().context("wait for the command")?;
    drop(lifeline);
    Ok(status)
}
