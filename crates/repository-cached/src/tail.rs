//! The node's ear at the database: it polls the outbox and hands what was committed to the caches, whoever made it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use larder_cache::{Feed, Identity, L2};
use larder_repository::{Announced, Changed, Error, ErrorKind, Heard, Outbox, OutboxTail, Polled, Position, Taker};
use tokio::{
    sync::{Notify, watch},
    time,
};

use crate::{caches::Caches, recent::Recent, touched::Touched};

/// Longest time between two polls; notifications come before.
const PERIOD: Duration = Duration::from_millis(250);
/// Most changes that one poll hands over; with more, everything is forgotten instead.
const MOST_CHANGES: usize = 10_000;
/// Shortest time from the begin of a poll to that of the next, 200 a second at most: anybody's reads and writes may ask for one.
const SPACING: Duration = Duration::from_millis(5);
/// Longest wait for a connection, after shorter ones were in vain.
const LONGEST_OPENING: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// A node's tail of the outbox.
///
/// The order never changes: what was committed is forgotten first, then L2 is believed again, then reads that wait for a position go on,
/// and last the feed is confirmed.
#[derive(Debug)]
pub(crate) struct Tail {
    outbox: Arc<dyn Outbox>,
    caches: Caches,
    feed: Feed,
    l2: Option<L2>,
    /// Longest wait for an answer of the database; below the bound on staleness.
    patience: Duration,
    heard: watch::Sender<Option<Heard>>,
    /// Somebody wants to hear now.
    asked: Notify,
    /// Something waits for a relay.
    pending: Notify,
    recent: Recent,
}

impl Tail {
    pub(crate) fn new(
        outbox: Arc<dyn Outbox>,
        caches: Caches,
        feed: Feed,
        l2: Option<L2>,
        max_staleness: Duration,
    ) -> Self {
        Self {
            outbox,
            caches,
            feed,
            l2,
            patience: max_staleness / 2,
            heard: watch::Sender::default(),
            asked: Notify::new(),
            pending: Notify::new(),
            recent: Recent::default(),
        }
    }

