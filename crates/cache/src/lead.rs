//! The way of a miss: ask L2 under a lease, load what nobody has, fill both levels behind fence and lease.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time;

use crate::{
    CacheKey, Error, ErrorKind, FillReply, FillRequest, Invalidation, Loaded, Lookup, ReadReply, Source, Token,
    cache::Core,
    entry::{Entry, OVERHEAD_BYTES},
    flight::Lead,
    frame,
    key::RemoteKey,
    load::BatchLoader,
    ttl,
};

/// A key whose flight this task leads, with its name and token in L2.
struct Pending<K: CacheKey, V> {
    lead: Lead<K, V>,
    remote: RemoteKey,
    token: Token,
    leased: bool,
}

/// What one round of questions to L2 left to do.
struct Round<K: CacheKey, V> {
    load: Vec<Pending<K, V>>,
    wait: Vec<Pending<K, V>>,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    /// Ends every flight in `leads`, in as few round trips and loader calls as the leases allow.
    ///
    /// # Cancellation
    /// Runs in a task of its own; if that is aborted, the flights end as failed and their leases run out.
    pub(crate) async fn lead(self: Arc<Self>, leads: Vec<Lead<K, V>>, loader: BatchLoader<K, V>) {
        let mut open = self.pending(leads);
        // Who does not get the lease waits a little longer than a lease lives: giving up before would make N loads of N waiters.
        let give_up_at = Instant::now() + self.options.lease.mul_f64(1.5);
        while !open.is_empty() {
            let Round { load, wait } = self.ask(open, give_up_at).await;
            // What is led here is loaded before waiting for what others lead.
            self.load(load, &loader).await;
            open = wait;
            if !open.is_empty() {
                time::sleep(Duration::from_millis(fastrand::u64(5..=20))).await;
            }
        }
    }

    /// Drops what another flight put into L1 between the caller's look and its entry into the flight table.
    fn pending(&self, leads: Vec<Lead<K, V>>) -> Vec<Pending<K, V>> {
        let mut open = Vec::with_capacity(leads.len());
        for lead in leads {
            if let Some(entry) = self.local.get(&lead.key) {
                lead.end(Ok(Lookup { value: entry.value.clone(), source: Source::L1 }));
            } else {
                let remote = RemoteKey::of(&self.name, &lead.key);
                open.push(Pending { lead, remote, token: Token::random(), leased: false });
            }
        }
        open
    }

    /// One round trip for all keys. Hits end their flights here.
    async fn ask(&self, open: Vec<Pending<K, V>>, give_up_at: Instant) -> Round<K, V> {
        let mut round = Round { load: Vec::new(), wait: Vec::new() };
        let asked_at = Instant::now();
        let Some(replies) = self.upstream.read(&open_requests(&open), self.options.lease).await else {
            round.load = open;
            return round;
        };
        for (mut pending, reply) in open.into_iter().zip(replies) {
            match reply {
                Some(ReadReply::Hit { frame, remaining }) => {
                    if let Some(value) = self.decode(&pending.remote, &frame) {
                        self.keep(&pending.lead, value.clone(), asked_at + remaining.min(self.options.l1_ttl));
                        pending.lead.end(Ok(Lookup { value, source: Source::L2 }));
                    } else if Instant::now() < give_up_at {
                        self.discard(pending, &mut round).await;
                    } else {
                        round.load.push(pending);
                    }
                }
                Some(ReadReply::Lease) => {
                    pending.leased = true;
                    round.load.push(pending);
                }
                Some(ReadReply::Busy) if Instant::now() < give_up_at => round.wait.push(pending),
                Some(ReadReply::Busy) | None => round.load.push(pending),
            }
        }
        round
    }

    /// What L2 holds, a value or its absence, unless that is no frame of this cache.
    fn decode(&self, remote: &RemoteKey, frame: &Bytes) -> Option<Option<V>> {
        let decoded = frame::decode(frame, self.codec.id(), remote.echo.as_deref())
            .map_err(|cause| cause.to_string())
            .and_then(|frame| {
                frame.payload.map(|payload| self.codec.decode(payload)).transpose().map_err(|cause| cause.to_string())
            });
        decoded
            .inspect_err(|cause| {
                tracing::warn!(key = remote.name, cause, "L2 holds something that is not ours; it is overwritten");
            })
            .ok()
    }

    /// Drops an unreadable value, so that the next round takes the lease and overwrites it.
    async fn discard(&self, pending: Pending<K, V>, round: &mut Round<K, V>) {
        let drop_it = Invalidation { key: pending.remote.name.clone(), version: None, gone: false };
        if self.upstream.try_invalidate(&[drop_it]).await {
            round.wait.push(pending);
        } else {
            round.load.push(pending);
        }
    }

