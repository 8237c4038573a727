//! A database that lives as long as one test.

use std::time::Duration;

use super::{PostgresServer, server::Session};

/// A server that a test has stopped must not hold the test's end up.
const DROP_DEADLINE: Duration = Duration::from_secs(5);

/// A database of one test, dropped at its end as far as the server still answers.
#[derive(Debug)]
pub struct TestDatabase {
    server: PostgresServer,
    name: String,
}

impl TestDatabase {
    pub(super) fn new(server: PostgresServer, name: String) -> Self {
        Self { server, name }
    }

    /// `postgres://` address of the database.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.server.address())
    }

    /// The same through another address, such as that of a fault proxy.
    #[must_use]
    pub fn url_at(&self, address: std::net::SocketAddr) -> String {
        self.server.url_at(address, &self.name)
    }

    /// The database's name on its server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let url = self.server.url();
        let statement = format!(r#"DROP DATABASE IF EXISTS "{}" WITH (FORCE)"#, self.name);
        // Not awaited: the test is over, and at the end of the run the whole server goes.
        drop(std::thread::Builder::new().spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                let removal = async { Session::open(&url).await?.execute(&statement).await };
                drop(tokio::time::timeout(DROP_DEADLINE, removal).await);
            });
        }));
    }
}
