//! How long rows are kept, and how it stands.

use std::time::Duration;

use tokio::time;

use super::outbox::{FIRST, FOREVER, MANY, OVER_NOW, OutboxSubject, PATIENCE, SECOND, Server, changes, until_no_gap};
use crate::{Changed, OutboxLimits};

pub async fn taken_rows_are_deleted_by_age(subject: OutboxSubject) {
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    subject.make(3).await;
    subject.relay(Some(FIRST), 2).await;
    let trimmed = subject.outbox.trim(OutboxLimits { retention: Duration::ZERO, ..FOREVER }).await;
    let trimmed = trimmed.expect("the trim answers");
    assert_eq!((trimmed.deleted, trimmed.collapsed), (2, 1), "what is pending becomes a change of everything");
    let mut tail = subject.outbox.tail().await.expect("a tail opens");
    let polled = tail.poll(MANY).await.expect("the poll answers");
    assert_eq!(polled.pending_from, Some(polled.newest_row), "nothing else is left");
}

pub async fn young_rows_stay(subject: OutboxSubject) {
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    subject.make(3).await;
    subject.relay(Some(FIRST), 2).await;
    let trimmed = subject.outbox.trim(FOREVER).await.expect("the trim answers");
    assert_eq!((trimmed.deleted, trimmed.collapsed), (0, 0));
    subject.outbox.make_current(SECOND).await.expect("the server is current");
    assert_eq!(subject.pending().await, 3);
}

pub async fn pending_rows_over_the_limit_become_one(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    subject.make(5).await;
    assert_eq!(changes(&mut tail).await.len(), 5);
    let limits = OutboxLimits { max_pending: 5, ..FOREVER };
    assert_eq!(subject.outbox.trim(limits).await.expect("the trim answers").collapsed, 0);
    subject.create("A").await;
    assert_eq!(subject.outbox.trim(limits).await.expect("the trim answers").collapsed, 6);
    assert_eq!(subject.pending().await, 1);
    assert_eq!(tail.poll(MANY).await.expect("the poll answers").changes, None, "the sixth was deleted unheard");
    let server = Server::new(Some(FIRST));
    subject.outbox.relay(MANY, &server).await.expect("the relay answers");
    let taken = server.1.lock().await;
    assert_eq!(taken.iter().map(|change| &change.what).collect::<Vec<_>>(), [&Changed::Everything]);
    assert_eq!(subject.pending().await, 0);
}

pub async fn pending_rows_that_are_too_old_become_one(subject: OutboxSubject) {
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    subject.make(5).await;
    let mut tail = subject.tail().await;
    assert_eq!(subject.outbox.trim(OVER_NOW).await.expect("the trim answers").collapsed, 5);
    let told = tail.poll(MANY).await.expect("the poll answers").changes;
    assert!(told.is_none_or(|told| told.len() == 1 && told[0].what == Changed::Everything), "all tails hear of it");
    assert_eq!(subject.outbox.trim(OVER_NOW).await.expect("the trim answers").collapsed, 0, "once");
    assert_eq!(subject.pending().await, 1);
}

pub async fn without_a_server_old_rows_are_deleted(subject: OutboxSubject) {
    subject.make(3).await;
    let trimmed = subject.outbox.trim(OutboxLimits { max_pending: 1, ..OVER_NOW }).await.expect("the trim answers");
    assert_eq!((trimmed.deleted, trimmed.collapsed), (3, 0));
    assert_eq!(subject.pending().await, 0);
}

pub async fn a_tail_that_slept_through_a_deletion_hears_of_a_gap(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    subject.make(2).await;
    assert_eq!(subject.outbox.trim(OVER_NOW).await.expect("the trim answers").deleted, 2);
    assert_eq!(tail.poll(MANY).await.expect("the poll answers").changes, None);
    assert_eq!(until_no_gap(&mut tail).await, []);
}

pub async fn a_tail_that_heard_of_all_does_not_mind_a_deletion(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    // A transaction of somebody else that was open at the poll and decided at the trim may look like one whose row was deleted.
    for round in 0.. {
        assert!(round < 20, "every deletion is a gap");
        subject.create(&format!("S-{round}")).await;
        until_no_gap(&mut tail).await;
        assert_eq!(subject.outbox.trim(OVER_NOW).await.expect("the trim answers").deleted, 1);
        let polled = tail.poll(MANY).await.expect("the poll answers");
        if polled.changes.is_some_and(|changes| changes.is_empty()) {
            return;
        }
    }
}

pub async fn the_status_tells_what_is_pending_and_taken(subject: OutboxSubject) {
    let status = subject.outbox.status(2).await.expect("the status answers");
    assert_eq!((status.pending, status.oldest_pending, status.current, status.taken_below), (0, None, None, 0));
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    let first = subject.create("A").await.position.number;
    let last = subject.create("B").await.position.number;
    subject.create("C").await;
    let status = subject.outbox.status(2).await.expect("the status answers");
    assert_eq!((status.pending, status.current), (2, Some(FIRST)), "counted up to two");
    assert!(status.oldest_pending.is_some_and(|age| age < PATIENCE));
    assert!(status.taken_below <= first, "{status:?} {first}");
    subject.relay(Some(FIRST), 2).await;
    let status = subject.outbox.status(2).await.expect("the status answers");
    assert!(status.pending == 1 && status.deleted_through < first, "{status:?} {first}");
    subject.outbox.trim(OVER_NOW).await.expect("the trim answers");
    let status = subject.outbox.status(2).await.expect("the status answers");
    assert!(status.deleted_through > last, "{status:?} {last}");
    subject.relay(Some(FIRST), 2).await;
    // Others on the same server may hold a snapshot back for a moment.
    let above = async {
        while subject.outbox.status(2).await.expect("the status answers").taken_below <= status.deleted_through {
            time::sleep(Duration::from_millis(10)).await;
        }
    };
    time::timeout(PATIENCE, above).await.expect("all is known to be taken");
}
