//! What every L2 must do, run on the scripted one and on Redis.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use larder_cache::{
    FillReply, FillRequest, Invalidation, ReadReply, ReadRequest, RedisOptions, RedisRemote, Remote, Token,
};
use larder_test_support::Redis;

use crate::scripted::Scripted;

const LONG: Duration = Duration::from_secs(60);

pub(crate) fn token(number: u8) -> Token {
    Token([number; 16])
}

pub(crate) async fn read(remote: &dyn Remote, key: &str, number: u8) -> ReadReply {
    read_for(remote, key, number, LONG).await
}

async fn read_for(remote: &dyn Remote, key: &str, number: u8, lease: Duration) -> ReadReply {
    let request = ReadRequest { key: key.to_owned(), token: token(number) };
    remote.read(&[request], lease).await.expect("L2 answers").remove(0)
}

pub(crate) async fn fill(remote: &dyn Remote, key: &str, number: u8, version: Option<u64>, frame: &str) -> FillReply {
    let (key, frame, absent) = (key.to_owned(), Bytes::copy_from_slice(frame.as_bytes()), frame.is_empty());
    let request = FillRequest { key, token: token(number), frame, ttl: LONG, version, absent };
    remote.fill(&request).await.expect("L2 answers")
}

pub(crate) async fn invalidate(remote: &dyn Remote, key: &str, version: Option<u64>, gone: bool) {
    let invalidation = Invalidation { key: key.to_owned(), version, gone };
    remote.invalidate(&[invalidation]).await.expect("L2 answers");
}

#[track_caller]
fn assert_hit(reply: &ReadReply, expected: &str) {
    assert!(matches!(reply, ReadReply::Hit { frame, .. } if frame == expected), "{reply:?} is no hit on {expected}");
}

