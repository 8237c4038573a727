//! Threads that own a connection each and work off one queue.

use std::{
    convert::Infallible,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use async_channel::{Receiver, Sender};
use larder_repository::{Error, ErrorKind, WaitSummary, Waits};
use rusqlite::Connection;
use tokio::{sync::oneshot, time::timeout};
use tracing::Instrument;

/// Jobs that wait in a lane; further callers wait for a place, with the same deadline.
const QUEUE: usize = 1_024;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// Connections of one kind, each on a thread of its own, because SQLite blocks.
///
/// # Cancellation
/// A job whose caller goes away before its turn is not run; one that has begun runs to its end.
#[derive(Debug)]
pub(crate) struct Lane {
    queue: Sender<Job>,
    /// Nothing is ever sent: the threads hold the other ends, so that their number can be asked and their end awaited.
    threads: Receiver<Infallible>,
    busy: Arc<AtomicUsize>,
    waiting: AtomicUsize,
    waits: Waits,
    wait_timeout: Duration,
}

impl Lane {
    /// Starts a thread per connection.
    pub(crate) fn start(name: &str, connections: Vec<Connection>, wait_timeout: Duration) -> io::Result<Self> {
        let (queue, jobs) = async_channel::bounded(QUEUE);
        let (alive, threads) = async_channel::bounded(1);
        let busy = Arc::new(AtomicUsize::new(0));
        for (number, connection) in connections.into_iter().enumerate() {
            let (jobs, alive, busy) = (jobs.clone(), alive.clone(), Arc::clone(&busy));
            thread::Builder::new().name(format!("{name}-{number}")).spawn(move || {
                work_off(connection, &jobs, &busy);
                drop(alive);
            })?;
        }
        Ok(Self { queue, threads, busy, waiting: AtomicUsize::new(0), waits: Waits::default(), wait_timeout })
    }

    /// Runs a job when a connection is free.
    ///
    /// # Errors
    /// `Unavailable` when none became free in time or the lane is closed, in which case the job is not run; `Internal` when it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        attempted: &'static str,
        job: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (begin, begun) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| {
            if begin.send(()).is_ok() {
                // Whether anybody still listens does not matter: what was begun is done.
                drop(answer.send(job(connection)));
            }
        });
        let span = tracing::debug_span!("database", otel.kind = "client", db.system.name = "sqlite", attempted);
        let ran = async {
            self.wait(job, begun, attempted).await?;
            answered.await.map_err(|gone| Error::caused(ErrorKind::Internal, attempted, gone))
        };
        ran.instrument(span).await
    }

    async fn wait(&self, job: Job, mut begun: oneshot::Receiver<()>, attempted: &'static str) -> Result<(), Error> {
        let _waiting = Counted::one_more(&self.waiting);
        let queued = async {
            self.queue.send(job).await.map_err(|closed| unavailable(attempted, closed.to_string()))?;
            (&mut begun).await.map_err(|dropped| unavailable(attempted, dropped))
        };
        let asked_at = Instant::now();
        let outcome = timeout(self.wait_timeout, queued).await;
        self.waits.ended(asked_at);
        match outcome {
            Ok(outcome) => outcome,
            Err(elapsed) => {
                // From here on the job cannot begin; if it just did, then it counts.
                begun.close();
                begun.try_recv().map_err(|_never| unavailable(attempted, elapsed))
            }
        }
    }

    /// Refuses new jobs, and waits until those in the queue are done and the connections closed.
    pub(crate) async fn close(&self) {
        self.queue.close();
        while self.threads.recv().await.is_ok() {}
    }

    /// Open connections.
    pub(crate) fn size(&self) -> usize {
        self.threads.sender_count()
    }

    /// How long callers waited until their job began.
    pub(crate) fn waits(&self) -> WaitSummary {
        self.waits.summary()
    }

    /// Connections that run a job.
    pub(crate) fn busy(&self) -> usize {
        self.busy.load(Ordering::Relaxed)
    }

    /// Callers whose job has not begun.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

fn work_off(mut connection: Connection, jobs: &Receiver<Job>, busy: &AtomicUsize) {
    while let Ok(job) = jobs.recv_blocking() {
        let _busy = Counted::one_more(busy);
        // A panic unwinds through the transaction, which rolls back: the connection is as good as before.
        if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
            tracing::error!("a database job panicked; its transaction was rolled back");
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "a connection did not close cleanly");
    }
}

