//! Log lines on standard error: text for people or JSON for machines, filtered by configuration.

use std::{
    backtrace::Backtrace,
    io::{IsTerminal, stderr},
    panic,
};

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use crate::config::{LogConfig, LogFormat};

/// Installs the subscriber for this process; call once.
///
/// # Errors
/// When the filter cannot be parsed or a subscriber is installed already.
pub(crate) fn install(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(&config.filter).context("log.filter cannot be parsed")?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let installed = match config.format {
        LogFormat::Text => builder.with_ansi(stderr().is_terminal()).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    installed.map_err(|cause| anyhow::anyhow!("cannot install the log: {cause}"))?;
    panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        tracing::error!(%panic, %backtrace, "panicked");
    }));
    Ok(())
}
