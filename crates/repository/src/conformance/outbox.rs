//! An outbox under test, and the steps of its cases.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{sync::Mutex, time};

use super::samples::plain;
use crate::{
    Announced, Changed, Outbox, OutboxLimits, OutboxTail, ProductImport, ProductRepository, Relayed, Take, Taker,
    ViewRepository, Written,
};

/// One outbox, with a way to write what it announces, on a fresh, empty, migrated database.
pub struct OutboxSubject {
    /// What is tested.
    pub outbox: Arc<dyn Outbox>,
    /// Writes to the same database.
    pub products: Arc<dyn ProductRepository>,
    /// Fills the same database.
    pub import: Arc<dyn ProductImport>,
    /// Adds views to the products of the same database.
    pub views: Arc<dyn ViewRepository>,
    /// What must live as long as the test.
    pub keep: Box<dyn Any + Send>,
}

impl fmt::Debug for OutboxSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxSubject").field("outbox", &self.outbox).finish_non_exhaustive()
    }
}

pub(super) const FIRST: Taker = Taker([1; 16]);
pub(super) const SECOND: Taker = Taker([2; 16]);
pub(super) const MANY: usize = 100_000;
pub(super) const FOREVER: OutboxLimits = OutboxLimits { retention: Duration::from_secs(3_600), max_pending: 1_000_000 };
pub(super) const OVER_NOW: OutboxLimits = OutboxLimits { retention: Duration::ZERO, max_pending: 1_000_000 };
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A shared level that answers as one server, and remembers what it was told.
pub(super) struct Server(Option<Taker>, pub(super) Mutex<Vec<Announced>>);

impl Server {
    pub(super) fn new(name: Option<Taker>) -> Self {
        Self(name, Mutex::default())
    }
}

#[async_trait]
impl Take for Server {
    async fn take(&self, changes: &[Announced]) -> Option<Taker> {
        self.1.lock().await.extend_from_slice(changes);
        self.0
    }
}

impl OutboxSubject {
    /// A tail that has heard of everything so far.
    pub(super) async fn tail(&self) -> Box<dyn OutboxTail> {
        let mut tail = self.outbox.tail().await.expect("a tail opens");
        assert_eq!(tail.poll(MANY).await.expect("the poll answers").changes, None);
        tail
    }

    pub(super) async fn create(&self, sku: &str) -> Written {
        self.products.create(&plain(sku)).await.expect("create succeeds")
    }

    pub(super) async fn make(&self, count: usize) {
        for number in 0..count {
            self.create(&format!("S-{number}")).await;
        }
    }

    pub(super) async fn relay(&self, server: Option<Taker>, limit: usize) -> Relayed {
        self.outbox.relay(limit, &Server::new(server)).await.expect("the relay answers")
    }

    pub(super) async fn pending(&self) -> u64 {
        self.outbox.status(MANY as u64).await.expect("the status answers").pending
    }
}

pub(super) async fn changes(tail: &mut Box<dyn OutboxTail>) -> Vec<Announced> {
    tail.poll(MANY).await.expect("the poll answers").changes.expect("there is no gap")
}

/// What is told once the tail can tell again; others on the same server may need it to ask twice.
pub(super) async fn until_no_gap(tail: &mut Box<dyn OutboxTail>) -> Vec<Announced> {
    let told = async {
        loop {
            if let Some(changes) = tail.poll(MANY).await.expect("the poll answers").changes {
                return changes;
            }
        }
    };
    time::timeout(PATIENCE, told).await.expect("no gap lasts")
}

pub(super) fn announcement(written: &Written) -> Changed {
    let Written { id, version, before, after, changed, .. } = written.clone();
    Changed::Product { id, version, before, after, changed }
}