    /// Calls the loader once for all keys, under the budget and the deadline, and ends their flights.
    async fn load(self: &Arc<Self>, pending: Vec<Pending<K, V>>, loader: &BatchLoader<K, V>) {
        if pending.is_empty() {
            return;
        }
        let started_at = Instant::now();
        let keys = pending.iter().map(|pending| pending.lead.key.clone()).collect();
        match self.call(keys, loader).await {
            Ok(mut loaded) => {
                for pending in pending {
                    let found = loaded.remove(&pending.lead.key).unwrap_or_else(Loaded::absent);
                    self.finish(pending, found, started_at);
                }
            }
            Err(error) => {
                for pending in pending {
                    if pending.leased {
                        let core = Arc::clone(self);
                        let Pending { remote, token, .. } = &pending;
                        let (name, token) = (remote.name.clone(), *token);
                        self.runtime.spawn(async move { core.upstream.release(&name, token).await });
                    }
                    pending.lead.end(Err(error.clone()));
                }
            }
        }
    }

    async fn call(&self, keys: Vec<K>, loader: &BatchLoader<K, V>) -> Result<HashMap<K, Loaded<V>>, Error> {
        let deadline = time::Instant::now() + self.options.load_deadline;
        let permit = time::timeout_at(deadline, self.budget.acquire()).await;
        let Ok(Ok(_permit)) = permit else { return Err(Error::new(ErrorKind::Overloaded)) };
        let load = AssertUnwindSafe(async { loader(keys).await }).catch_unwind();
        match time::timeout_at(deadline, load).await {
            Ok(Ok(Ok(loaded))) => Ok(loaded),
            Ok(Ok(Err(source))) => Err(Error::load(source)),
            Ok(Err(_panic)) => Err(Error::new(ErrorKind::LoaderPanicked)),
            Err(_elapsed) => Err(Error::new(ErrorKind::Deadline)),
        }
    }

    /// Puts a loaded value into L1, hands it to the waiters and fills L2 beside them.
    fn finish(self: &Arc<Self>, pending: Pending<K, V>, found: Loaded<V>, started_at: Instant) {
        let full_ttl = match (&found.value, found.ttl) {
            (_, Some(own)) => own,
            (Some(_), None) => self.options.ttl,
            (None, None) => self.options.negative_ttl,
        };
        let ttl = ttl::jittered(full_ttl, self.options.jitter);
        let entry = self.keep(&pending.lead, found.value.clone(), started_at + ttl.min(self.options.l1_ttl));
        if pending.leased {
            let core = Arc::clone(self);
            let Pending { lead, remote, token, .. } = &pending;
            let (key, remote, token, found) = (lead.key.clone(), remote.clone(), *token, found.clone());
            self.runtime.spawn(async move {
                if core.fill(&remote, token, found, ttl).await.is_some_and(|reply| reply != FillReply::Stored) {
                    // Another node invalidated the key during the load, or the lease ran out: the value may be old.
                    core.local.remove(&key, &entry);
                }
            });
        }
        pending.lead.end(Ok(Lookup { value: found.value, source: Source::Loader }));
    }

    async fn fill(&self, remote: &RemoteKey, token: Token, found: Loaded<V>, ttl: Duration) -> Option<FillReply> {
        let payload = found.value.as_ref().map(|value| self.codec.encode(value)).transpose();
        let payload = match payload {
            Ok(payload) => payload,
            Err(cause) => {
                tracing::warn!(key = remote.name, cause, "a value cannot be encoded; it stays out of L2");
                self.upstream.release(&remote.name, token).await;
                return None;
            }
        };
        let version = found.version.unwrap_or(0);
        let frame = frame::encode(self.codec.id(), version, remote.echo.as_deref(), payload.as_deref());
        let absent = found.value.is_none();
        let request = FillRequest { key: remote.name.clone(), token, frame, ttl, version: found.version, absent };
        self.upstream.fill(&request).await
    }

    fn keep(&self, lead: &Lead<K, V>, value: Option<V>, expires_at: Instant) -> Arc<Entry<V>> {
        let bytes = value.as_ref().map_or(0, |value| self.codec.weight(value));
        let weight = bytes + size_of::<K>() + size_of::<V>() + OVERHEAD_BYTES;
        let entry = Arc::new(Entry::provisional(value, expires_at, lead.stamp, weight));
        self.local.put(&lead.key, Arc::clone(&entry));
        entry
    }
}

fn open_requests<K: CacheKey, V>(open: &[Pending<K, V>]) -> Vec<crate::ReadRequest> {
    open.iter().map(|pending| crate::ReadRequest { key: pending.remote.name.clone(), token: pending.token }).collect()
}
