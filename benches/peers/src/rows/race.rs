//! The race: a load starts, the key is invalidated, the load ends; does the next read see what was loaded before?

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};
use crate::outcome::Outcome;

const PATIENCE: Duration = Duration::from_secs(5);
const OLD: char = 'o';
const NEW: char = 'n';

/// The order is forced: the load waits inside the loader until the invalidation has returned.
pub(crate) async fn run<C: Contender>(settings: &Settings) -> Result<Outcome> {
    let cache = Arc::new(C::connect(settings).await?);
    invalidates(&*cache).await?;
    let (key, old) = (Key::fresh(), Arc::new(Loader::gated(OLD)));
    let mut reading = JoinSet::new();
    let (reader, its_key, its_loader) = (Arc::clone(&cache), key.clone(), Arc::clone(&old));
    reading.spawn(async move { reader.get_or_load(&its_key, &its_loader).await });
    timeout(PATIENCE, old.begun()).await.context("the load did not begin")?;
    let invalidated = timeout(PATIENCE, cache.invalidate(&key)).await;
    old.release();
    let ended = timeout(PATIENCE, reading.join_next()).await.context("the first read did not end")?;
    ended.context("no read")???;
    let Ok(done) = invalidated else {
        return Ok(Outcome::Said("the invalidation waits for the load".to_owned()));
    };
    done?;
    // A fill behind the caller's back has its chance to land before the next read.
    super::settle().await;
    let value = cache.get_or_load(&key, &Arc::new(Loader::immediate(NEW))).await?;
    let word = if value.first() == Some(&(NEW as u8)) { "fresh" } else { "stale" };
    Ok(Outcome::Said(word.to_owned()))
}

/// Without a load in flight an invalidation must work, else the race says nothing.
async fn invalidates<C: Contender>(cache: &C) -> Result<()> {
    let (key, loader) = (Key::fresh(), Arc::new(Loader::immediate(OLD)));
    cache.get_or_load(&key, &loader).await?;
    super::settle().await;
    cache.invalidate(&key).await?;
    super::settle().await;
    cache.get_or_load(&key, &loader).await?;
    ensure!(loader.calls() == 2, "an invalidation without a load in flight has no effect");
    Ok(())
}
