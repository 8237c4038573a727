//! One `larder` process with proxies of its own on all links, to be killed and started again.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    slice,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use larder_test_support::{Fault, FaultProxy};
use tokio::time;

use crate::trouble::Server;

/// How long a node may take until it is ready; it may have to wait for a link to heal.
const READY_DEADLINE: Duration = Duration::from_secs(60);

/// Between two looks at a starting node.
const LOOK: Duration = Duration::from_millis(20);

/// What a node says once it serves.
const READY: &str = "ready address=";

/// What a relay says once it relays.
const RELAYING: &str = "relaying url=";

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    Serve,
    Relay,
}

/// A node, or a relay, and its links.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) duty: Duty,
    pub(crate) postgres: FaultProxy,
    /// One, or one for each sentinel.
    pub(crate) redis: Vec<FaultProxy>,
    pub(crate) program: PathBuf,
    pub(crate) settings: Vec<(String, String)>,
    /// What the process writes to standard error goes here; a file for each start.
    pub(crate) log: PathBuf,
    pub(crate) life: Mutex<Life>,
}

/// The present process of a node.
#[derive(Debug, Default)]
pub(crate) struct Life {
    child: Option<Child>,
    address: Option<SocketAddr>,
    starts: u32,
}

impl Node {
    /// Where it listens, while it does.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.life().address
    }

    /// Lets every way to `server` meet this fault.
    ///
    /// # Errors
    /// When a proxy has ended.
    pub(crate) async fn meet(&self, server: Server, fault: Fault) -> Result<()> {
        let proxies = match server {
            Server::Postgres => slice::from_ref(&self.postgres),
            Server::Redis => &self.redis,
        };
        for proxy in proxies {
            proxy.set(fault).await?;
        }
        Ok(())
    }

    /// Kills the process with SIGKILL.
    pub(crate) fn kill(&self) -> Result<()> {
        self.life().end()
    }

    /// Starts a process and waits until it is ready.
    ///
    /// # Errors
    /// When it ends before, or takes too long; the message has its log.
    pub(crate) async fn start(&self) -> Result<()> {
        let log = {
            let mut life = self.life();
            life.starts += 1;
            let log = self.log.with_extension(format!("{}.log", life.starts));
            life.child = Some(self.spawn(File::create(&log).context("make a node's log")?)?);
            log
        };
        let give_up = Instant::now() + READY_DEADLINE;
        loop {
            let said = fs::read_to_string(&log).context("read a node's log")?;
            let address = ready_address(&said);
            if address.is_some() || self.duty == Duty::Relay && said.contains(RELAYING) {
                self.life().address = address;
                return Ok(());
            }
            let has_ended = self.life().child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if has_ended || Instant::now() > give_up {
                bail!("a node did not become ready: {said}");
            }
            time::sleep(LOOK).await;
        }
    }

    /// The process ends with the thread that starts it, and so with this process, however that ends.
    fn spawn(&self, log: File) -> Result<Child> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program).arg(match self.duty {
            Duty::Serve => "serve",
            Duty::Relay => "relay",
        });
        command.env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.log.parent().context("a log without a folder")?);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.spawn().with_context(|| format!("start {}", self.program.display()))
    }

    fn life(&self) -> std::sync::MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Life {
    fn end(&mut self) -> Result<()> {
        self.address = None;
        if let Some(mut child) = self.child.take() {
            child.kill().context("kill a node")?;
            child.wait().context("wait for a killed node")?;
        }
        Ok(())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // It is gone when this process is, in any case.
        drop(self.end());
    }
}

fn ready_address(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains(READY))?;
    line.split(READY).nth(1)?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_in_the_ready_line() {
        let log = "t  INFO x: applied\nt  INFO larder_server::serve: ready address=127.0.0.1:41 workers=2\n";
        assert_eq!(ready_address(log), Some("127.0.0.1:41".parse().unwrap()));
        assert_eq!(ready_address("t  INFO x: applied\n"), None);
    }
}
