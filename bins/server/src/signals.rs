//! SIGTERM and SIGINT: the first asks for a stop, the second ends the process at once.

use std::{io, process};

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
