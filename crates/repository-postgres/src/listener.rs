//! A connection outside of the pool that listens for notifications.

use std::time::Duration;

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{self, Instant},
};
use tokio_postgres::{Client, Config};

use crate::{connector::Connector, failure::Failure};

/// A connection that listens on one channel. It is closed when dropped, whatever the network does.
#[derive(Debug)]
pub(crate) struct Listener {
    client: Client,
    notified: watch::Receiver<()>,
    driver: JoinHandle<()>,
}

impl Listener {
    /// Connects and listens. The caller sets the deadline.
    pub(crate) async fn open(connector: &Connector, config: Config, channel: &str) -> Result<Self, Failure> {
        let (notify, notified) = watch::channel(());
        let (client, driver) = connector.open(config, notify).await?;
        let listener = Self { client, notified, driver };
        listener.client.batch_execute(&format!("LISTEN {channel}")).await?;
        Ok(listener)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Waits for a notification since the last call, at most `longest`; answers whether one came, `None` when the connection is lost.
    pub(crate) async fn wait(&mut self, longest: Duration) -> Option<bool> {
        match time::timeout_at(Instant::now() + longest, self.notified.changed()).await {
            Ok(Ok(())) => Some(true),
            Ok(Err(_)) => None,
            Err(_) => Some(false),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
