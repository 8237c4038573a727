//! Misses: neither level has the key, the load answers at once, both levels get the value.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::commands::Commands;
use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};
use crate::outcome::Outcome;

const MISSES: usize = 500;

/// One task misses key after key.
pub(crate) async fn run<C: Contender>(settings: &Settings) -> Result<Outcome> {
    let cache = C::connect(settings).await?;
    let loader = Arc::new(Loader::immediate('v'));
    cache.get_or_load(&Key::fresh(), &loader).await?;
    super::settle().await;
    let keys = Key::several(MISSES);
    let before = Commands::start(settings).await?;
    let start = Instant::now();
    for key in &keys {
        black_box(cache.get_or_load(key, &loader).await?);
    }
    let taken = start.elapsed();
    super::settle().await;
    ensure!(loader.calls() == 1 + keys.len() as u64, "{} loads for {MISSES} misses", loader.calls() - 1);
    let (total, names) = before.per(MISSES).await?;
    Ok(Outcome::Measured {
        value: taken.as_secs_f64() * 1e6 / super::count(MISSES),
        loads: None,
        note: format!("{total:.1}: {names}"),
    })
}
