//! The batch: 100 keys that are in Redis only, asked for in one call.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::hit::seed;
use crate::commands::Commands;
use crate::contender::{Contender, Settings};
use crate::load::Key;
use crate::outcome::Outcome;

const KEYS: usize = 100;
const BATCHES: u32 = 10;

/// Ten batches of fresh keys each, through an instance that has none of them.
pub(crate) async fn run<C: Contender>(settings: &Settings) -> Result<Outcome> {
    let reader = C::connect(settings).await?;
    if reader.get_many(&Key::several(1)).await?.is_none() {
        return Ok(Outcome::Said("no batch".to_owned()));
    }
    let keys = Key::several(KEYS * BATCHES as usize);
    seed::<C>(settings, &keys).await?;
    let before = Commands::start(settings).await?;
    let mut taken = Duration::ZERO;
    for part in keys.chunks(KEYS) {
        let start = Instant::now();
        let found = reader.get_many(part).await?;
        taken += start.elapsed();
        ensure!(found == Some(KEYS), "{found:?} of {KEYS} values");
    }
    let (total, names) = before.per(BATCHES as usize).await?;
    let note = format!("{total:.0} commands: {names}");
    Ok(Outcome::Measured { value: taken.as_secs_f64() * 1e6 / f64::from(BATCHES), loads: None, note })
}
