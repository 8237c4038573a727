//! Opens connections on the runtime that made the pool, whichever runtime asks for one.

use std::{
    future::{Future, poll_fn},
    panic,
    pin::Pin,
};

use deadpool_postgres::Connect;
use tokio::{
    runtime::Handle,
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tokio_postgres::{
    AsyncMessage, Client, Config, Error, NoTls, Socket,
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
        // What a connection of the pool is notified of, nobody listens for.
        Box::pin(self.open(config.clone(), watch::Sender::default()))
    }
}

impl Connector {
    /// Opens a connection and starts to drive it. Each notification that it gets goes to `notified`, which is dropped when it ends.
    pub(crate) async fn open(&self, config: Config, notified: watch::Sender<()>) -> Opened {
        // A set of one: unlike a bare handle it aborts the attempt when a timeout drops this future.
        let mut attempt = JoinSet::new();
        attempt.spawn_on(self.clone().attempt(config, notified), &self.runtime);
        match attempt.join_next().await {
            Some(Ok(opened)) => opened,
            Some(Err(failed)) if failed.is_panic() => panic::resume_unwind(failed.into_panic()),
            // The runtime shuts down and takes its timers along; the caller's timeout ends the wait.
            Some(Err(_)) | None => std::future::pending().await,
        }
    }

    async fn attempt(self, config: Config, notified: watch::Sender<()>) -> Opened {
        match self.tls {
            Some(tls) => open(&config, tls, &self.runtime, notified).await,
            None => open(&config, NoTls, &self.runtime, notified).await,
        }
    }
}

async fn open<T>(config: &Config, tls: T, runtime: &Handle, notified: watch::Sender<()>) -> Opened
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, mut connection) = config.connect(tls).await?;
    let driver = runtime.spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(_)) => notified.send_replace(()),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a database connection broke");
                    break;
                }
            }
        }
    });
    Ok((client, driver))
}
