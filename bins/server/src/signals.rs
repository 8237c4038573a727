//! SIGTERM and SIGINT: the first asks for a stop, the second ends the process at once. SIGHUP: files are read anew.

use std::{future::pending, io, process};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit code of a process that a second signal ended, as shells know it from SIGINT.
const IMPATIENT: i32 = 130;

/// Both signals, caught from now on.
#[derive(Debug)]
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Catches the signals.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next signal; answers its name.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Ends the process at the next signal.
    pub(crate) async fn exit_at_next(mut self) {
        let signal = self.next().await;
        tracing::warn!(signal, "second signal: ending at once");
        process::exit(IMPATIENT);
    }
}

/// SIGHUP, caught only where there is something to read anew: it ends a process that does not catch it.
#[derive(Debug)]
pub(crate) struct Hangups(Option<Signal>);

impl Hangups {
    /// Catches the signal if `wanted`.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub(crate) fn catch_if(wanted: bool) -> io::Result<Self> {
        wanted.then(|| signal(SignalKind::hangup())).transpose().map(Self)
    }

    /// Waits for the next one; for ever if they are not caught.
    pub(crate) async fn next(&mut self) {
        match &mut self.0 {
            Some(hangups) => {
                hangups.recv().await;
            }
            None => pending().await,
        }
    }
}
