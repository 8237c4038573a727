//! Private PostgreSQL servers.

mod server;
mod test_database;

use std::{fs, net::Ipv4Addr, ops::Deref, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use tokio::{sync::OnceCell, task::spawn_blocking};
use uuid::Uuid;

pub use self::{server::PostgresServer, test_database::TestDatabase};
use crate::{
    account::Account,
    announced,
    guard::{Guard, poll_until},
    port::free_port,
    programs,
};

/// How long a server may take until it answers; a crashed one replays its log first.
const READY_DEADLINE: Duration = Duration::from_secs(30);

/// How many ports are tried before a start fails.
const PORTS_TRIED: usize = 5;

/// Everything that makes a server durable and slow is off: it lives for one run.
const SETTINGS: [(&str, &str); 13] = [
    ("autovacuum_naptime", "10s"),
    ("dynamic_shared_memory_type", "mmap"),
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("jit", "off"),
    ("listen_addresses", "127.0.0.1"),
    ("max_connections", "300"),
    ("max_wal_senders", "0"),
    ("max_wal_size", "256MB"),
    ("shared_buffers", "64MB"),
    ("synchronous_commit", "off"),
    ("unix_socket_directories", ""),
    ("wal_level", "minimal"),
];

/// What a private PostgreSQL has beyond the usual.
#[derive(Clone, Debug, Default)]
pub struct PostgresOptions {
    /// Server settings by name, such as `shared_preload_libraries`; they win over the usual ones.
    pub settings: Vec<(String, String)>,
    /// Files put into the data folder before the start, by name and contents, such as `server.crt` and `server.key`.
    pub files: Vec<(String, Vec<u8>)>,
}

/// A PostgreSQL of one's own, on a free port of the loopback address, in a temporary folder.
///
/// It is gone, with its folder, when this value is dropped or when the process ends, however it ends. Everything that
/// only talks to the server is on [`PostgresServer`], to which this dereferences.
///
/// # Cancellation
/// A start, stop or restart whose future is dropped goes on to its end on a thread of its own.
#[derive(Debug)]
pub struct Postgres {
    server: PostgresServer,
    process: Arc<Process>,
}

#[derive(Debug)]
struct Process {
    guard: Guard,
    program: String,
    options: PostgresOptions,
}

impl Postgres {
    /// Makes a data folder and starts a server on it, in about a second.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, or does not start; the message has the server's log.
    pub async fn start(options: PostgresOptions) -> Result<Self> {
        spawn_blocking(move || Self::start_blocking(options)).await?
    }

    /// The server that all tests of the run share: the one that `cargo x test` announced, else one of this process.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn shared() -> Result<&'static PostgresServer> {
        static ANNOUNCED: OnceCell<PostgresServer> = OnceCell::const_new();
        static PRIVATE: OnceCell<Postgres> = OnceCell::const_new();
        match announced::url(announced::POSTGRES_URL) {
            Some(url) => ANNOUNCED.get_or_try_init(|| async { PostgresServer::at(&url) }).await,
            None => Ok(PRIVATE.get_or_try_init(|| Self::start(PostgresOptions::default())).await?),
        }
    }

    /// Stops the server as an operator would: connections are closed, nothing is lost.
    ///
    /// # Errors
    /// When it does not go.
    pub async fn stop(&self) -> Result<()> {
        self.end_with("INT").await
    }

    /// Kills the server process with SIGKILL, as a crash of the machine would.
    ///
    /// # Errors
    /// When it does not go.
    pub async fn kill(&self) -> Result<()> {
        self.end_with("KILL").await
    }

    /// Starts the server again on its data and its port, after a stop if it is running.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart(&self) -> Result<()> {
        let process = Arc::clone(&self.process);
        let port = self.server.address().port();
        spawn_blocking(move || {
            if process.guard.exit_status()?.is_none() {
                process.end_with("INT")?;
            }
            // The children of a killed server take a moment to notice, and hold its memory until then.
            poll_until(READY_DEADLINE, "PostgreSQL to start again", || process.launch(port))
        })
        .await?
    }

    /// The temporary folder with everything that the server writes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.process.guard.folder()
    }

    async fn end_with(&self, signal: &'static str) -> Result<()> {
        let process = Arc::clone(&self.process);
        spawn_blocking(move || process.end_with(signal)).await?
    }

    fn start_blocking(options: PostgresOptions) -> Result<Self> {
        let (initdb, postgres) = programs::find_postgres()?;
        let account = Account::to_drop_to(&["postgres", "nobody"])?;
        let guard = Guard::start("postgres", "QUIT", account.as_ref())?;
        let password = Uuid::now_v7().simple().to_string();
        make_data_folder(&guard, &initdb, &password)?;
        for (name, contents) in &options.files {
            guard.write(&format!("data/{name}"), contents)?;
        }
        let process = Process { guard, program: postgres.display().to_string(), options };
        for _ in 0..PORTS_TRIED {
            let port = free_port()?;
            if process.launch(port)?.is_some() {
                let server = PostgresServer::new((Ipv4Addr::LOCALHOST, port).into(), password);
                return Ok(Self { server, process: Arc::new(process) });
            }
        }
        bail!("start PostgreSQL: {}", process.guard.log())
    }
}

