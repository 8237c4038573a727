//! Calling the loader: under the budget, under a deadline, and safe from its panics.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures_util::FutureExt;
use tracing::Instrument;

use crate::{
    CacheKey, Error, ErrorKind, LoadOutcome, Loaded, Nonce, Operation,
    chain::Chain,
    clock::within,
    core::Core,
    lead::Pending,
    loaded::BatchLoader,
    local::Look,
    sync::{AtomicU64, Ordering},
    tags::TagStamp,
};

/// What was noted before a loader was called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) at: Instant,
    pub(crate) tags: TagStamp,
}

/// One more that waits, for as long as it lives.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn in_line(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    /// Calls the loader once for all keys and ends their flights.
    pub(crate) async fn load(
        self: &Arc<Self>,
        pending: Vec<Pending<K, V>>,
        loader: &BatchLoader<K, V>,
        chain: Option<Arc<Chain>>,
    ) {
        let asked_at = self.now();
        let span = tracing::debug_span!(
            "cache.load",
            cache = self.name,
            keys = pending.len(),
            outcome = tracing::field::Empty
        );
        let called = self.call(&pending, loader, chain).instrument(span.clone()).await;
        let outcome = match &called {
            Ok(_) => LoadOutcome::Loaded,
            Err(error) => match error.kind() {
                ErrorKind::Deadline => LoadOutcome::Deadline,
                ErrorKind::Overloaded => LoadOutcome::Overloaded,
                ErrorKind::LoaderPanicked => LoadOutcome::Panicked,
                ErrorKind::Load | ErrorKind::Reentrant | ErrorKind::Stopped => LoadOutcome::Failed,
            },
        };
        span.record("outcome", outcome.as_str());
        self.load_ended(outcome, self.now().saturating_duration_since(asked_at));
        match called {
            Ok((loaded, start)) => self.settle(pending, loaded, start),
            Err(error) => self.give_up(pending, &error),
        }
    }

    /// What the loader answered, and what was noted before it was called.
    async fn call(
        &self,
        pending: &[Pending<K, V>],
        loader: &BatchLoader<K, V>,
        chain: Option<Arc<Chain>>,
    ) -> Result<(HashMap<K, Loaded<V>>, Start), Error> {
        let deadline = self.now() + self.options.load_deadline;
        let _place = match self.budget.try_acquire() {
            Ok(place) => place,
            Err(_none_free) => {
                pending.iter().for_each(|pending| pending.lead.is_crowded());
                let _waiting = Waiting::in_line(&self.loads_waiting);
                let patience = self.options.load_queue_deadline.min(self.options.load_deadline);
                let place = within(&*self.clock, patience, self.budget.acquire()).await;
                place.and_then(Result::ok).ok_or_else(|| Error::new(ErrorKind::Overloaded))?
            }
        };
        let start = Start { at: self.now(), tags: self.tags.note() };
        pending.iter().for_each(|pending| pending.lead.loads());
        let keys: Vec<K> = pending.iter().map(|pending| pending.lead.key.clone()).collect();
        let hashes = keys.iter().map(|key| self.local.hash(key)).collect();
        let chain = Chain::new(std::ptr::from_ref(self).addr(), hashes, chain);
        let load = AssertUnwindSafe(chain.scope(async { loader(keys).await })).catch_unwind();
        let left = deadline.saturating_duration_since(start.at);
        match within(&*self.clock, left, load).await {
            Some(Ok(Ok(loaded))) => Ok((loaded, start)),
            Some(Ok(Err(source))) => Err(Error::load(source)),
            Some(Err(_panic)) => Err(Error::new(ErrorKind::LoaderPanicked)),
            None => Err(Error::new(ErrorKind::Deadline)),
        }
    }

    /// Ends flights whose load failed. What is stale is served for a while without another attempt.
    fn give_up(self: &Arc<Self>, pending: Vec<Pending<K, V>>, error: &Error) {
        let now = self.now();
        let leases = pending.iter().filter_map(|pending| Some((pending.remote.name().to_owned(), pending.lease?)));
        let leases: Vec<(String, Nonce)> = leases.collect();
        for pending in pending {
            if let Look::Stale(entry) | Look::Unconfirmed(entry) = self.local.look(&pending.lead.key, || now) {
                entry.hold_until(now + self.options.grace_throttle);
            }
            pending.lead.end(Err(error.clone()));
        }
        self.release(leases);
    }

    /// Gives leases back in the background.
    pub(crate) fn release(self: &Arc<Self>, leases: Vec<(String, Nonce)>) {
        if leases.is_empty() {
            return;
        }
        let core = Arc::clone(self);
        self.spawner.spawn(async move {
            let Some(l2) = &core.l2 else { return };
            let leases: Vec<(&str, Nonce)> = leases.iter().map(|(key, token)| (key.as_str(), *token)).collect();
            core.ask(Operation::Release, l2.release(&core.name, &leases)).await;
        });
    }
}