/// One more in a counter, for as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn one_more(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn unavailable(attempted: &'static str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::caused(ErrorKind::Unavailable, attempted, cause)
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, sync::mpsc, task::Poll};

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn lane(wait_timeout: Duration) -> Lane {
        let connection = Connection::open_in_memory().expect("memory is there");
        Lane::start("test", vec![connection], wait_timeout).expect("the thread starts")
    }

    /// A job that holds its connection until it is released, and a way to know that it has begun.
    fn held() -> (impl FnOnce(&mut Connection) + Send + 'static, oneshot::Receiver<()>, mpsc::Sender<()>) {
        let (begin, begun) = oneshot::channel();
        let (release, released) = mpsc::channel::<()>();
        let job = move |_: &mut Connection| {
            begin.send(()).expect("the test waits for it");
            released.recv().expect("the test releases it");
        };
        (job, begun, release)
    }

    /// Polls once, so that the job is in the queue.
    async fn enqueue<F: Future>(mut run: std::pin::Pin<&mut F>) {
        let pending = poll_fn(|context| Poll::Ready(run.as_mut().poll(context).is_pending())).await;
        assert!(pending, "the job waits its turn, or for the test");
    }

    #[tokio::test]
    async fn a_panicking_job_fails_alone_and_its_transaction_is_undone() {
        let lane = lane(LONG);
        let panics = |connection: &mut Connection| {
            let transaction = connection.transaction().expect("a transaction");
            transaction.execute_batch("CREATE TABLE half (done INTEGER)").expect("the table is made");
            panic!("in the middle");
        };
        let error = lane.run::<()>("panic", panics).await.expect_err("the job panicked");
        assert_eq!(error.kind(), &ErrorKind::Internal);
        let tables = |connection: &mut Connection| {
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
        };
        assert_eq!(lane.run("count", tables).await.expect("the thread lives"), Ok(0));
    }

    #[tokio::test]
    async fn a_job_that_waits_too_long_is_unavailable_and_never_runs() {
        let lane = lane(Duration::from_millis(50));
        let (job, begun, release) = held();
        let mut holder = pin!(lane.run("hold", job));
        enqueue(holder.as_mut()).await;
        begun.await.expect("the job begins");
        assert_eq!((lane.size(), lane.busy()), (1, 1));

        let (ran, runs) = mpsc::channel();
        let late = lane.run("wait", move |_| ran.send(())).await.expect_err("the connection is held");
        assert_eq!(late.kind(), &ErrorKind::Unavailable);
        release.send(()).expect("the job waits");
        holder.await.expect("what has begun is not cut off");
        lane.close().await;
        assert!(runs.recv().is_err(), "the job was dropped without being run");
    }

    #[tokio::test]
    async fn a_job_whose_caller_left_is_run_only_if_it_had_begun() {
        let lane = lane(LONG);
        let (job, begun, release) = held();
        let (done, dones) = mpsc::channel();
        let (ran, runs) = mpsc::channel();
        {
            let begins = move |connection: &mut Connection| {
                job(connection);
                done.send(()).expect("the test listens");
            };
            let mut holder = pin!(lane.run("begin", begins));
            enqueue(holder.as_mut()).await;
            let mut waiter = pin!(lane.run("wait", move |_| ran.send(())));
            enqueue(waiter.as_mut()).await;
            begun.await.expect("the job begins");
        }
        release.send(()).expect("the job waits");
        lane.close().await;
        assert_eq!((dones.recv(), runs.recv()), (Ok(()), Err(mpsc::RecvError)));
        assert_eq!(lane.waiting(), 0);
    }

    #[tokio::test]
    async fn closing_finishes_what_is_queued_and_refuses_the_rest() {
        let lane = lane(LONG);
        let (job, begun, release) = held();
        let mut first = pin!(lane.run("hold", job));
        enqueue(first.as_mut()).await;
        begun.await.expect("the job begins");
        let mut second = pin!(lane.run("wait", |_| 2));
        enqueue(second.as_mut()).await;
        assert_eq!(lane.waiting(), 2, "the first has begun, but its caller was not polled since");

        let mut close = pin!(lane.close());
        enqueue(close.as_mut()).await;
        let refused = lane.run("come late", |_| ()).await.expect_err("the lane closes");
        assert_eq!(refused.kind(), &ErrorKind::Unavailable);
        release.send(()).expect("the job waits");
        first.await.expect("the first is done");
        assert_eq!(second.await.expect("the second is done"), 2);
        close.await;
        assert_eq!(lane.size(), 0);
    }
}
