//! Waits for the database at start, and brings its schema up to date.

use std::time::Duration;

use larder_repository::{Database, Error, ErrorKind};
use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Applies missing migrations. While the database cannot be reached, tries again with growing pauses for at most `patience`, and
/// says so.
///
/// # Errors
/// The last failure when the patience is over; any failure that waiting does not mend at once, such as a schema that is too new.
pub(crate) async fn migrate(database: &dyn Database, patience: Duration) -> Result<u32, Error> {
    let give_up = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match database.migrate().await {
            Ok(applied) => return Ok(applied),
            Err(error) => error,
        };
        let passing = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout);
        if !passing || Instant::now() + pause > give_up {
            return Err(error);
        }
        let left = give_up.saturating_duration_since(Instant::now());
        tracing::warn!(cause = %error, left_ms = left.as_millis(), "waiting for the database");
        sleep(pause).await;
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use larder_repository::{PoolStatus, WaitSummary};

    use super::*;

    /// Fails so many times before it migrates.
    #[derive(Debug)]
    struct LateDatabase {
        failures: AtomicU32,
        kind: ErrorKind,
    }

    #[async_trait]
    impl Database for LateDatabase {
        async fn migrate(&self) -> Result<u32, Error> {
            let left = self.failures.load(Ordering::Relaxed);
            self.failures.store(left.saturating_sub(1), Ordering::Relaxed);
            if left == 0 { Ok(3) } else { Err(Error::new(self.kind.clone(), "migrate the database")) }
        }

        async fn ping(&self) -> Result<(), Error> {
            Ok(())
        }

        async fn signing_key(&self) -> Result<[u8; 32], Error> {
            Ok([0; 32])
        }

        fn pool_status(&self) -> PoolStatus {
            PoolStatus { max_size: 1, size: 0, idle: 0, waiting: 0, waits: WaitSummary::default() }
        }

        async fn close(&self) {}
    }

    /// What comes of a database that fails `failures` times, and how long that took.
    async fn outcome(failures: u32, kind: ErrorKind) -> (Result<u32, ErrorKind>, Duration) {
        let database = LateDatabase { failures: failures.into(), kind };
        let started = Instant::now();
        let outcome = migrate(&database, Duration::from_secs(5)).await;
        (outcome.map_err(|error| error.kind().clone()), started.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_database_is_tried_again_with_growing_pauses() {
        assert_eq!(outcome(0, ErrorKind::Unavailable).await, (Ok(3), Duration::ZERO));
        assert_eq!(outcome(3, ErrorKind::Unavailable).await, (Ok(3), Duration::from_millis(700)));
        let (gave_up, after) = outcome(100, ErrorKind::Timeout).await;
        assert_eq!(gave_up, Err(ErrorKind::Timeout));
        assert!(after > Duration::from_secs(3) && after <= Duration::from_secs(5), "{after:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_waiting_does_not_mend_fails_at_once() {
        let too_new = ErrorKind::SchemaTooNew { found: 9, known: 1 };
        assert_eq!(outcome(1, too_new.clone()).await, (Err(too_new), Duration::ZERO));
    }
}
