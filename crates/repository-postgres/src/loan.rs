//! A connection on loan from the pool, for one use case and a limited time.

use std::{
    future::Future,
    ops::{Deref, DerefMut},
    time::Duration,
};

use deadpool_postgres::Client;
use larder_repository::{Error, ErrorKind};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::failure::Failure;

/// What a loan is for and when it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    attempted: &'static str,
    ends: Instant,
}

impl Term {
    pub(crate) fn starting_now(attempted: &'static str, limit: Duration) -> Self {
        Self { attempted, ends: Instant::now() + limit }
    }

    /// Runs `work`, at most until the term ends.
    ///
    /// The server's own `statement_timeout` comes first; this one is for a server or a network that has fallen silent.
    pub(crate) async fn bound<T>(self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Error> {
        let span = tracing::debug_span!(
            "database",
            otel.kind = "client",
            db.system.name = "postgresql",
            attempted = self.attempted
        );
        match timeout_at(self.ends, work).instrument(span).await {
            Ok(done) => done.map_err(|failure| failure.while_attempting(self.attempted)),
            Err(elapsed) => Err(Error::caused(ErrorKind::Timeout, self.attempted, elapsed)),
        }
    }
}

/// A connection on loan.
///
/// # Cancellation
/// Given back in time it goes on to the next caller, whose statements queue behind whatever was left unfinished, rollbacks included.
/// Given back after its term it is closed: an answer that did not come in time may never come.
#[derive(Debug)]
pub(crate) struct Loan {
    client: Option<Client>,
    term: Term,
}

impl Loan {
    pub(crate) fn new(client: Client, term: Term) -> Self {
        Self { client: Some(client), term }
    }

    pub(crate) fn term(&self) -> Term {
        self.term
    }
}

impl Deref for Loan {
    type Target = Client;

    fn deref(&self) -> &Client {
        let Some(client) = &self.client else { unreachable!("only drop takes the client") };
        client
    }
}

impl DerefMut for Loan {
    fn deref_mut(&mut self) -> &mut Client {
        let Some(client) = &mut self.client else { unreachable!("only drop takes the client") };
        client
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(client) = self.client.take()
            && Instant::now() >= self.term.ends
        {
            drop(Client::take(client));
        }
    }
}
