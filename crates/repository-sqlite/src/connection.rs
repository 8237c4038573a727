//! One connection to the file: how it is opened, and what holds for it.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf, absolute},
    thread,
    time::{Duration, Instant},
};

use larder_repository::ErrorKind;
use rusqlite::{Connection, OpenFlags};

use crate::failure::Failure;

/// Statements that a connection keeps prepared: all but those of rare searches, of which there are many.
const STATEMENTS: usize = 128;
/// How long to wait before the journal mode is tried again.
const PAUSE: Duration = Duration::from_millis(5);

/// The file, made ready to be opened.
#[derive(Debug)]
pub(crate) struct DatabaseFile {
    path: PathBuf,
    patience: Duration,
    /// Whether it was made just now, by us: of many processes at once only one is told so.
    pub(crate) is_new: bool,
}

impl DatabaseFile {
    /// Makes the folder and an empty file, if they are not there.
    pub(crate) fn prepare(path: &Path, patience: Duration) -> Result<Self, Failure> {
        let path = absolute(path).map_err(unusable)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(unusable)?;
        }
        let is_new = match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            Err(error) => return Err(unusable(error)),
        };
        Ok(Self { path, patience, is_new })
    }

    /// The connection that writes. It is the first, because it makes the journal that readers need.
    pub(crate) fn writer(&self) -> Result<Connection, Failure> {
        let connection = self.open()?;
        self.write_ahead(&connection)?;
        // A commit survives the process; after a power cut the last ones may be missing, but the file is whole.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(connection)
    }

    /// A connection that only reads, beside whoever writes.
    pub(crate) fn reader(&self) -> Result<Connection, Failure> {
        let connection = self.open()?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn open(&self) -> Result<Connection, Failure> {
        // The path is absolute, so that neither ":memory:" nor "file:" in it means anything.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.patience)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }

    /// Switches the file to a write-ahead log. SQLite does not wait for the lock that this needs, so we do.
    fn write_ahead(&self, connection: &Connection) -> Result<(), Failure> {
        let deadline = Instant::now() + self.patience;
        loop {
            let switched = connection
                .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))
                .map_err(Failure::from);
            match switched {
                Ok(mode) if mode == "wal" => return Ok(()),
                Ok(mode) => return Err(unusable(io::Error::other(format!("journal mode {mode} instead of wal")))),
                Err(failure) if failure.is_busy() && Instant::now() < deadline => pause(),
                Err(failure) => return Err(failure),
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "opening blocks its caller by contract, and no runtime may be there yet")]
fn pause() {
    thread::sleep(PAUSE);
}

fn unusable(cause: io::Error) -> Failure {
    Failure::Other(ErrorKind::Unavailable, cause.into())
}
