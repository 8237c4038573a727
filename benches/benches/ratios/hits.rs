//! A hit in L1 against bare moka: the same key, the same value.

use std::{
    future::Future,
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::Result;
use bytes::Bytes;
use larder_cache::Cache;
use moka::future::Cache as Moka;
use tokio::runtime::Builder;

use crate::{
    bodies::{filled_l1, filled_moka, hit},
    rounds::Table,
};

/// Its rows.
pub(crate) const ON_ONE_THREAD: &str = "hit in L1, one thread";
pub(crate) const ON_TWO_THREADS: &str = "hit in L1, two threads on one key";

const HITS: u32 = 400_000;
const KEY: u64 = 42;

/// On one thread, and on two that ask for the same key.
pub(crate) async fn measure(table: &mut Table) -> Result<()> {
    let (bare, cache) = (filled_moka().await, filled_l1().await?);
    for (work, threads) in [(ON_ONE_THREAD, 1), (ON_TWO_THREADS, 2)] {
        let bare = || {
            let bare = bare.clone();
            on_threads(threads, move || bare_hits(bare.clone()))
        };
        let ours = || {
            let cache = cache.clone();
            on_threads(threads, move || our_hits(cache.clone()))
        };
        table.compare(work, 1.5, bare, ours).await?;
    }
    Ok(())
}

async fn bare_hits(bare: Moka<u64, Bytes>) {
    for _ in 0..HITS {
        black_box(bare.get(black_box(&KEY)).await);
    }
}

async fn our_hits(cache: Cache<u64, Bytes>) {
    for _ in 0..HITS {
        black_box(hit(&cache, black_box(KEY)).await);
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
