//! The order of asking: process, grant, cluster.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::*;
use crate::limits::shared::Trouble;

const SECOND: Duration = Duration::from_secs(1);

/// A cluster with so many cells, or none at all, that remembers how many were asked for.
#[derive(Debug)]
struct Store {
    cells: Mutex<u32>,
    asked: Mutex<Vec<u32>>,
}

impl Store {
    fn of(cells: u32) -> Arc<Self> {
        Arc::new(Self { cells: cells.into(), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<u32> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl SharedLimiter for Store {
    async fn take(&self, _client: &str, cells: u32) -> Result<Grant, Trouble> {
        self.asked.lock().expect("not poisoned").push(cells);
        let mut left = self.cells.lock().expect("not poisoned");
        let cells = cells.min(*left);
        *left -= cells;
        Ok(Grant { cells, left: *left, wait: if cells == 0 { SECOND } else { Duration::ZERO } })
    }
}

/// One that never answers.
#[derive(Debug, Default)]
struct Silent(Mutex<u32>);

#[async_trait]
impl SharedLimiter for Silent {
    async fn take(&self, _client: &str, _cells: u32) -> Result<Grant, Trouble> {
        *self.0.lock().expect("not poisoned") += 1;
        std::future::pending().await
    }
}

fn limiter(quota: Quota, shared: Option<Arc<dyn SharedLimiter>>) -> RateLimiter {
    RateLimiter::new(quota, shared, Duration::from_millis(50))
}

fn client() -> Client {
    Client::Token("till".into())
}

async fn admit(limiter: &RateLimiter, client: &Client) -> Verdict {
    match limiter.weigh(client) {
        Opinion::Verdict(verdict) => verdict,
        Opinion::Ask { cells, room } => limiter.ask(client, cells, room).await,
    }
}

async fn admitted(limiter: &RateLimiter, client: &Client, requests: u32) -> u32 {
    let mut passed = 0;
    for _ in 0..requests {
        passed += u32::from(matches!(admit(limiter, client).await, Verdict::Passes(_)));
    }
    passed
}

#[tokio::test]
async fn a_process_alone_admits_its_burst_for_each_client() {
    let limiter = limiter(Quota::new(1, SECOND, 5), None);
    assert_eq!(admitted(&limiter, &client(), 20).await, 5);
    assert_eq!(admitted(&limiter, &Client::Address([1, 2, 3, 4].into()), 20).await, 5);
    assert!(matches!(admit(&limiter, &client()).await, Verdict::Refused(wait) if wait <= SECOND));
}

#[tokio::test]
async fn a_busy_client_is_granted_more_at_once_and_the_cluster_is_asked_less() {
    let store = Store::of(1_000);
    let limiter = limiter(Quota::new(100, SECOND, 200), Some(Arc::clone(&store) as _));
    assert_eq!(admitted(&limiter, &client(), 100).await, 100);
    // At most a tenth of the burst, and a fifth of a second.
    assert_eq!(store.asked(), [1, 2, 4, 8, 16, 20, 20, 20, 20]);
}

#[tokio::test]
async fn nodes_together_admit_what_one_would() {
    let store = Store::of(50);
    let quota = Quota::new(1, SECOND, 50);
    let nodes = [(); 3].map(|()| limiter(quota, Some(Arc::clone(&store) as _)));
    let mut passed = 0;
    for _ in 0..60 {
        for node in &nodes {
            passed += admitted(node, &client(), 1).await;
        }
    }
    assert_eq!(passed, 50);
}

#[tokio::test]
async fn a_client_that_the_cluster_refused_is_not_asked_for_again_until_his_time() {
    let store = Store::of(3);
    let limiter = limiter(Quota::new(100, SECOND, 200), Some(Arc::clone(&store) as _));
    assert_eq!(admitted(&limiter, &client(), 50).await, 3);
    assert_eq!(store.asked(), [1, 2, 4], "the last one for nothing");
}

#[tokio::test]
async fn who_is_over_the_limit_of_the_process_is_refused_without_asking() {
    let store = Store::of(1_000);
    let limiter = limiter(Quota::new(1, SECOND, 2), Some(Arc::clone(&store) as _));
    assert_eq!(admitted(&limiter, &client(), 50).await, 2);
    assert_eq!(store.asked(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn while_nobody_answers_the_process_counts_alone_and_only_one_request_waits() {
    let silent = Arc::new(Silent::default());
    let limiter = limiter(Quota::new(1, SECOND, 20), Some(Arc::clone(&silent) as _));
    let started = tokio::time::Instant::now();
    assert_eq!(admitted(&limiter, &client(), 50).await, 20);
    assert_eq!(*silent.0.lock().expect("not poisoned"), 1);
    assert_eq!(started.elapsed(), Duration::from_millis(50));
}

#[test]
fn a_grant_ends_with_its_second() {
    let store = Store::of(1_000);
    let limiter = limiter(Quota::new(100, SECOND, 200), Some(store as _));
    let mut spent = Spent::default();
    spent.book(Grant { cells: 10, left: 90, wait: Duration::ZERO }, 1_000);
    let passes = |spent: &mut Spent, now| matches!(limiter.spend(spent, now), Opinion::Verdict(Verdict::Passes(_)));
    assert!(passes(&mut spent, 2_000) && passes(&mut spent, 999_999_999));
    assert!(matches!(limiter.spend(&mut spent, GRANT_LIFE + 1_000), Opinion::Ask { cells: 1, .. }));
}
