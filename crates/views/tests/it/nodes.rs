//! Nodes over one Redis and one book; and what holds when nothing fails.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use larder_cache::{RedisOptions, RedisRemote};
use larder_test_support::{Redis, RedisServer};
use larder_views::{RedisViews, SharedViews, Views, ViewsOptions};
use tokio::runtime::Handle;

use crate::{
    book::{Book, id},
    interrupted::{Interrupted, Interrupter},
};

/// Flushes and drains as often as it can.
pub(crate) const QUICK: ViewsOptions =
    ViewsOptions { flush: Duration::from_millis(10), drain: Duration::from_millis(10) };
/// Neither flushes nor drains while a test runs, but at its stop.
pub(crate) const NEVER: ViewsOptions = ViewsOptions { flush: Duration::from_hours(1), drain: Duration::from_hours(1) };

/// What nodes share.
pub(crate) struct House {
    pub(crate) book: Arc<Book>,
    pub(crate) server: &'static RedisServer,
    pub(crate) namespace: String,
}

impl House {
    pub(crate) async fn new() -> Self {
        let server = Redis::shared().await.expect("a server");
        Self { book: Arc::default(), server, namespace: server.fresh_namespace() }
    }

    pub(crate) fn shared(&self) -> Arc<RedisViews> {
        self.shared_at(self.server.url())
    }

    pub(crate) fn shared_at(&self, url: String) -> Arc<RedisViews> {
        let options = RedisOptions { url, namespace: self.namespace.clone(), ..RedisOptions::default() };
        Arc::new(RedisViews::new(Arc::new(RedisRemote::new(&options).expect("the options work"))))
    }

    pub(crate) fn node(&self, options: ViewsOptions) -> Views {
        Views::start(Arc::<Book>::clone(&self.book), Some(self.shared()), options, Handle::current())
    }

    /// A node both sides of which are interrupted.
    pub(crate) fn interrupted(&self, interrupter: &Arc<Interrupter>, options: ViewsOptions) -> Views {
        let (book, shared) = (Arc::<Book>::clone(&self.book), self.shared());
        let repository =
            Interrupted::<dyn larder_repository::ViewRepository> { interrupter: Arc::clone(interrupter), inner: book };
        let shared = Interrupted::<dyn SharedViews> { interrupter: Arc::clone(interrupter), inner: shared };
        Views::start(Arc::new(repository), Some(Arc::new(shared)), options, Handle::current())
    }

    /// Sends a command; `@` before a word stands for the place of the views.
    pub(crate) async fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let full = |word: &&str| match word.strip_prefix('@') {
            Some(name) => format!("{{{}.0}}x:views:{name}", self.namespace),
            None => (*word).to_owned(),
        };
        let words: Vec<String> = words.iter().map(full).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.server.command(&words).await.expect("Redis answers")
    }

    /// How many keys in Redis hold views.
    pub(crate) async fn held(&self) -> u64 {
        self.command(&["EXISTS", "@staged", "@pending", "@draining", "@batch"]).await
    }

    /// Waits until Redis holds no views any more.
    pub(crate) async fn drained(&self) {
        until("all is drained", async || self.held().await == 0).await;
    }
}

/// Waits until something comes to hold that has to be asked for.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < Duration::from_secs(20), "it never happened: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Counts each product from 1 on as often as its number says; answers how many views these are.
pub(crate) fn count(views: &Views, products: i64) -> u64 {
    (1..=products).for_each(|product| (0..product).for_each(|_view| views.count(id(product))));
    u64::try_from(products * (products + 1) / 2).expect("is positive")
}

#[tokio::test]
async fn a_thousand_views_of_one_product_are_one_change_of_one_row() {
    let house = House::new().await;
    let views = house.node(QUICK);
    (0..1_000).for_each(|_view| views.count(id(7)));
    until("they are there", async || house.book.row(7) == (1_000, 1)).await;
    assert_eq!(views.stop().await, 0);
    let status = views.status();
    assert_eq!((status.buffered, status.flushed, status.drained, status.batches), (0, 1_000, 1_000, 1));
    assert_eq!((status.products, status.dropped, status.lost, status.is_cut_off), (1, 0, 0, false));
}

#[tokio::test]
async fn the_flushes_of_a_period_are_one_change_for_all_nodes_together() {
    let house = House::new().await;
    let period = ViewsOptions { drain: Duration::from_secs(2), ..QUICK };
    let nodes = [house.node(period), house.node(period)];
    for flush in 1..=5 {
        nodes.iter().for_each(|node| node.count(id(7)));
        until("they are flushed", async || nodes.iter().map(|node| node.status().flushed).sum::<u64>() == 2 * flush)
            .await;
    }
    assert!(nodes[0].status().oldest.is_some());
    until("they are there", async || house.book.row(7) == (10, 1)).await;
    for node in nodes {
        assert_eq!(node.stop().await, 0);
    }
}

#[tokio::test]
async fn more_products_than_a_batch_holds_are_drained_in_one_round() {
    let house = House::new().await;
    let views = house.node(QUICK);
    (1..=1_700).for_each(|product| views.count(id(product)));
    until("all are there", async || house.book.total() == 1_700).await;
    house.drained().await;
    assert!(house.book.pages().rows.values().all(|row| *row == (1, 1)));
    assert_eq!(views.stop().await, 0);
}

#[tokio::test]
async fn a_stop_gives_everything_to_redis_for_others_to_drain() {
    let house = House::new().await;
    let views = house.node(NEVER);
    let counted = count(&views, 20);
    assert_eq!(views.status().buffered, counted);
    assert_eq!(views.stop().await, 0);
    assert_eq!((house.book.total(), views.status().flushed), (0, counted));
    let another = house.node(QUICK);
    house.drained().await;
    assert_eq!((house.book.total(), another.status().drained), (counted, counted));
    another.stop().await;
}

#[tokio::test]
async fn without_redis_each_period_is_one_change_and_a_stop_writes() {
    let book = Arc::<Book>::default();
    let views = Views::start(Arc::<Book>::clone(&book), None, QUICK, Handle::current());
    (0..1_000).for_each(|_view| views.count(id(7)));
    until("they are there", async || book.row(7) == (1_000, 1)).await;
    assert_eq!((views.stop().await, views.status().drained), (0, 1_000));
    let views = Views::start(Arc::<Book>::clone(&book), None, NEVER, Handle::current());
    let counted = count(&views, 50);
    assert_eq!((views.stop().await, book.total()), (0, 1_000 + counted));
}

#[tokio::test]
async fn a_great_many_products_do_not_wait_for_the_flush() {
    let house = House::new().await;
    let views = house.node(NEVER);
    for product in 1..=60_000 {
        views.count(id(product));
        // The collector runs on the same thread.
        if product % 1_000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    until("they are flushed", async || views.status().flushed > 50_000).await;
    assert_eq!((views.stop().await, views.status().dropped, views.status().flushed), (0, 0, 60_000));
}
