//! Round trips of whole calls: what a hit, a miss, a batch and an invalidation cost, whatever the number of entries.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use larder_cache::{
    Cache, CacheOptions, Json, L2, Loaded, RedisOptions, RedisRemote, Source,
    testing::{Call, CountingLoader, ScriptedL2},
};
use larder_test_support::{Redis, RedisOptions as ServerOptions};

type Names = Cache<u64, String>;
type Rows = CountingLoader<u64, String>;

const KEYS: u64 = 100;

fn rows() -> Rows {
    CountingLoader::new((0..KEYS).map(|key| (key, Loaded::found(key.to_string()).with_tag("all"))))
}

/// A node of its own on a scripted L2, with nothing in L1 yet.
fn node(remote: &Arc<ScriptedL2>) -> Names {
    let remote = Arc::<ScriptedL2>::clone(remote);
    let l2 = L2::new(remote).expect("a runtime");
    Names::builder("names").codec(Json).l2(&l2).build().expect("the options work")
}

#[tokio::test]
async fn a_miss_is_three_round_trips_and_the_last_is_not_waited_for() {
    let (remote, rows) = (ScriptedL2::new(), rows());
    let cache = node(&remote);
    let held = remote.hold_before(Call::Fill);
    // Nobody opens the gate of the fill before the answer is there.
    assert_eq!(cache.get_or_load(&1, rows.load(1)).await.expect("loads").source, Source::Loader);
    held.open();
    remote.ended(Call::Fill, 1).await;
    assert_eq!(remote.calls(), [Call::Fetch, Call::Lease, Call::Fill]);
}

#[tokio::test]
async fn a_batch_is_one_round_trip_for_each_phase_and_one_call_of_the_loader() {
    let (remote, rows) = (ScriptedL2::new(), rows());
    let keys: Vec<u64> = (0..KEYS).collect();
    node(&remote).get_or_load_many(&keys, rows.load_many()).await.expect("loads");
    remote.ended(Call::Fill, 1).await;
    assert_eq!(remote.calls(), [Call::Fetch, Call::Lease, Call::Fill]);
    assert_eq!(rows.calls(), 1);
    // Another node finds all of it, and asks once for the tag that it does not know.
    node(&remote).get_or_load_many(&keys, rows.load_many()).await.expect("is there");
    assert_eq!(remote.calls()[3..], [Call::Fetch, Call::Generations]);
    assert_eq!(rows.calls(), 1);
}

#[tokio::test]
async fn a_hit_in_l2_is_one_round_trip_when_its_tags_are_known() {
    let (remote, rows) = (ScriptedL2::new(), rows());
    let (filler, reader) = (node(&remote), node(&remote));
    for (fills, key) in [1, 2].into_iter().enumerate() {
        filler.get_or_load(&key, rows.load(key)).await.expect("loads");
        remote.ended(Call::Fill, fills + 1).await;
    }
    reader.get_or_load(&1, rows.load(1)).await.expect("is there");
    let before = remote.calls().len();
    assert_eq!(reader.get_or_load(&2, rows.load(2)).await.expect("is there").source, Source::L2);
    assert_eq!(remote.calls()[before..], [Call::Fetch]);
}

/// Commands that ran while something was done, those of scripts included; without those of the counting itself.
async fn commands(server: &Redis, work: impl Future<Output = ()>) -> BTreeMap<String, u64> {
    let before = server.command_counts().await.expect("counts");
    work.await;
    let after = server.command_counts().await.expect("counts");
    let grown = after.into_iter().map(|(name, count)| (name.clone(), count - before.get(&name).copied().unwrap_or(0)));
    grown
        .filter(|(name, count)| *count > 0 && !["info", "auth", "hello", "client|setinfo"].contains(&name.as_str()))
        .collect()
}

#[tokio::test]
async fn on_a_real_redis_a_hit_is_one_command_and_what_invalidates_does_not_grow_with_the_entries() {
    let server = Redis::start(ServerOptions::default()).await.expect("a Redis");
    let options = RedisOptions { url: server.url(), namespace: "trips".to_owned(), ..RedisOptions::default() };
    let l2 = L2::new(Arc::new(RedisRemote::new(&options).expect("a valid URL"))).expect("a runtime");
    let without_l1 = CacheOptions { l1_capacity_bytes: 0, ..CacheOptions::default() };
    let cache = Names::builder("names").codec(Json).l2(&l2).options(without_l1).build().expect("the options work");
    let rows = rows();
    let mut costs = Vec::new();
    for keys in [1, KEYS] {
        let keys: Vec<u64> = (0..keys).collect();
        let before = cache.statistics().fills.stored;
        cache.get_or_load_many(&keys, rows.load_many()).await.expect("loads");
        // The fill goes on after the answer.
        while cache.statistics().fills.stored < before + keys.len() as u64 {
            tokio::task::yield_now().await;
        }
        let started = Instant::now();
        let mut hit = commands(&server, async {
            assert_eq!(cache.get_or_load(&0, rows.load(0)).await.expect("is there").source, Source::L2);
        })
        .await;
        assert!(hit.remove("time").unwrap_or(0) <= 1 + started.elapsed().as_secs());
        assert_eq!(hit, BTreeMap::from([("mget".to_owned(), 1)]));
        let tag = commands(&server, cache.invalidate_tag("all")).await;
        let clear = commands(&server, cache.clear()).await;
        costs.push((tag, clear));
    }
    assert_eq!(costs[0], costs[1]);
}
