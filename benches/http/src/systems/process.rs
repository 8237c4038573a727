//! A process of ours that says where it listens, and ends with this one.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::time::sleep;

/// How long a start may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Between two looks at a starting process.
const LOOK: Duration = Duration::from_millis(1);

/// A process that listens.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
    took: Duration,
    /// Its working folder, with its log.
    _folder: TempDir,
}

impl Process {
    /// Starts `program` with `arguments` and nothing but `environment`, and waits until it writes `announcement` and an address.
    ///
    /// It is killed with the thread that starts it, so this has to be called on one that lasts.
    ///
    /// # Errors
    /// When it ends before, or takes a minute; the message has its log.
    pub(crate) async fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, String)],
        announcement: &str,
    ) -> Result<Self> {
        let folder = tempfile::tempdir().context("make a folder")?;
        let log = folder.path().join("log");
        let output = File::create(&log).context("make a log")?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program).args(arguments);
        command.env_clear().envs(environment.iter().map(|(name, value)| (name, value))).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(output.try_clone().context("share a log")?).stderr(output);
        let began = Instant::now();
        let mut child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        loop {
            let said = fs::read_to_string(&log).context("read a log")?;
            if let Some(address) = announced(&said, announcement) {
                return Ok(Self { child, address, took: began.elapsed(), _folder: folder });
            }
            if began.elapsed() > DEADLINE || child.try_wait().context("look at a process")?.is_some() {
                end(&mut child);
                bail!("{} did not become ready: {said}", program.display());
            }
            sleep(LOOK).await;
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How long its start took.
    pub(crate) fn took(&self) -> Duration {
        self.took
    }

    /// Stops it as an operator would, and waits until it has gone.
    ///
    /// # Errors
    /// When it does not go in a minute.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &pid]).status().context("start kill")?;
        ensure!(sent.success(), "cannot stop process {pid}");
        let began = Instant::now();
        while self.child.try_wait().context("look at a process")?.is_none() {
            ensure!(began.elapsed() < DEADLINE, "process {pid} does not stop");
            sleep(LOOK).await;
        }
        Ok(())
    }

    pub(crate) fn pid(&self) -> i32 {
        // Linux's are far below the end of the range.
        i32::try_from(self.child.id()).unwrap_or(i32::MAX)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// It is gone when this process is, in any case.
fn end(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

/// The address behind `announcement`, once its whole line is there.
fn announced(log: &str, announcement: &str) -> Option<SocketAddr> {
    let (_, after) = log.split_once(announcement)?;
    let (line, _) = after.split_once('\n')?;
    line.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_counts_once_its_line_is_whole() {
        let log = "t  INFO x: applied\nt  INFO larder_server::serve: ready address=127.0.0.1:4123 workers=2";
        assert_eq!(announced(log, "ready address="), None);
        assert_eq!(announced(&format!("{log}\n"), "ready address="), Some("127.0.0.1:4123".parse().unwrap()));
    }
}
