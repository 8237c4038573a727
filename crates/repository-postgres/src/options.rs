//! Where the database is, and how long to wait for it.

use std::{fmt, thread, time::Duration};

/// How to reach a PostgreSQL database.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database?sslmode=…`, as libpq spells it.
    ///
    /// `sslmode` is one of `disable`, `prefer` (the default), `require`, `verify-ca` and `verify-full`. `sslrootcert` names a PEM
    /// file of certificate authorities, or is `system`, which is what `verify-full` uses by default. As with libpq, `require` encrypts
    /// without checking who answers, unless it comes with `sslrootcert`: then it is `verify-ca`.
    pub url: String,
    /// The most connections that the pool opens.
    pub pool_size: usize,
    /// How long a new connection may take, TLS and authentication included.
    pub connect_timeout: Duration,
    /// How long a caller waits for a connection while all of them are in use.
    pub wait_timeout: Duration,
    /// How long one statement may take; the server cancels it then. A server that does not even answer that is given up shortly after.
    pub statement_timeout: Duration,
    /// The name that `pg_stat_activity` shows, unless the URL sets one.
    pub application_name: String,
}

impl PostgresOptions {
    /// The defaults: 2 × cores + 1 connections, 5 s to connect, 5 s to wait, 10 s for a statement, named `larder`.
    pub fn new(url: impl Into<String>) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            url: url.into(),
            pool_size: 2 * cores + 1,
            connect_timeout: Duration::from_secs(5),
            wait_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            application_name: "larder".to_owned(),
        }
    }
}

impl fmt::Debug for PostgresOptions {
    /// Leaves the URL out: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("pool_size", &self.pool_size)
            .field("connect_timeout", &self.connect_timeout)
            .field("wait_timeout", &self.wait_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("application_name", &self.application_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_not_shown() {
        let options = PostgresOptions::new("postgres://me:secret@host/db");
        assert!(!format!("{options:?}").contains("secret"));
    }
}
