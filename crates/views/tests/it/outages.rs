//! A database that is away, and one that refuses.

use std::sync::Arc;

use larder_views::Views;
use tokio::runtime::Handle;

use crate::{
    book::{Book, id},
    nodes::{House, QUICK, count, until},
};

#[tokio::test]
async fn what_the_database_does_not_take_waits_in_redis() {
    let house = House::new().await;
    house.book.pages().is_away = true;
    let node = house.node(QUICK);
    let counted = count(&node, 20);
    until("a batch waits", async || house.command::<u64>(&["EXISTS", "@batch"]).await == 1).await;
    assert_eq!((node.stop().await, node.status().drained), (0, 0));
    house.book.pages().is_away = false;
    let node = house.node(QUICK);
    house.drained().await;
    node.stop().await;
    assert_eq!(house.book.total(), counted);
}

#[tokio::test]
async fn without_redis_it_waits_in_the_process_and_a_stop_says_what_is_left() {
    let book = Arc::<Book>::default();
    book.pages().is_away = true;
    let node = Views::start(Arc::<Book>::clone(&book), None, QUICK, Handle::current());
    let counted = count(&node, 20);
    until("it was tried", async || node.status().oldest.is_some()).await;
    assert_eq!((node.stop().await, node.status().buffered), (counted, counted));
    book.pages().is_away = false;
    assert_eq!((node.stop().await, book.total()), (0, counted), "a second stop tries again");
}

#[tokio::test]
async fn what_the_database_refuses_for_good_does_not_keep_the_rest() {
    let house = House::new().await;
    house.book.pages().refused = Some(id(1));
    let node = house.node(QUICK);
    node.count(id(1));
    until("it is refused", async || node.status().lost == 1).await;
    node.count(id(2));
    until("the next is there", async || house.book.row(2) == (1, 1)).await;
    node.stop().await;
    assert_eq!(house.held().await, 0);
}
