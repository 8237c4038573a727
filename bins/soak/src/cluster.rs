//! The servers and nodes of a run, all its own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
};

use anyhow::{Context, Result, ensure};
use larder_test_support::{FaultProxy, Postgres, PostgresOptions, TestDatabase};
use tempfile::TempDir;
use tokio::task::{JoinSet, spawn_blocking};
use tokio_postgres::{Client, NoTls};

use crate::{
    node::{Duty, Life, Node},
    redis::{SharedRedis, Topology},
    skew,
};

const ADMIN_TOKEN: &str = "an-admin-token-for-the-soak-only";

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The `larder` program.
    pub larder: PathBuf,
    /// Processes of it.
    pub nodes: usize,
    /// Processes of `larder relay`; with none, the nodes relay themselves.
    pub relays: usize,
    /// How Redis is set up.
    pub topology: Topology,
    /// How many there are at first.
    pub products: u32,
    /// Whether clocks of nodes are wrong from beginning to end.
    pub skewed_clocks: bool,
    /// Further environment of the processes, by name and value.
    pub settings: Vec<(String, String)>,
    /// Keeps the processes' logs here.
    pub logs: Option<PathBuf>,
}

/// PostgreSQL, Redis, nodes and relays.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    pub(crate) relays: Vec<Node>,
    pub(crate) redis: SharedRedis,
    pub(crate) postgres: Postgres,
    database: TestDatabase,
    /// The nodes' logs, if nobody wants to keep them.
    _folder: Option<TempDir>,
}

impl Cluster {
    /// Starts everything and waits until all nodes are ready.
    ///
    /// # Errors
    /// When a server or a node does not start.
    pub(crate) async fn start(setup: &Setup) -> Result<Self> {
        let (program, logs) = (setup.larder.as_path(), setup.logs.as_deref());
        let postgres = Postgres::start(PostgresOptions::default()).await?;
        let redis = SharedRedis::start(setup.topology).await?;
        let database = postgres.fresh_database().await?;
        let own_folder = if logs.is_none() { Some(TempDir::new().context("make a folder")?) } else { None };
        let folder = logs.or(own_folder.as_ref().map(TempDir::path)).context("a folder for logs")?;
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        seed(program, folder, &database.url(), setup.products).await?;
        let mut cluster = Self { nodes: Vec::new(), relays: Vec::new(), redis, postgres, database, _folder: None };
        let faketime = if setup.skewed_clocks { skew::library() } else { None };
        if setup.skewed_clocks && faketime.is_none() {
            eprintln!("clocks are not skewed: libfaketime is not installed");
        }
        for number in 0..setup.nodes {
            let mut node = cluster.prepare(setup, Duty::Serve, folder.join(format!("node-{number}")))?;
            node.settings.extend(faketime.iter().flat_map(|library| skew::environment(library, number)));
            node.start().await?;
            cluster.nodes.push(node);
        }
        for number in 0..setup.relays {
            let relay = cluster.prepare(setup, Duty::Relay, folder.join(format!("relay-{number}")))?;
            relay.start().await?;
            cluster.relays.push(relay);
        }
        Ok(Self { _folder: own_folder, ..cluster })
    }

    /// A node, or a relay: these are numbered after the nodes.
    pub(crate) fn process(&self, number: usize) -> &Node {
        self.nodes.get(number).unwrap_or_else(|| &self.relays[number - self.nodes.len()])
    }

    /// A connection to the database, without a proxy; the driver ends with `drivers`.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(crate) async fn connect(&self, drivers: &mut JoinSet<()>) -> Result<Client> {
        let (client, connection) =
            tokio_postgres::connect(&self.database.url(), NoTls).await.context("connect to the database")?;
        // A broken connection fails the statement that waits on it.
        drivers.spawn(async move { drop(connection.await) });
        Ok(client)
    }

    /// A process that is not started yet, with its proxies.
    fn prepare(&self, setup: &Setup, duty: Duty, log: PathBuf) -> Result<Node> {
        let postgres = FaultProxy::start(self.postgres.address())?;
        let redis: Vec<FaultProxy> = self.redis.doors().into_iter().map(FaultProxy::start).collect::<Result<_>>()?;
        let doors: Vec<_> = redis.iter().map(FaultProxy::address).collect();
        let settings = [
            ("LARDER__SERVER__BIND", "127.0.0.1:0".to_owned()),
            ("LARDER__SERVER__WORKERS", "2".to_owned()),
            ("LARDER__DATABASE__URL", self.database.url_at(postgres.address())),
            ("LARDER__DATABASE__POOL_SIZE", "8".to_owned()),
            ("LARDER__REDIS__URL", self.redis.url_at(&doors)),
            ("LARDER__CACHE__LEVELS", "two-level".to_owned()),
            ("LARDER__WARM_UP__PRODUCTS", "0".to_owned()),
            ("LARDER__CACHE__RELAY", (setup.relays == 0).to_string()),
            ("LARDER__AUTH__ADMIN_TOKEN", ADMIN_TOKEN.to_owned()),
        ];
        let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value));
        let settings = settings.chain(setup.settings.iter().cloned()).collect();
        let (program, life) = (setup.larder.clone(), Mutex::new(Life::default()));
        Ok(Node { duty, postgres, redis, program, settings, log, life })
    }
}

/// The head line that lets its bearer write.
pub(crate) fn authorization() -> String {
    format!("authorization: Bearer {ADMIN_TOKEN}\r\n")
}

async fn seed(program: &Path, folder: &Path, url: &str, products: u32) -> Result<()> {
    let mut command = Command::new(program);
    command.args(["seed", "--products", &products.to_string()]).current_dir(folder).stdin(Stdio::null());
    command.env_clear().env("LARDER__DATABASE__URL", url);
    let output = spawn_blocking(move || command.output()).await?.context("run larder seed")?;
    ensure!(output.status.success(), "larder seed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