macro_rules! every_remote {
    ($($check:ident)*) => {
        mod scripted { $(#[tokio::test] async fn $check() { super::$check(super::Scripted::new().as_ref()).await; })* }
        mod redis {
            $(#[tokio::test] async fn $check() { super::$check(super::redis_remote().await.as_ref()).await; })*
        }
    };
}

every_remote! {
    a_miss_is_leased_to_one
    a_fill_ends_its_lease_and_is_read
    a_fill_without_its_lease_is_refused
    an_invalidation_drops_value_and_lease
    a_fill_older_than_the_invalidation_is_old
    an_older_invalidation_does_not_replace_a_newer_one
    absence_is_old_unless_the_row_is_gone
    only_its_holder_releases_a_lease
    a_lease_ends_by_itself
    a_batch_is_answered_in_order
}

async fn redis_remote() -> Arc<RedisRemote> {
    let server = Redis::shared().await.expect("a server");
    let options = RedisOptions { url: server.url(), namespace: server.fresh_namespace() };
    let remote = RedisRemote::new(&options).expect("the options work");
    remote.ping().await.expect("it answers");
    Arc::new(remote)
}

async fn a_miss_is_leased_to_one(remote: &dyn Remote) {
    assert_eq!(read(remote, "a", 1).await, ReadReply::Lease);
    assert_eq!(read(remote, "a", 2).await, ReadReply::Busy);
    assert_eq!(read(remote, "b", 3).await, ReadReply::Lease);
}

async fn a_fill_ends_its_lease_and_is_read(remote: &dyn Remote) {
    read(remote, "a", 1).await;
    assert_eq!(fill(remote, "a", 1, None, "one").await, FillReply::Stored);
    assert_hit(&read(remote, "a", 2).await, "one");
    assert_eq!(fill(remote, "a", 1, None, "two").await, FillReply::Refused);
    let ReadReply::Hit { remaining, .. } = read(remote, "a", 2).await else { unreachable!("it was a hit") };
    assert!(remaining <= LONG && remaining > LONG / 2, "{remaining:?}");
}

async fn a_fill_without_its_lease_is_refused(remote: &dyn Remote) {
    assert_eq!(fill(remote, "a", 1, None, "one").await, FillReply::Refused);
    read(remote, "a", 1).await;
    assert_eq!(fill(remote, "a", 2, None, "two").await, FillReply::Refused);
    assert_eq!(read(remote, "a", 3).await, ReadReply::Busy);
}

async fn an_invalidation_drops_value_and_lease(remote: &dyn Remote) {
    read(remote, "a", 1).await;
    invalidate(remote, "a", None, false).await;
    assert_eq!(fill(remote, "a", 1, None, "late").await, FillReply::Refused);
    assert_eq!(read(remote, "a", 2).await, ReadReply::Lease);
    assert_eq!(fill(remote, "a", 2, None, "one").await, FillReply::Stored);
    invalidate(remote, "a", None, false).await;
    assert_eq!(read(remote, "a", 3).await, ReadReply::Lease);
}

async fn a_fill_older_than_the_invalidation_is_old(remote: &dyn Remote) {
    // Versions beyond 2^53, where numbers that are floats go wrong.
    let version = (1 << 60) + 1;
    invalidate(remote, "a", Some(version), false).await;
    read(remote, "a", 1).await;
    assert_eq!(fill(remote, "a", 1, Some(version - 1), "old").await, FillReply::Old);
    assert_eq!(fill(remote, "a", 1, Some(version), "new").await, FillReply::Stored);
    assert_hit(&read(remote, "a", 2).await, "new");
}

async fn an_older_invalidation_does_not_replace_a_newer_one(remote: &dyn Remote) {
    invalidate(remote, "a", Some(10), false).await;
    invalidate(remote, "a", Some(9), true).await;
    read(remote, "a", 1).await;
    assert_eq!(fill(remote, "a", 1, Some(9), "old").await, FillReply::Old);
    assert_eq!(fill(remote, "a", 1, None, "").await, FillReply::Old);
    assert_eq!(fill(remote, "a", 1, Some(10), "new").await, FillReply::Stored);
}

async fn absence_is_old_unless_the_row_is_gone(remote: &dyn Remote) {
    invalidate(remote, "a", Some(1), false).await;
    read(remote, "a", 1).await;
    assert_eq!(fill(remote, "a", 1, None, "").await, FillReply::Old);
    invalidate(remote, "a", Some(2), true).await;
    read(remote, "a", 2).await;
    assert_eq!(fill(remote, "a", 2, None, "").await, FillReply::Stored);
}

async fn only_its_holder_releases_a_lease(remote: &dyn Remote) {
    read(remote, "a", 1).await;
    remote.release("a", token(2)).await.expect("L2 answers");
    assert_eq!(read(remote, "a", 3).await, ReadReply::Busy);
    remote.release("a", token(1)).await.expect("L2 answers");
    assert_eq!(read(remote, "a", 3).await, ReadReply::Lease);
}

async fn a_lease_ends_by_itself(remote: &dyn Remote) {
    read_for(remote, "a", 1, Duration::from_millis(5)).await;
    while read(remote, "a", 2).await == ReadReply::Busy {
        tokio::task::yield_now().await;
    }
    assert_eq!(fill(remote, "a", 1, None, "late").await, FillReply::Refused);
    assert_eq!(fill(remote, "a", 2, None, "one").await, FillReply::Stored);
}

async fn a_batch_is_answered_in_order(remote: &dyn Remote) {
    read(remote, "filled", 1).await;
    fill(remote, "filled", 1, None, "one").await;
    read(remote, "held", 2).await;
    let requests = ["held", "free", "filled"].map(|key| ReadRequest { key: key.to_owned(), token: token(3) });
    let replies = remote.read(&requests, LONG).await.expect("L2 answers");
    assert_eq!(replies[..2], [ReadReply::Busy, ReadReply::Lease]);
    assert_hit(&replies[2], "one");
}
