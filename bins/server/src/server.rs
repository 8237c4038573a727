//! The HTTP server: bound first, so that its address is known, and stopped in steps.

use std::{io, net::SocketAddr, time::Duration};

use actix_web::{App, HttpServer, dev::ServerHandle, web::Data};
use anyhow::Context;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{config::ServerConfig, envelope::Envelope, routes, services::Services};

/// Connections that the kernel holds until a worker takes them.
const BACKLOG: u32 = 1_024;

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
    services: Data<Services>,
    drain_delay: Duration,
    deadline: Duration,
}

impl Server {
    /// Binds, starts the workers, and marks `services` ready. Runs on the current tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn start(config: &ServerConfig, services: Data<Services>) -> anyhow::Result<Self> {
        let envelope = Envelope { deadline: config.request_timeout() };
        let shared = services.clone();
        let server =
            HttpServer::new(move || App::new().app_data(shared.clone()).wrap(envelope).configure(routes::configure))
                .workers(config.workers)
                .backlog(BACKLOG)
                .keep_alive(Duration::from_millis(config.keep_alive_ms))
                .client_request_timeout(Duration::from_millis(config.head_timeout_ms))
                .shutdown_timeout(config.shutdown_timeout_ms.div_ceil(1_000))
                .disable_signals()
                .bind(&config.bind)
                .with_context(|| format!("cannot listen on {}", config.bind))?;
        let address = server.addrs().first().copied().context("no address to listen on")?;
        let running = server.run();
        let handle = running.handle();
        let task = services.runtime().spawn(running);
        services.readiness.set(true);
        let drain_delay = Duration::from_millis(config.drain_delay_ms);
        Ok(Self { address, handle, task, services, drain_delay, deadline: config.shutdown_timeout() })
    }

    /// The address that it listens on; with port 0, the port that the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the server ends by itself, which it should not.
    pub async fn ended(&mut self) -> anyhow::Error {
        match (&mut self.task).await {
            Ok(Ok(())) => anyhow::anyhow!("the HTTP server ended by itself"),
            Ok(Err(cause)) => anyhow::Error::new(cause).context("the HTTP server ended by itself"),
            Err(cause) => anyhow::Error::new(cause).context("the HTTP server ended by itself"),
        }
    }

    /// Not ready, then no new connections and the requests in flight finished, then the writes that outlive their clients, then
    /// what keeps the node coherent, then the database: each step with a deadline and a line in the log.
    pub async fn stop(self) {
        self.services.readiness.set(false);
        tracing::info!(delay_ms = millis(self.drain_delay), "stopping: not ready");
        sleep(self.drain_delay).await;
        // A moment more than the server's own deadline, after which it drops what is left.
        let in_flight = timeout(self.deadline + Duration::from_secs(1), self.handle.stop(true)).await;
        tracing::info!(in_time = in_flight.is_ok(), "stopping: requests finished, no longer listening");
        let left = self.services.writes.finish(self.deadline).await;
        tracing::info!(left, "stopping: writes finished");
        let ended = timeout(self.deadline, self.services.cached.stop()).await;
        tracing::info!(in_time = ended.is_ok(), "stopping: tail, relay and sampler ended");
        let closed = timeout(self.deadline, self.services.database.close()).await;
        tracing::info!(in_time = closed.is_ok(), "stopped: database closed");
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
