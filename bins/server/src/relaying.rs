//! `larder relay`: hears what the database announces and tells Redis, without serving anything.

use std::time::Duration;

use anyhow::Context;
use larder_repository_cached::CachedProducts;
use tokio::{runtime::Handle, time::timeout};

use crate::{
    config::Config,
    services::{self, Storage},
    signals::StopSignals,
    start_up,
};

/// Relays until a signal asks for a stop, whatever `cache.relay` says.
///
/// # Errors
/// When no Redis is configured, or the database cannot be prepared. A Redis that cannot be reached is waited for.
pub(crate) async fn relay(mut config: Config) -> anyhow::Result<()> {
    let mut signals = StopSignals::catch().context("cannot catch signals")?;
    config.cache.relay = true;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let relay = tokio::select! {
        started = Relay::start(&config) => started?,
        signal = signals.next() => {
            tracing::info!(signal, "stopped before it relayed");
            return Ok(());
        }
    };
    let signal = signals.next().await;
    tracing::info!(signal, "stopping");
    tokio::select! {
        () = relay.stop() => Ok(()),
        () = signals.exit_at_next() => Ok(()),
    }
}

struct Relay {
    cached: CachedProducts,
    storage: Storage,
    deadline: Duration,
}

impl Relay {
    async fn start(config: &Config) -> anyhow::Result<Self> {
        services::require_redis(config)?;
        let storage = Storage::open(config)?;
        let migrated = start_up::migrate(storage.database.as_ref(), config.database.start_timeout()).await;
        let applied = migrated.context("cannot prepare the database")?;
        let cached = services::relay(config, &storage, &Handle::current())?;
        tracing::info!(url = %config.database.url, applied, "relaying");
        Ok(Self { cached, storage, deadline: config.server.shutdown_timeout() })
    }

    async fn stop(self) {
        let ended = timeout(self.deadline, self.cached.stop()).await;
        tracing::info!(in_time = ended.is_ok(), "stopping: tail and relay ended");
        let closed = timeout(self.deadline, self.storage.database.close()).await;
        tracing::info!(in_time = closed.is_ok(), "stopped: database closed");
    }
}
