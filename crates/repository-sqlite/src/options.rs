//! Where the file is, and how many may use it.

use std::{num::NonZero, path::PathBuf, thread, time::Duration};

/// How a [`SqliteDatabase`](crate::SqliteDatabase) is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// The file; it and its folder are made if they are not there.
    pub path: PathBuf,
    /// How many connections read at the same time, at least one. One more connection writes.
    pub readers: usize,
    /// How long a call waits for a connection, and a write for the lock of another process.
    pub wait_timeout: Duration,
}

impl SqliteOptions {
    /// As many readers as the machine has cores, and five seconds of patience.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: thread::available_parallelism().map_or(1, NonZero::get),
            wait_timeout: Duration::from_secs(5),
        }
    }
}
