//! The stampede: 1,000 tasks ask at once for a key that nobody has, and whose load takes 5 ms.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};
use crate::outcome::Outcome;

const CALLERS: usize = 1_000;
const LOAD: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(5);

/// Counts the loads, the callers that got an error and those that got no answer at all.
pub(crate) async fn run<C: Contender>(settings: &Settings) -> Result<Outcome> {
    let cache = Arc::new(C::connect(settings).await?);
    cache.get_or_load(&Key::fresh(), &Arc::new(Loader::immediate('v'))).await?;
    let (key, loader) = (Key::fresh(), Arc::new(Loader::slow(LOAD)));
    let barrier = Arc::new(Barrier::new(CALLERS + 1));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (cache, key, loader, barrier) =
            (Arc::clone(&cache), key.clone(), Arc::clone(&loader), Arc::clone(&barrier));
        callers.spawn(async move {
            barrier.wait().await;
            cache.get_or_load(&key, &loader).await.map(drop)
        });
    }
    barrier.wait().await;
    let start = Instant::now();
    let (mut answered, mut failed) = (0, 0);
    let all = async {
        while let Some(caller) = callers.join_next().await {
            answered += 1;
            failed += usize::from(!matches!(caller, Ok(Ok(()))));
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, all).await.is_ok();
    let value = start.elapsed().as_secs_f64() * 1e3;
    let note = if failed > 0 { format!("{failed} callers got an error") } else { String::new() };
    if in_time {
        return Ok(Outcome::Measured { value, loads: Some(loader.calls()), note });
    }
    callers.shutdown().await;
    Ok(Outcome::Said(format!("{} of {CALLERS} callers never answered (5 s)", CALLERS - answered)))
}
