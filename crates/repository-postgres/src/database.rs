//! The database itself: its pool, and what holds for every connection.

use std::{
    error::Error as StdError,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use larder_repository::{Database, Error, ErrorKind, PoolStatus, Waits};
use tokio::{runtime::Handle, time::timeout};
use tokio_postgres::Config;

use crate::{
    PostgresOptions,
    connection_url::ConnectionUrl,
    connector::Connector,
    failure::Failure,
    listener::Listener,
    loan::{Loan, Term},
    migrations, rows, sqlstate, tls,
};

/// How much longer than a statement may take a caller waits for a server that does not even say so.
pub(crate) const SILENCE_LIMIT: Duration = Duration::from_secs(2);
/// How long a migration may take, its wait for the one process that migrates included.
const MIGRATION_LIMIT: Duration = Duration::from_secs(30 * 60);

const SIGNING_KEY: &str = include_str!("../queries/signing_key.sql");

/// No compiling: it takes longer than any question of ours. And memory for a bitmap that knows each row of a few million products; one that
/// knows pages only has the grams of each row made anew. And a short list of what waits to be indexed, because each search goes over it.
const SEARCHING: &str = "-c jit=off -c work_mem=32MB -c gin_pending_list_limit=64kB";

const OPEN: &str = "open the database";
const MIGRATE: &str = "migrate the database";

/// A PostgreSQL database and its pool of connections. Clones share the pool.
///
/// # Consistency
/// Each connection has `statement_timeout`, `idle_in_transaction_session_timeout`, `jit`, `work_mem`, `gin_pending_list_limit` and
/// `application_name` set, TCP keepalive on, and belongs to the runtime that was current in [`new`](Self::new), whichever runtime uses it.
#[derive(Clone)]
pub struct PostgresDatabase {
    pool: Pool,
    waits: Arc<Waits>,
    /// Opens connections outside of the pool, as those inside are.
    connector: Connector,
    config: Config,
    connect_timeout: Duration,
    statement_timeout: Duration,
}

impl PostgresDatabase {
    /// Reads the URL and makes the pool. Connections are opened when they are first needed.
    ///
    /// # Errors
    /// `Internal` when the URL cannot be read, asks for TLS that cannot be had (the cause says what is wrong, and never shows the URL), or
    /// when no tokio runtime is current.
    pub fn new(options: PostgresOptions) -> Result<Self, Error> {
        let runtime = Handle::try_current().map_err(unusable)?;
        let ConnectionUrl { mut config, tls } = ConnectionUrl::parse(&options.url).map_err(unusable)?;
        let tls = tls.map(tls::connector).transpose().map_err(unusable)?;
        set_session_defaults(&mut config, &options);
        // Fast: a recycled connection is not asked anything, because that would cost each use case a round trip more.
        let connector = Connector { runtime, tls };
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_connect(config.clone(), connector.clone(), recycling))
            .max_size(options.pool_size)
            .wait_timeout(Some(options.wait_timeout))
            .create_timeout(Some(options.connect_timeout))
            .recycle_timeout(Some(options.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(unusable)?;
        let PostgresOptions { connect_timeout, statement_timeout, .. } = options;
        Ok(Self { pool, waits: Arc::default(), connector, config, connect_timeout, statement_timeout })
    }

    /// How long one statement may take.
    pub(crate) fn statement_timeout(&self) -> Duration {
        self.statement_timeout
    }

    /// A connection of its own that listens on `channel`.
    pub(crate) async fn listen(&self, attempted: &'static str, channel: &str) -> Result<Listener, Error> {
        let silent = |elapsed| Error::caused(ErrorKind::Unavailable, attempted, elapsed);
        let opening = Listener::open(&self.connector, self.config.clone(), channel);
        let opened = timeout(self.connect_timeout, opening).await.map_err(silent)?;
        opened.map_err(|failure| match failure {
            // As for connections of the pool: whatever else is in the way, nothing was asked yet.
            Failure::Query(cause) if cause.as_db_error().is_none() => {
                Error::caused(ErrorKind::Unavailable, attempted, cause)
            }
            failure => failure.while_attempting(attempted),
        })
    }

    /// A connection for one use case of a few short statements.
    pub(crate) async fn lend(&self, attempted: &'static str) -> Result<Loan, Error> {
        self.lend_for(attempted, self.statement_timeout + SILENCE_LIMIT).await
    }

    /// A connection for a use case that may take up to `limit`.
    pub(crate) async fn lend_for(&self, attempted: &'static str, limit: Duration) -> Result<Loan, Error> {
        let asked_at = Instant::now();
        let client = self.pool.get().await;
        self.waits.ended(asked_at);
        let client = client.map_err(|error| sqlstate::no_connection(error, attempted))?;
        Ok(Loan::new(client, Term::starting_now(attempted, limit)))
    }
}

fn unusable(cause: impl StdError + Send + Sync + 'static) -> Error {
    Error::caused(ErrorKind::Internal, OPEN, cause)
}

/// What the URL does not say is set here. Settings go along with the first message of a connection: no round trip, and no `RESET`
/// undoes them.
fn set_session_defaults(config: &mut Config, options: &PostgresOptions) {
    if config.get_application_name().is_none() {
        config.application_name(&options.application_name);
    }
    let limit = options.statement_timeout.as_millis();
    let timeouts = format!("-c statement_timeout={limit} -c idle_in_transaction_session_timeout={limit}");
    let ours = format!("{timeouts} {SEARCHING}");
    let theirs = config.get_options().unwrap_or_default();
    config.options(format!("{ours} {theirs}").trim_end().to_owned());
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(options.connect_timeout);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(options.statement_timeout + SILENCE_LIMIT);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_idle(Duration::from_secs(30));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3);
    }
}

#[async_trait]
impl Database for PostgresDatabase {
    async fn migrate(&self) -> Result<u32, Error> {
        let client = self.pool.get().await.map_err(|error| sqlstate::no_connection(error, MIGRATE))?;
        // Taken out of the pool: closing it at the end, or when this future is dropped, also gives the lock back.
        let mut client = Client::take(client);
        Term::starting_now(MIGRATE, MIGRATION_LIMIT).bound(migrations::apply(&mut client)).await
    }

    async fn ping(&self) -> Result<(), Error> {
        let client = self.lend("reach the database").await?;
        client.term().bound(async { Ok(client.batch_execute("SELECT 1").await?) }).await
    }

    fn pool_status(&self) -> PoolStatus {
        let status = self.pool.status();
        PoolStatus {
            max_size: status.max_size,
            size: status.size,
            idle: status.available,
            waiting: status.waiting,
            waits: self.waits.summary(),
        }
    }

    async fn signing_key(&self) -> Result<[u8; 32], Error> {
        let client = self.lend("read the signing key").await?;
        let read = async {
            let row =
                client.query_opt(SIGNING_KEY, &[]).await?.ok_or_else(|| Failure::row("there is no signing key"))?;
            rows::cell::<&[u8]>(&row, 0)?.try_into().map_err(Failure::row)
        };
        client.term().bound(read).await
    }

    async fn close(&self) {
        self.pool.close();
    }
}

impl fmt::Debug for PostgresDatabase {
    /// Shows the pool only: the connection's settings hold names of hosts and users.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresDatabase").field("pool", &self.pool_status()).finish_non_exhaustive()
    }
}
