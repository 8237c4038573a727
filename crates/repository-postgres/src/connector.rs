//! Opens connections on the runtime that made the pool, whichever runtime asks for one.

use std::{future::Future, panic, pin::Pin};

use deadpool_postgres::Connect;
use tokio::{
    runtime::Handle,
    task::{JoinHandle, JoinSet},
};
use tokio_postgres::{
    Client, Config, Error, NoTls, Socket,
    tls::{MakeTlsConnect, TlsConnect},
};
use tokio_postgres_rustls::MakeRustlsConnect;

type Opened = Result<(Client, JoinHandle<()>), Error>;

/// Opens connections, and drives them, on one runtime.
///
/// A connection lives on the runtime whose I/O driver its socket was registered with. A web server's workers have runtimes of their own:
/// a connection that one of them opened would end with that worker, and wait while that worker is busy.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) runtime: Handle,
    /// `None`: without TLS.
    pub(crate) tls: Option<MakeRustlsConnect>,
}

impl Connect for Connector {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Opened> + Send + '_>> {
        let config = config.clone();
        let connector = self.clone();
        Box::pin(async move {
            // A set of one: unlike a bare handle it aborts the attempt when the pool's timeout drops this future.
            let mut attempt = JoinSet::new();
            attempt.spawn_on(connector.open(config), &self.runtime);
            match attempt.join_next().await {
                Some(Ok(opened)) => opened,
                Some(Err(failed)) if failed.is_panic() => panic::resume_unwind(failed.into_panic()),
                // The runtime shuts down and takes its timers along; the pool's timeout ends the wait.
                Some(Err(_)) | None => std::future::pending().await,
            }
        })
    }
}

impl Connector {
    async fn open(self, config: Config) -> Opened {
        match self.tls {
            Some(tls) => open(&config, tls, &self.runtime).await,
            None => open(&config, NoTls, &self.runtime).await,
        }
    }
}

async fn open<T>(config: &Config, tls: T, runtime: &Handle) -> Opened
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await?;
    let driver = runtime.spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a database connection broke");
        }
    });
    Ok((client, driver))
}
