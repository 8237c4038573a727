//! The real program, configured by its environment, everything else as it comes.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use super::Process;

/// The token of whoever writes; each server is private and gone with the run.
pub(crate) const ADMIN_TOKEN: &str = "token-of-the-benchmark-0001";

/// What Larder writes once it serves, before the address.
const READY: &str = "ready address=";

/// `cache.levels`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Levels {
    None,
    L1,
    L2,
    TwoLevel,
}

impl Levels {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::L1 => "l1",
            Self::L2 => "l2",
            Self::TwoLevel => "two-level",
        }
    }

    /// Whether there is a Redis.
    pub(crate) fn use_redis(self) -> bool {
        matches!(self, Self::L2 | Self::TwoLevel)
    }
}

/// A `larder` program, and what all its processes have in common.
#[derive(Debug, Clone)]
pub(crate) struct Larder {
    pub(crate) program: PathBuf,
    pub(crate) workers: usize,
}

impl Larder {
    /// Starts a node; `more` are further settings.
    ///
    /// # Errors
    /// When it does not become ready.
    pub(crate) async fn start(
        &self,
        levels: Levels,
        database_url: &str,
        redis_url: Option<&str>,
        more: &[(&'static str, String)],
    ) -> Result<Process> {
        let mut environment = vec![
            ("LARDER__SERVER__BIND", "127.0.0.1:0".to_owned()),
            ("LARDER__SERVER__WORKERS", self.workers.to_string()),
            ("LARDER__DATABASE__URL", database_url.to_owned()),
            ("LARDER__CACHE__LEVELS", levels.name().to_owned()),
            ("LARDER__AUTH__ADMIN_TOKEN", ADMIN_TOKEN.to_owned()),
        ];
        environment.extend(redis_url.map(|url| ("LARDER__REDIS__URL", url.to_owned())));
        environment.extend(more.iter().cloned());
        Process::start(&self.program, &["serve"], &environment, READY).await
    }

    /// Makes the schema and demo products.
    ///
    /// # Errors
    /// When the program says so.
    pub(crate) async fn seed(&self, database_url: &str, products: u32) -> Result<()> {
        // A million products take minutes: it is killed with the thread that starts it.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program);
        command.args(["seed", "--products", &products.to_string()]).stdin(Stdio::null());
        command.env_clear().env("LARDER__DATABASE__URL", database_url).kill_on_drop(true);
        let output = command.output().await.context("start larder seed")?;
        ensure!(output.status.success(), "larder seed: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// What it says of itself, as `larder 0.1.0`.
    ///
    /// # Errors
    /// When it can't be started.
    pub(crate) fn version(program: &Path) -> Result<String> {
        let output = std::process::Command::new(program).arg("--version").output().context("start larder")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}
