//! Who has taken what was announced.

use super::outbox::{FIRST, MANY, OutboxSubject, PATIENCE, SECOND, Server, changes};
use crate::Relayed;

pub async fn what_the_current_server_took_is_pending_no_longer(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    subject.make(3).await;
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    let relayed = subject.relay(Some(FIRST), MANY).await;
    assert_eq!((relayed.claimed, relayed.marked), (3, true));
    assert!(relayed.oldest.is_some_and(|age| age < PATIENCE), "{relayed:?}");
    let polled = tail.poll(MANY).await.expect("the poll answers");
    assert_eq!((polled.pending_from, polled.current), (None, Some(FIRST)));
    assert!(polled.changes.expect("no gap").iter().all(|change| change.taken_by == Some(FIRST)));
    assert_eq!(subject.relay(Some(FIRST), MANY).await, Relayed::default());
}

pub async fn what_another_server_took_stays_pending(subject: OutboxSubject) {
    subject.outbox.make_current(SECOND).await.expect("the server is current");
    subject.make(2).await;
    let relayed = subject.relay(Some(FIRST), MANY).await;
    assert_eq!((relayed.claimed, relayed.marked), (2, false));
    assert_eq!(subject.pending().await, 2);
}

pub async fn what_was_taken_before_any_server_is_current_stays_pending(subject: OutboxSubject) {
    subject.make(2).await;
    assert!(!subject.relay(Some(FIRST), MANY).await.marked);
    assert_eq!(subject.pending().await, 2);
}

pub async fn what_was_not_taken_stays_pending(subject: OutboxSubject) {
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    subject.make(2).await;
    let relayed = subject.relay(None, MANY).await;
    assert_eq!((relayed.claimed, relayed.marked), (2, false));
    assert_eq!(subject.relay(Some(FIRST), MANY).await.claimed, 2, "the rows are free at once");
}

pub async fn a_relay_takes_the_lowest_rows_first(subject: OutboxSubject) {
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    subject.make(5).await;
    let server = Server::new(Some(FIRST));
    for expected in [2, 2, 1, 0] {
        assert_eq!(subject.outbox.relay(2, &server).await.expect("the relay answers").claimed, expected);
    }
    let taken = server.1.lock().await;
    assert!(taken.len() == 5 && taken.is_sorted_by_key(|change| change.row), "{taken:?}");
}

pub async fn another_server_makes_everything_pending_again(subject: OutboxSubject) {
    let mut tail = subject.tail().await;
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    subject.make(3).await;
    subject.relay(Some(FIRST), MANY).await;
    subject.outbox.make_current(SECOND).await.expect("the server is current");
    assert_eq!(subject.pending().await, 3);
    let polled = tail.poll(MANY).await.expect("the poll answers");
    assert_eq!((polled.current, polled.pending_from), (Some(SECOND), Some(polled.newest_row - 2)));
    assert!(subject.relay(Some(SECOND), MANY).await.marked);
    assert_eq!(changes(&mut tail).await, [], "no tail hears of a change twice");
}

pub async fn the_same_server_again_changes_nothing(subject: OutboxSubject) {
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    subject.make(2).await;
    subject.relay(Some(FIRST), MANY).await;
    subject.outbox.make_current(FIRST).await.expect("the server is current");
    assert_eq!(subject.pending().await, 0);
}
