//! `larder serve`: start in order, run, stop in order.

use std::{io::stdout, net::SocketAddr, path::PathBuf, sync::Arc};

use actix_web::web::Data;
use anyhow::Context;
use tokio::runtime::Handle;

use crate::{
    access::AccessControl,
    admin_token, banner,
    config::{Config, LogFormat},
    seeding,
    server::Server,
    services::{Services, Storage},
    signals::{Hangups, StopSignals},
    start_up,
};

/// Serves until a signal asks for a stop.
///
/// # Errors
/// When a part of the start fails, or the server ends by itself.
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    let mut signals = StopSignals::catch().context("cannot catch signals")?;
    let mut hangups = Hangups::catch_if(config.server.uses_tls()).context("cannot catch signals")?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let mut server = tokio::select! {
        started = start(&config) => started?,
        signal = signals.next() => {
            tracing::info!(signal, "stopped before it was ready");
            return Ok(());
        }
    };
    let signal = loop {
        tokio::select! {
            signal = signals.next() => break signal,
            ended = server.ended() => return Err(ended),
            () = hangups.next() => server.reload_certificate(),
        }
    };
    tracing::info!(signal, "stopping");
    tokio::select! {
        () = server.stop() => Ok(()),
        () = signals.exit_at_next() => Ok(()),
    }
}

/// Database, migrations, demo products, token, services, HTTP, warm-up: in this order.
async fn start(config: &Config) -> anyhow::Result<Server> {
    let storage = Storage::open(config)?;
    let patience = config.database.start_timeout();
    let applied =
        start_up::migrate(storage.database.as_ref(), patience).await.context("cannot prepare the database")?;
    tracing::info!(url = %config.database.url, applied, "the database is ready");
    if storage.is_new {
        let added = seeding::seed(storage.import.as_ref(), config.database.demo_products).await?;
        tracing::info!(added, "made demo products");
    }
    let (token, token_file) = admin_token(config)?;
    let signing_key = storage.database.signing_key().await.context("cannot read the signing key")?;
    let access = AccessControl::new(token.as_deref(), Arc::clone(&storage.tokens), &config.auth)?;
    let services = Data::new(Services::new(config, storage, &signing_key, access, Handle::current())?);
    services.readiness.hold(config.warm_up.before_ready);
    let server = Server::start(config, services.clone())?;
    warm_up(config, &services, server.address()).await;
    tracing::info!(address = %server.address(), workers = config.server.workers, "ready");
    if config.log.format == LogFormat::Text {
        let url = banner::url(server.address(), config.server.uses_tls());
        let shown = banner::write(&mut stdout(), &url, token_file.as_deref());
        // Nobody may be reading.
        shown.unwrap_or_else(|cause| tracing::debug!(%cause, "no banner"));
    }
    Ok(server)
}

/// Warms the caches, before the server is ready or beside its first requests.
async fn warm_up(config: &Config, services: &Services, address: SocketAddr) {
    if config.warm_up.before_ready {
        tracing::info!(%address, "listening, and ready once the caches are warm");
        services.warm_ups.run().await;
        services.readiness.hold(false);
    } else {
        services.warm_ups.begin();
    }
}

/// The configured admin token; with SQLite, else the one kept beside the file, and where that is.
fn admin_token(config: &Config) -> anyhow::Result<(Option<String>, Option<PathBuf>)> {
    let configured = config.auth.admin_token.expose();
    if !configured.is_empty() {
        return Ok((Some(configured.to_owned()), None));
    }
    let Some(database) = config.sqlite_path() else { return Ok((None, None)) };
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref()).to_owned();
    let (token, path) = admin_token::kept_in(&folder)?;
    tracing::info!(path = %path.display(), "the admin token is in a file");
    Ok((Some(token.expose().to_owned()), Some(path)))
}
