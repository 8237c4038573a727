//! A hit in L1 against bare moka: the same key, the same value.

use std::{
    convert::Infallible,
    future::Future,
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::Result;
use bytes::Bytes;
use larder_cache::{Cache, Loaded, RawBytes};
use moka::future::Cache as Moka;
use tokio::runtime::Builder;

use crate::rounds::{Row, compare};

const HITS: u32 = 400_000;
const KEY: u64 = 42;

/// On one thread, and on two that ask for the same key.
pub(crate) async fn rows() -> Result<Vec<Row>> {
    let value = Bytes::from(vec![7; 1_024]);
    let bare = Moka::<u64, Bytes>::builder().max_capacity(10_000).build();
    bare.insert(KEY, value.clone()).await;
    let cache = Cache::<u64, Bytes>::builder("bench").codec(RawBytes).build()?;
    cache.insert(&KEY, Loaded::found(value)).await;
    let mut rows = Vec::new();
    for (work, threads) in [("hit in L1, one thread", 1), ("hit in L1, two threads on one key", 2)] {
        let row = compare(
            work,
            1.5,
            || {
                let bare = bare.clone();
                on_threads(threads, move || bare_hits(bare.clone()))
            },
            || {
                let cache = cache.clone();
                on_threads(threads, move || our_hits(cache.clone()))
            },
        );
        rows.push(row.await);
    }
    Ok(rows)
}

async fn bare_hits(bare: Moka<u64, Bytes>) {
    for _ in 0..HITS {
        black_box(bare.get(black_box(&KEY)).await);
    }
}

async fn our_hits(cache: Cache<u64, Bytes>) {
    for _ in 0..HITS {
        let nothing = || async { Ok::<_, Infallible>(Loaded::absent()) };
        black_box(cache.get_or_load(black_box(&KEY), nothing).await.ok());
    }
}

/// The time of one operation on each of so many threads.
async fn on_threads<F: Future<Output = ()>>(threads: usize, work: impl Fn() -> F + Send + Clone + 'static) -> Duration {
    let run = move || {
        let runtime = Builder::new_current_thread().build().expect("a runtime can be made");
        let started = Instant::now();
        runtime.block_on(work());
        started.elapsed() / HITS
    };
    let running: Vec<_> = (0..threads).map(|_| tokio::task::spawn_blocking(run.clone())).collect();
    let mut longest = Duration::ZERO;
    for thread in running {
        longest = longest.max(thread.await.expect("no panic"));
    }
    longest
}
