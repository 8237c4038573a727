//! What the outbox announces, and when a tail hears of it.

use std::time::Duration;

use larder_domain::ProductPatch;
use tokio::time;

use super::{
    outbox::{MANY, OutboxSubject, PATIENCE, announcement, changes},
    samples::{adjustment, category, full, plain, plain_drafts},
    subject::{imported, product_id, refusal},
};
use crate::{Changed, Precondition, ProductChange};

pub async fn a_first_poll_cannot_tell_what_changed(subject: OutboxSubject) {
    subject.create("A").await;
    let mut tail = subject.outbox.tail().await.expect("a tail opens");
    let polled = tail.poll(MANY).await.expect("the poll answers");
    assert_eq!((polled.changes, polled.current), (None, None));
    assert!(polled.newest_row > 0 && polled.pending_from == Some(polled.newest_row));
    assert_eq!(changes(&mut tail).await, []);
}

pub async fn every_kind_of_write_is_announced_as_it_was_written(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    let products = &subject.products;
    let made = subject.create("A").await;
    let moved = ProductPatch { category: Some(category("cups")), is_featured: Some(true), ..ProductPatch::default() };
    let unchanged = ProductPatch { category: Some(category("cups")), ..ProductPatch::default() };
    let mut written = vec![made.clone()];
    for change in [moved, unchanged].map(ProductChange::Patch) {
        written.push(products.update(made.id, &change, Precondition::None).await.expect("update succeeds"));
    }
    let replace = ProductChange::Replace(full("B"));
    written.push(products.update(made.id, &replace, Precondition::None).await.expect("update succeeds"));
    written.push(products.adjust(made.id, &adjustment(1, 0)).await.expect("adjust succeeds"));
    written.push(products.delete(made.id, Precondition::None).await.expect("delete succeeds"));

    let told = changes(&mut tail).await;
    let expected: Vec<_> = written.iter().map(announcement).collect();
    assert_eq!(told.iter().map(|change| change.what.clone()).collect::<Vec<_>>(), expected);
    assert!(told.is_sorted_by(|left, right| left.row < right.row));
    assert!(told.iter().all(|change| change.taken_by.is_none()));
}

pub async fn a_change_is_told_once_to_each_tail(subject: OutboxSubject) {
    let (mut early, mut late) = (subject.tail().await, subject.tail().await);
    for round in 0..5 {
        let written = subject.create(&format!("A-{round}")).await;
        let told = changes(&mut early).await;
        assert_eq!(told.iter().map(|change| &change.what).collect::<Vec<_>>(), [&announcement(&written)]);
        assert_eq!(changes(&mut early).await, []);
    }
    assert_eq!(changes(&mut late).await.len(), 5);
}

pub async fn what_was_refused_is_not_announced(subject: OutboxSubject) {
    let made = subject.create("A").await;
    let mut tail = subject.tail().await;
    refusal(subject.products.create(&plain("A")).await);
    refusal(subject.products.delete(product_id(i64::MAX), Precondition::None).await);
    let wrong = Precondition::Version(larder_domain::Version(made.version.0 + 1));
    refusal(subject.products.delete(made.id, wrong).await);
    refusal(subject.products.update(made.id, &ProductChange::Replace(full("A")), wrong).await);
    refusal(subject.products.adjust(made.id, &adjustment(-1, 0)).await);
    assert_eq!(changes(&mut tail).await, []);
}

pub async fn a_write_is_heard_of_from_the_poll_that_tells_it(subject: OutboxSubject) {
    let mut tail = subject.outbox.tail().await.expect("a tail opens");
    let before = tail.poll(MANY).await.expect("the poll answers").heard;
    let made = subject.create("A").await;
    let removed = subject.products.delete(made.id, Precondition::None).await.expect("delete succeeds");
    let after = tail.poll(MANY).await.expect("the poll answers").heard;
    for position in [made.position, removed.position] {
        assert!(!before.covers(position) && after.covers(position), "{before:?} {position:?} {after:?}");
    }
}

pub async fn more_changes_than_the_limit_are_a_gap(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    subject.make(3).await;
    assert_eq!(tail.poll(2).await.expect("the poll answers").changes, None);
    assert_eq!(tail.poll(2).await.expect("the poll answers").changes, Some(Vec::new()), "the gap is told once");
    subject.create("A").await;
    subject.create("B").await;
    assert_eq!(tail.poll(2).await.expect("the poll answers").changes.map(|changes| changes.len()), Some(2));
}

pub async fn a_large_import_is_one_change_of_everything(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    let products: Vec<_> = (1..).zip(plain_drafts(3_000)).map(|(id, draft)| imported(id, 1_000, draft)).collect();
    assert_eq!(subject.import.import(&products).await.expect("import succeeds"), 3_000);
    let told = changes(&mut tail).await;
    assert_eq!(told.iter().map(|change| &change.what).collect::<Vec<_>>(), [&Changed::Everything]);
    let after = subject.create("A").await;
    let told = changes(&mut tail).await;
    assert_eq!(told.iter().map(|change| &change.what).collect::<Vec<_>>(), [&announcement(&after)]);
    assert_eq!(subject.import.import(&products).await.expect("import succeeds"), 0);
    assert_eq!(changes(&mut tail).await, [], "what was there already did not change");
}

pub async fn a_small_import_is_announced_row_by_row(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    let products: Vec<_> = (1..).zip(plain_drafts(1_000)).map(|(id, draft)| imported(id, 1_000, draft)).collect();
    subject.import.import(&products).await.expect("import succeeds");
    let told = changes(&mut tail).await;
    assert_eq!(told.len(), 1_000);
    assert!(told.iter().all(|change| matches!(change.what, Changed::Product { .. })));
}

pub async fn a_commit_ends_a_wait(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    let mut wake_ups = 0;
    for round in 0..5 {
        let sku = format!("A-{round}");
        let (waited, written) = tokio::join!(tail.wait(PATIENCE), subject.create(&sku));
        waited.expect("the connection lives");
        // What woke it may have been something else that was committed: then it waits on.
        while !tail.poll(MANY).await.expect("the poll answers").heard.covers(written.position) {
            tail.wait(PATIENCE).await.expect("the connection lives");
            wake_ups += 1;
            assert!(wake_ups < 100);
        }
    }
}

pub async fn a_wait_ends_by_itself(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    // What is left of making the database may end the first one.
    for _ in 0..3 {
        tail.poll(MANY).await.expect("the poll answers");
        time::timeout(PATIENCE, tail.wait(Duration::from_millis(50))).await.expect("in time").expect("it lives");
    }
}

pub async fn notifications_arrive(subject: OutboxSubject) {
    assert!(subject.outbox.notifies(PATIENCE).await.expect("the check answers"));
}
