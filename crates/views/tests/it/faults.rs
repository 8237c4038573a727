//! A network between node and Redis that fails in every way.

use std::{sync::Arc, time::Duration};

use larder_test_support::{Direction, Fault, FaultProxy};
use larder_views::{Views, ViewsOptions};
use tokio::runtime::Handle;

use crate::{
    book::Book,
    nodes::{House, NEVER, QUICK, count, until},
};

/// A node with a proxy before its Redis.
struct Scene {
    house: House,
    proxy: FaultProxy,
    node: Views,
}

impl Scene {
    async fn new(options: ViewsOptions) -> Self {
        let house = House::new().await;
        let proxy = FaultProxy::start(house.server.address()).expect("a proxy");
        let shared = house.shared_at(house.server.url_at(proxy.address()));
        let node = Views::start(Arc::<Book>::clone(&house.book), Some(shared), options, Handle::current());
        Self { house, proxy, node }
    }

    /// Waits until all was added to the database, whichever way, and nothing more can be.
    async fn ends_with(self, counted: u64) {
        until("all is there", async || self.house.book.total() == counted).await;
        assert_eq!(self.node.stop().await, 0);
        let last = self.house.node(QUICK);
        self.house.drained().await;
        last.stop().await;
        assert_eq!((self.house.book.total(), self.node.status().lost), (counted, 0));
    }
}

#[tokio::test]
async fn a_flush_whose_answer_is_lost_is_counted_once() {
    let scene = Scene::new(QUICK).await;
    let mut counted = count(&scene.node, 5);
    until("it is connected", async || scene.house.book.total() == counted).await;
    scene.proxy.set(Fault::HalfOpen(Direction::ToClient)).await.expect("the proxy");
    counted += count(&scene.node, 20);
    // It was staged, for nobody hears of it; then it goes straight to the database.
    until("it is staged", async || scene.house.command::<u64>(&["EXISTS", "@staged"]).await == 1).await;
    until("it is written", async || scene.house.book.total() == counted).await;
    assert!(scene.node.status().is_cut_off);
    scene.proxy.set(Fault::None).await.expect("the proxy");
    counted += count(&scene.node, 7);
    until("it is back", async || !scene.node.status().is_cut_off).await;
    scene.ends_with(counted).await;
}

#[tokio::test]
async fn while_redis_is_away_views_go_to_the_database_and_back_again_after() {
    for fault in [Fault::Refuse, Fault::Cut, Fault::Hold, Fault::Drop] {
        let scene = Scene::new(QUICK).await;
        scene.proxy.set(fault).await.expect("the proxy");
        let mut counted = count(&scene.node, 20);
        until("it is written", async || scene.house.book.total() == counted).await;
        scene.proxy.set(Fault::None).await.expect("the proxy");
        until("it is back", async || !scene.node.status().is_cut_off).await;
        counted += count(&scene.node, 30);
        until("redis has them", async || scene.node.status().flushed > 0).await;
        scene.ends_with(counted).await;
    }
}

#[tokio::test]
async fn a_stop_while_redis_is_away_writes_to_the_database() {
    for fault in [Fault::Refuse, Fault::HalfOpen(Direction::ToClient)] {
        let scene = Scene::new(ViewsOptions { flush: Duration::from_millis(10), drain: NEVER.drain }).await;
        scene.proxy.set(fault).await.expect("the proxy");
        let counted = count(&scene.node, 20);
        assert_eq!((scene.node.stop().await, scene.house.book.total()), (0, counted));
        scene.ends_with(counted).await;
    }
}
