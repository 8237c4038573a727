//! The HTTP server: bound first, so that its address is known, and stopped in steps.

use std::{io, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    middleware::Condition,
    web::{Data, ServiceConfig},
};
use anyhow::Context;
use tokio::{
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    admission::Admission,
    compression::Compression,
    config::{Config, ServerConfig},
    cross_origin,
    envelope::{Envelope, Rules},
    http2, listener, routes,
    services::Services,
    tls::Certificate,
    traffic::Meter,
};

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    task: JoinHandle<io::Result<()>>,
    services: Data<Services>,
    certificate: Option<Arc<Certificate>>,
    drain_delay: Duration,
    deadline: Duration,
}

impl Server {
    /// Binds, starts the workers, and marks `services` ready. Runs on the current tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the certificate cannot be used.
    pub fn start(config: &Config, services: Data<Services>) -> anyhow::Result<Self> {
        Self::serving(config, services, routes::configure)
    }

    /// The same with other routes in place of the API's, and all that stands around them as it is: what that costs is measured so.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn serving(
        config: &Config,
        services: Data<Services>,
        configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (limits, cors, shared) = (&config.server, config.cors.clone(), services.clone());
        let (rules, compression) = (Rules::new(config), Compression { bodies: services.compressed.clone() });
        let mut server = HttpServer::new(move || {
            let envelope = Envelope { rules, meter: Rc::new(Meter::new(&shared.traffic)) };
            let app = App::new().app_data(shared.clone()).wrap(Admission(shared.clone())).wrap(compression.clone());
            let cors = Condition::new(cors.is_on(), cross_origin::middleware(&cors));
            app.wrap(cors).wrap(envelope).configure(&configure)
        });
        server = server
            .workers(limits.workers)
            .max_connections(limits.max_connections.div_ceil(limits.workers))
            .max_connection_rate(limits.max_tls_handshakes.div_ceil(limits.workers))
            // A body or an event that takes several writes does not wait until the client has acknowledged the first.
            .tcp_nodelay(true)
            .keep_alive(Duration::from_millis(limits.keep_alive_ms))
            .client_request_timeout(Duration::from_millis(limits.head_timeout_ms))
            .tls_handshake_timeout(Duration::from_millis(limits.head_timeout_ms))
            .on_connect(http2::note)
            .shutdown_timeout(limits.shutdown_timeout_ms.div_ceil(1_000))
            .disable_signals();
        let certificate = certificate(limits)?;
        let unbound = || format!("cannot listen on {}", limits.bind);
        for listener in listener::listen(&limits.bind, limits.send_timeout()).with_context(unbound)? {
            server = match &certificate {
                Some(certificate) => server.listen_rustls_0_23(listener, certificate.server_config()?),
                None => server.listen(listener),
            }
            .with_context(unbound)?;
        }
        let address = server.addrs().first().copied().context("no address to listen on")?;
        let running = server.run();
        let handle = running.handle();
        let task = services.runtime().spawn(running);
        services.readiness.set(true);
        let drain_delay = Duration::from_millis(config.server.drain_delay_ms);
        let deadline = config.server.shutdown_timeout();
        Ok(Self { address, handle, task, services, certificate, drain_delay, deadline })
    }

    /// Reads the certificate anew, if there is one, and says what came of it. Connections that are open go on with the old one.
    pub fn reload_certificate(&self) {
        match self.certificate.as_ref().map(|certificate| certificate.reload()) {
            Some(Ok(())) => tracing::info!("the certificate was read anew"),
            Some(Err(cause)) => tracing::error!(cause = format!("{cause:#}"), "the old certificate stays"),
            None => {}
        }
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
    /// the views that were counted, then what keeps the node coherent, then the database: each step with a deadline and a line in the log.
    pub async fn stop(self) {
        self.services.readiness.set(false);
        tracing::info!(delay_ms = millis(self.drain_delay), "stopping: not ready");
        sleep(self.drain_delay).await;
        // Its streams would hold the next step until its deadline.
        self.services.live.stop().await;
        // A moment more than the server's own deadline, after which it drops what is left.
        let in_flight = timeout(self.deadline + Duration::from_secs(1), self.handle.stop(true)).await;
        tracing::info!(in_time = in_flight.is_ok(), "stopping: requests finished, no longer listening");
        self.services.warm_ups.stop();
        let left = self.services.writes.finish(self.deadline).await;
        tracing::info!(left, "stopping: writes finished");
        if let Some(views) = &self.services.views {
            let left = timeout(self.deadline, views.stop()).await;
            tracing::info!(in_time = left.is_ok(), left = left.unwrap_or_default(), "stopping: views passed on");
        }
        let ended = timeout(self.deadline, self.services.cached.stop()).await;
        tracing::info!(in_time = ended.is_ok(), "stopping: tail, relay and sampler ended");
        let closed = timeout(self.deadline, self.services.database.close()).await;
        tracing::info!(in_time = closed.is_ok(), "stopped: database closed");
    }
}

/// The certificate, if the server speaks TLS.
fn certificate(config: &ServerConfig) -> anyhow::Result<Option<Arc<Certificate>>> {
    let read = || Certificate::read(&config.tls_certificate, &config.tls_key).map(Arc::new);
    config.uses_tls().then(read).transpose()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
