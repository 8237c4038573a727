//! Private Redis servers.

mod cluster;
mod sentinel;
mod server;

use std::{net::Ipv4Addr, ops::Deref, path::Path, sync::Arc, time::Duration};

use anyhow::{Result, bail, ensure};
use tokio::{sync::OnceCell, task::spawn_blocking};
use uuid::Uuid;

pub use self::{cluster::RedisCluster, sentinel::RedisSentinels, server::RedisServer};
use crate::{
    account::Account,
    announced,
    guard::{Guard, poll_until},
    port::free_port,
    programs,
};

/// How long a server may take until it answers.
const READY_DEADLINE: Duration = Duration::from_secs(20);

/// How many ports are tried before a start fails.
const PORTS_TRIED: usize = 5;

/// What servers are told: to keep nothing on disk, and to let replicas follow at once.
const USUAL: [&str; 6] = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"];

/// What a private Redis has beyond the usual.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// Further words of the command line, such as `--maxmemory`, `10mb`.
    pub arguments: Vec<String>,
}

/// A Redis of one's own, on a free port of the loopback address, in a temporary folder; it keeps nothing on disk.
///
/// It is gone, with its folder, when this value is dropped or when the process ends, however it ends. Everything that
/// only talks to the server is on [`RedisServer`], to which this dereferences.
///
/// # Cancellation
/// A start, stop or restart whose future is dropped goes on to its end on a thread of its own.
#[derive(Debug)]
pub struct Redis {
    server: RedisServer,
    process: Arc<Process>,
}

#[derive(Debug)]
struct Process {
    guard: Guard,
    program: String,
    arguments: Vec<String>,
}

impl Redis {
    /// Starts a server, in some milliseconds.
    ///
    /// # Errors
    /// When Redis is not installed, or does not start; the message has the server's log.
    pub async fn start(options: RedisOptions) -> Result<Self> {
        Self::start_with(fresh_password(), [words(&[]), options.arguments].concat()).await
    }

    /// Starts a server whose password others know as well; `arguments` are its [`words`].
    async fn start_with(password: String, arguments: Vec<String>) -> Result<Self> {
        let configuration = format!("requirepass {password}\nmasterauth {password}\n");
        spawn_blocking(move || Self::start_blocking(password, &configuration, arguments)).await?
    }

    /// Starts a sentinel from its configuration.
    async fn start_sentinel(password: String, configuration: String) -> Result<Self> {
        spawn_blocking(move || Self::start_blocking(password, &configuration, vec!["--sentinel".to_owned()])).await?
    }

    /// The server that all tests of the run share: the one that `cargo x test` announced, else one of this process.
    ///
    /// Tests on it keep to their [namespace](RedisServer::fresh_namespace): no flush, no configuration, no counting of
    /// commands.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn shared() -> Result<&'static RedisServer> {
        static ANNOUNCED: OnceCell<RedisServer> = OnceCell::const_new();
        static PRIVATE: OnceCell<Redis> = OnceCell::const_new();
        match announced::url(announced::REDIS_URL) {
            Some(url) => ANNOUNCED.get_or_try_init(|| async { RedisServer::at(&url) }).await,
            None => Ok(PRIVATE.get_or_try_init(|| Self::start(RedisOptions::default())).await?),
        }
    }

    /// Stops the server as an operator would, with SIGTERM.
    ///
    /// # Errors
    /// When it does not go.
    pub async fn stop(&self) -> Result<()> {
        self.on_process(|process, _| process.end_with("TERM")).await
    }

    /// Kills the server with SIGKILL.
    ///
    /// # Errors
    /// When it does not go.
    pub async fn kill(&self) -> Result<()> {
        self.on_process(|process, _| process.end_with("KILL")).await
    }

    /// Starts the server again, empty, on the same port, after a kill if it is running.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart(&self) -> Result<()> {
        self.on_process(|process, server| {
            if process.guard.exit_status()?.is_none() {
                process.end_with("KILL")?;
            }
            poll_until(READY_DEADLINE, "Redis to start again", || process.launch(server))
        })
        .await
    }

    /// Stops the server in its tracks (SIGSTOP): connections stay open, nothing is answered.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn pause(&self) -> Result<()> {
        self.on_process(|process, _| process.guard.signal("STOP")).await
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn resume(&self) -> Result<()> {
        self.on_process(|process, _| process.guard.signal("CONT")).await
    }

    /// The temporary folder with everything that the server writes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.process.guard.folder()
    }

    async fn on_process<F>(&self, act: F) -> Result<()>
    where
        F: FnOnce(&Process, &RedisServer) -> Result<()> + Send + 'static,
    {
        let (process, server) = (Arc::clone(&self.process), self.server.clone());
        spawn_blocking(move || act(&process, &server)).await?
    }

    fn start_blocking(password: String, configuration: &str, arguments: Vec<String>) -> Result<Self> {
        let program = programs::find_redis()?.display().to_string();
        let account = Account::to_drop_to(&["redis", "nobody"])?;
        let guard = Guard::start("redis", "KILL", account.as_ref())?;
        // In a file, because a command line can be read by every user of the machine.
        guard.write("redis.conf", configuration.as_bytes())?;
        let process = Process { guard, program, arguments };
        for _ in 0..PORTS_TRIED {
            let server = RedisServer::new((Ipv4Addr::LOCALHOST, free_port()?).into(), password.clone());
            if process.launch(&server)?.is_some() {
                return Ok(Self { server, process: Arc::new(process) });
            }
        }
        bail!("start Redis: {}", process.guard.log())
    }
}

/// The command line of a server, but for file, address and port.
fn words(further: &[&str]) -> Vec<String> {
    USUAL.iter().chain(further).map(|word| (*word).to_owned()).collect()
}

fn fresh_password() -> String {
    Uuid::now_v7().simple().to_string()
}

impl Deref for Redis {
    type Target = RedisServer;

    fn deref(&self) -> &RedisServer {
        &self.server
    }
}

impl Process {
    /// Starts the server and waits until it answers; nothing if it may succeed on another try.
    fn launch(&self, server: &RedisServer) -> Result<Option<()>> {
        let port = server.port().to_string();
        let usual = ["redis.conf", "--bind", "127.0.0.1", "--port", &port];
        let program = [self.program.as_str()].into_iter();
        let command: Vec<String> =
            program.chain(usual).map(str::to_owned).chain(self.arguments.iter().cloned()).collect();
        self.guard.run(&command)?;
        let up = poll_until(READY_DEADLINE, "Redis to answer", || {
            if self.guard.exit_status()?.is_some() {
                return Ok(Some(false));
            }
            Ok(server.answers().then_some(true))
        })?;
        if up {
            return Ok(Some(()));
        }
        let log = self.guard.log();
        ensure!(log.contains("Address already in use"), "start Redis: {log}");
        Ok(None)
    }

    fn end_with(&self, signal: &str) -> Result<()> {
        self.guard.signal(signal)?;
        self.guard.await_exit()?;
        Ok(())
    }
}