    /// Polls for ever.
    pub(crate) async fn run(&self) {
        let mut pause = SHORTEST_PAUSE;
        let mut opening = 2 * self.patience;
        loop {
            let cause = self.follow(&mut pause, &mut opening).await;
            tracing::debug!(%cause, "the tail of the outbox is opened anew");
            time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Opens the tail and polls until that fails. Only a database to which there is no way cannot be asked: one that is slow to answer can be
    /// asked by loads.
    async fn follow(&self, pause: &mut Duration, opening: &mut Duration) -> Error {
        let mut tail = match in_time(*opening, self.outbox.tail()).await {
            Ok(tail) => tail,
            Err(cause) => {
                *opening = (*opening * 2).min(LONGEST_OPENING.max(*opening));
                self.lose(&cause).await;
                return cause;
            }
        };
        *opening = 2 * self.patience;
        let mut began_at = time::Instant::now();
        if let Err(cause) = self.poll(&mut *tail).await {
            if *cause.kind() != ErrorKind::Timeout {
                self.lose(&cause).await;
            }
            return cause;
        }
        *pause = SHORTEST_PAUSE;
        loop {
            let waited = tokio::select! {
                waited = tail.wait(PERIOD) => waited,
                () = self.asked.notified() => Ok(()),
            };
            if let Err(cause) = waited {
                return cause;
            }
            // What comes alone does not wait; what comes in a stream is taken in together.
            time::sleep_until(began_at + SPACING).await;
            began_at = time::Instant::now();
            if let Err(cause) = self.poll(&mut *tail).await {
                return cause;
            }
        }
    }

    /// Says that the database cannot be asked, unless it answers on the connections that loads use.
    async fn lose(&self, cause: &Error) {
        if !matches!(cause.kind(), ErrorKind::Unavailable | ErrorKind::Timeout) {
            tracing::warn!(%cause, "changes at the database are not heard");
            return;
        }
        if in_time(self.patience, self.outbox.status(1)).await.is_ok() {
            tracing::warn!(%cause, "changes at the database are not heard; what is cached is loaded anew");
            return;
        }
        if self.feed.status().is_reachable {
            tracing::warn!(%cause, "the database cannot be asked for changes; what is cached is served unconfirmed");
        }
        self.feed.lose();
    }

    async fn poll(&self, tail: &mut dyn OutboxTail) -> Result<(), Error> {
        // Both before the question: what the answer does not tell had not happened by then, and not at another server.
        let server = self.l2.as_ref().and_then(L2::server);
        let asked_at = Instant::now();
        let polled = in_time(self.patience, tail.poll(MOST_CHANGES)).await?;
        self.take_in(polled, server.map(taker), server, asked_at);
        Ok(())
    }

    fn take_in(&self, polled: Polled, taker: Option<Taker>, server: Option<Identity>, asked_at: Instant) {
        let Polled { changes, heard, newest_row, pending_from, current } = polled;
        match changes {
            None => {
                tracing::info!("the tail of the outbox begins anew; L1 forgets everything");
                self.feed.forget(newest_row);
            }
            Some(changes) => self.hear(&changes, taker),
        }
        if let Some(server) = server.filter(|_| current == taker) {
            self.feed.settle(server, newest_row, pending_from);
        }
        self.heard.send_replace(Some(heard));
        self.feed.confirm(asked_at);
        if taker.is_some() && (pending_from.is_some() || current != taker) {
            self.pending.notify_one();
        }
    }

    /// Each thing once, however many changes touched it. What is pending stays in doubt until the last of it was taken.
    fn hear(&self, changes: &[Announced], taker: Option<Taker>) {
        let is_taken = |change: &&Announced| taker.is_some() && change.taken_by == taker;
        let (taken, pending): (Vec<_>, Vec<_>) = changes.iter().partition(is_taken);
        let in_doubt = pending.iter().map(|change| change.row).max();
        for (changes, in_doubt) in [(taken, None), (pending, in_doubt)] {
            self.caches.hear(&Touched::announced(changes), in_doubt);
        }
        for change in changes {
            if let Changed::Product { id, .. } = change.what {
                self.recent.add(id);
            }
        }
    }

    /// Whether all that was committed before this call was heard of, as far as a change at `position` matters, at the latest after
    /// `patience`: the tail is asked to look now. Who names a position names a committed change; if a poll that began after this call
    /// does not show it, then there is no such change, or it is from before this timeline, whose first poll made everything forgotten.
    pub(crate) async fn hears(&self, position: Position, patience: Duration) -> bool {
        let mut heard = self.heard.subscribe();
        let covers = |heard: &Option<Heard>| heard.as_ref().is_some_and(|heard| heard.covers(position));
        if covers(&heard.borrow_and_update()) {
            return true;
        }
        let fresh = async {
            // The first news may be of a poll that was under way.
            for _ in 0..2 {
                self.asked.notify_one();
                if heard.changed().await.is_err() || covers(&heard.borrow_and_update()) {
                    break;
                }
            }
        };
        time::timeout(patience, fresh).await.is_ok()
    }

    /// Looks now: L2 may have taken what was in doubt.
    pub(crate) fn look(&self) {
        self.asked.notify_one();
    }

    /// Waits until something is pending, as far as this node heard.
    pub(crate) async fn pending(&self) {
        self.pending.notified().await;
    }

    pub(crate) fn recent(&self) -> &Recent {
        &self.recent
    }
}

async fn in_time<T>(patience: Duration, question: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let answer = time::timeout(patience, question).await;
    answer.unwrap_or_else(|late| Err(Error::caused(ErrorKind::Timeout, "ask the outbox for changes", late)))
}

/// The server of L2 as the outbox names it.
pub(crate) fn taker(server: Identity) -> Taker {
    Taker(server.0)
}