impl Deref for Postgres {
    type Target = PostgresServer;

    fn deref(&self) -> &PostgresServer {
        &self.server
    }
}

impl Process {
    /// Starts the server and waits until it accepts connections; nothing if it may succeed on another try.
    fn launch(&self, port: u16) -> Result<Option<()>> {
        let mut command = vec![self.program.clone(), "-D".into(), "data".into(), "-p".into(), port.to_string()];
        let usual = SETTINGS.iter().map(|(name, value)| format!("{name}={value}"));
        let own = self.options.settings.iter().map(|(name, value)| format!("{name}={value}"));
        command.extend(usual.chain(own).flat_map(|setting| ["-c".to_owned(), setting]));
        let pid = self.guard.run(&command)?;
        let postmaster = self.guard.folder().join("data/postmaster.pid");
        let up = poll_until(READY_DEADLINE, "PostgreSQL to accept connections", || {
            if self.guard.exit_status()?.is_some() {
                return Ok(Some(false));
            }
            Ok(is_ready(&postmaster, pid).then_some(true))
        })?;
        if up {
            return Ok(Some(()));
        }
        let log = self.guard.log();
        let may_pass = log.contains("could not bind") || log.contains("still in use") || log.contains("lock file");
        ensure!(may_pass, "start PostgreSQL: {log}");
        Ok(None)
    }

    fn end_with(&self, signal: &str) -> Result<()> {
        self.guard.signal(signal)?;
        self.guard.await_exit()?;
        Ok(())
    }
}

/// Reads what `pg_ctl` waits for, too: process id in the first line, status in the eighth. A killed server's file stays.
fn is_ready(postmaster: &Path, pid: u32) -> bool {
    let contents = fs::read_to_string(postmaster).unwrap_or_default();
    let mut lines = contents.lines();
    lines.next().is_some_and(|line| line == pid.to_string())
        && lines.nth(6).is_some_and(|line| line.trim_end() == "ready")
}

fn make_data_folder(guard: &Guard, initdb: &Path, password: &str) -> Result<()> {
    guard.write("password", password.as_bytes())?;
    // Checked in clear over loopback: it keeps other users out, and costs no time on each connection.
    let arguments = [
        "--pgdata=data",
        "--no-sync",
        "--wal-segsize=1",
        "--username=larder",
        "--pwfile=password",
        "--auth=password",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ];
    let initdb = initdb.to_str().context("the path of initdb is not UTF-8")?;
    let command: Vec<String> = [initdb].into_iter().chain(arguments).map(str::to_owned).collect();
    guard.run(&command)?;
    let status = guard.await_exit()?;
    ensure!(status == 0, "make a PostgreSQL data folder with {initdb}: {}", guard.log());
    Ok(())
}
