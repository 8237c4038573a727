//! A headless Chromium of a test's own, driven over the DevTools protocol.

mod connection;
mod tab;

use std::{fs, os::unix::fs::MetadataExt, path::Path, process::Stdio};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::process::{Child, Command};

use self::connection::Connection;
pub use self::tab::Tab;
use crate::programs::find_browser;

/// A browser without a window; it ends when this is dropped, and also when the process of the test is killed.
#[derive(Debug)]
pub struct Browser {
    connection: Connection,
    // Held, as dropping it kills the shell.
    _shell: Child,
}

impl Browser {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no Chromium; the message says how to get it.
    pub async fn start() -> Result<Self> {
        let program = find_browser()?;
        let mut shell = command(&program)?.spawn().context("start the browser (needs bash)")?;
        let orders = shell.stdin.take().context("the browser's standard input")?;
        let answers = shell.stdout.take().context("the browser's standard output")?;
        let connection = Connection::new(orders, answers);
        connection.call(None, "Browser.getVersion", json!({})).await.context("the browser does not speak")?;
        Ok(Self { connection, _shell: shell })
    }

    /// Opens an empty tab of `width` × `height` CSS pixels.
    ///
    /// # Errors
    /// When the browser refuses, or has died.
    pub async fn tab(&self, width: u32, height: u32) -> Result<Tab> {
        Tab::open(self.connection.clone(), width, height).await
    }
}

fn command(program: &Path) -> Result<Command> {
    let is_root = fs::metadata("/proc/self").context("see who runs the tests")?.uid() == 0;
    let mut command = Command::new("bash");
    command.args(["-c", include_str!("browser.sh"), "larder-browser"]).arg(program);
    command.args(["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--mute-audio"]);
    command.args([
        "--disable-extensions",
        "--disable-background-networking",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ]);
    command.args(["--disable-component-update", "--no-default-browser-check", "--hide-scrollbars"]);
    // Tabs of a browser that nobody looks at would otherwise be slowed down.
    command.args(["--disable-background-timer-throttling", "--disable-renderer-backgrounding"]);
    if is_root {
        command.arg("--no-sandbox");
    }
    command.env_remove("BASH_ENV").process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    Ok(command)
}
