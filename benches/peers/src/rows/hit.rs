//! Hits: one hot key in the first level; many keys in Redis, read by 64 tasks through an instance that has none of them.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use futures_util::stream::{self, TryStreamExt};
use tokio::task::JoinSet;

use crate::commands::Commands;
use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};
use crate::outcome::Outcome;

const WARM_UP: u32 = 2_000;
const L1_READS: u32 = 100_000;
const TASKS: usize = 64;
const KEYS_PER_TASK: usize = 50;

/// One task reads one key again and again.
pub(crate) async fn l1<C: Contender>(settings: &Settings) -> Result<Outcome> {
    let cache = C::connect(settings).await?;
    let (key, loader) = (Key::fresh(), Arc::new(Loader::immediate('v')));
    cache.get_or_load(&key, &loader).await?;
    for _ in 0..WARM_UP {
        cache.l1_hit(&key, &loader).await?;
    }
    let before = Commands::start(settings).await?;
    let start = Instant::now();
    for _ in 0..L1_READS {
        black_box(cache.l1_hit(black_box(&key), &loader).await?);
    }
    let taken = start.elapsed();
    ensure!(loader.calls() == 1, "{} loads instead of one", loader.calls());
    let (commands, names) = before.per(L1_READS as usize).await?;
    let note = if commands > 0.01 { format!("not a local hit: {names}") } else { String::new() };
    Ok(Outcome::Measured { value: taken.as_secs_f64() * 1e9 / f64::from(L1_READS), loads: None, note })
}

/// Writes keys through one instance, so that another finds them in Redis only.
pub(crate) async fn seed<C: Contender>(settings: &Settings, keys: &[Key]) -> Result<()> {
    let writer = C::connect(settings).await?;
    let loader = Arc::new(Loader::immediate('v'));
    stream::iter(keys.iter().map(Ok))
        .try_for_each_concurrent(TASKS, |key| {
            let (writer, loader) = (&writer, &loader);
            async move { writer.get_or_load(key, loader).await.map(drop) }
        })
        .await?;
    super::settle().await;
    Ok(())
}

/// 64 tasks share one instance; each reads its own keys, each key once.
pub(crate) async fn l2<C: Contender>(settings: &Settings) -> Result<Outcome> {
    let keys = Key::several(TASKS * KEYS_PER_TASK);
    seed::<C>(settings, &keys).await?;
    let reader = Arc::new(C::connect(settings).await?);
    let loader = Arc::new(Loader::immediate('w'));
    // The first use of a connection is not what is measured.
    reader.get_or_load(&Key::fresh(), &loader).await?;
    let before = Commands::start(settings).await?;
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for part in keys.chunks(KEYS_PER_TASK) {
        let (reader, loader, part) = (Arc::clone(&reader), Arc::clone(&loader), part.to_vec());
        tasks.spawn(async move {
            for key in &part {
                black_box(reader.l2_hit(key, &loader).await?);
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let taken = start.elapsed();
    ensure!(loader.calls() == 1, "{} of {} reads loaded", loader.calls() - 1, keys.len());
    let (_, note) = before.per(keys.len()).await?;
    Ok(Outcome::Measured { value: taken.as_secs_f64() * 1e6 / super::count(keys.len()), loads: None, note })
}
