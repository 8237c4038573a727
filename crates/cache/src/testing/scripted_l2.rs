//! An L2 in memory: correct by default, and failing, hanging, late or held where the test says so.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::watch;

use super::{
    gate::{Barrier, Gate, interleave},
    store::{L2Mutant, Store, Value, named},
};
use crate::{
    Backplane, Clock, FillReply, FillRequest, Finding, Held, Identity, Invalidation, LeaseReply, LeaseRequest, LogPage,
    Nonce, Reign, Remote, RemoteError, SystemClock, TagGeneration,
};

/// What an L2 is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the methods of Remote and Backplane")]
pub enum Call {
    Fetch,
    Lease,
    Fill,
    Insert,
    Invalidate,
    Generations,
    Release,
    Ping,
    Read,
    Anchor,
    Reign,
    Appoint,
    SetMark,
    Inspect,
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error; nothing is applied.
    Fail,
    /// No answer ever; nothing is applied.
    Hang,
    /// The call is applied, and the answer is an error.
    LoseAnswer,
    /// The call is applied so much later.
    Delay(Duration),
}

/// The scripted L2.
pub struct ScriptedL2 {
    store: Mutex<Store>,
    script: Mutex<Script>,
    clock: Arc<dyn Clock>,
    /// Calls that have ended, however they ended.
    ended: watch::Sender<Vec<Call>>,
}

#[derive(Default)]
struct Script {
    faults: HashMap<Call, Fault>,
    before: HashMap<Call, VecDeque<Barrier>>,
    after: HashMap<Call, VecDeque<Barrier>>,
    begun: Vec<Call>,
    fills: Vec<FillReply>,
}

impl ScriptedL2 {
    /// An empty L2 on the system's clock.
    pub fn new() -> Arc<Self> {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty L2 whose values and leases end by the given clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Arc<Self> {
        let ended = watch::Sender::default();
        Arc::new(Self { store: Mutex::default(), script: Mutex::default(), clock, ended })
    }

    /// From now on, calls of this sort go wrong, or right again.
    pub fn set_fault(&self, call: Call, fault: Option<Fault>) {
        let faults = &mut self.script().faults;
        match fault {
            Some(fault) => faults.insert(call, fault),
            None => faults.remove(&call),
        };
    }

    /// Plants a mistake.
    pub fn plant(&self, mutant: L2Mutant) {
        self.store().mutants.push(mutant);
    }

    /// Holds the next call of this sort before it is applied.
    pub fn hold_before(&self, call: Call) -> Gate {
        let (gate, barrier) = Gate::new();
        self.script().before.entry(call).or_default().push_back(barrier);
        gate
    }

    /// Holds the answer of the next call of this sort; it is applied.
    pub fn hold_answer(&self, call: Call) -> Gate {
        let (gate, barrier) = Gate::new();
        self.script().after.entry(call).or_default().push_back(barrier);
        gate
    }

    /// How many calls of this sort have begun.
    pub fn begun(&self, call: Call) -> usize {
        self.script().begun.iter().filter(|begun| **begun == call).count()
    }

    /// All calls that have begun, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.script().begun.clone()
    }

    /// Waits until that many calls of this sort have ended. What the cache does next with their answers may not have happened.
    pub async fn ended(&self, call: Call, count: usize) {
        let enough = |ended: &Vec<Call>| ended.iter().filter(|ended| **ended == call).count() >= count;
        // The sender lives as long as this.
        self.ended.subscribe().wait_for(enough).await.ok();
    }

    /// What became of the fills so far.
    pub fn fills(&self) -> Vec<FillReply> {
        self.script().fills.clone()
    }

    /// The frame that is held for a key.
    pub fn frame(&self, cache: &str, key: &str) -> Option<Bytes> {
        self.store().fetch(cache, key, self.clock.now()).map(|held| held.frame)
    }

    /// Puts any bytes under a key, as somebody else might.
    pub fn put(&self, cache: &str, key: &str, frame: impl Into<Bytes>, life: Duration) {
        let value =
            Value { frame: frame.into(), version: None, generations: Vec::new(), ends: self.clock.now() + life };
        self.store().values.insert(named(cache, key), value);
    }

    /// Whether a lease is held for the key.
    pub fn is_leased(&self, cache: &str, key: &str) -> bool {
        self.store().leases.contains_key(&named(cache, key))
    }

    /// Loses values, leases, tombstones, generations of tags or the log, as an eviction might.
    pub fn evict(&self, what: Evicted) {
        let mut store = self.store();
        match what {
            Evicted::Values => store.values.clear(),
            Evicted::Leases => store.leases.clear(),
            Evicted::Tombstones => store.tombstones.clear(),
            Evicted::Generations => store.generations.clear(),
            Evicted::Log => store.log.trim(0),
        }
    }

    /// What a cache holds was stored under another server, until a relay appoints this one; without `is_relayed`, the cache begins anew.
    pub fn set_relayed(&self, is_relayed: bool) {
        self.store().is_relayed = is_relayed;
    }

    /// Another server takes over that has all that this one had, but for what `lost` takes away.
    pub fn fail_over(&self, caches: &[&str], lost: &[Evicted]) -> Identity {
        lost.iter().for_each(|lost| self.evict(*lost));
        let mut store = self.store();
        let old = std::mem::replace(&mut store.server, Identity(Nonce::random().0));
        for cache in caches {
            store.others.entry((*cache).to_owned()).or_insert(old);
        }
        store.server
    }

    /// The present server reigns over a cache with all that it holds, although nobody has shown that it missed nothing.
    pub fn appoint_without_relay(&self, cache: &str) {
        self.store().others.remove(cache);
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run<T>(&self, call: Call, apply: impl FnOnce(&mut Store) -> T + Send) -> Result<T, RemoteError> {
        let (before, after) = {
            let mut script = self.script();
            script.begun.push(call);
            let before = script.before.get_mut(&call).and_then(VecDeque::pop_front);
            (before, script.after.get_mut(&call).and_then(VecDeque::pop_front))
        };
        if let Some(barrier) = before {
            barrier.pass().await;
        }
        interleave().await;
        let fault = self.script().faults.get(&call).copied();
        let outcome = match fault {
            Some(Fault::Hang) => pending().await,
            Some(Fault::Fail) => Err(RemoteError("scripted".into())),
            Some(Fault::LoseAnswer) => {
                apply(&mut self.store());
                Err(RemoteError("scripted, after it was applied".into()))
            }
            Some(Fault::Delay(late)) => {
                self.clock.sleep(late).await;
                Ok(apply(&mut self.store()))
            }
            None => Ok(apply(&mut self.store())),
        };
        interleave().await;
        if let Some(barrier) = after {
            barrier.pass().await;
        }
        self.ended.send_modify(|ended| ended.push(call));
        outcome
    }
}

/// What an L2 can lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Evicted {
    Values,
    Leases,
    Tombstones,
    Generations,
    Log,
}

impl fmt::Debug for ScriptedL2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedL2").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl Remote for ScriptedL2 {
    async fn fetch(&self, cache: &str, keys: &[&str]) -> Result<Vec<Option<Held>>, RemoteError> {
        let now = self.clock.now();
        self.run(Call::Fetch, |store| keys.iter().map(|key| store.fetch(cache, key, now)).collect()).await
    }

    async fn lease(
        &self,
        cache: &str,
        requests: &[LeaseRequest],
        life: Duration,
    ) -> Result<Vec<LeaseReply>, RemoteError> {
        let lease = |store: &mut Store| {
            let now = self.clock.now();
            requests.iter().map(|request| store.lease(cache, request, life, now)).collect()
        };
        self.run(Call::Lease, lease).await
    }

    async fn fill(&self, cache: &str, requests: &[FillRequest]) -> Result<Vec<FillReply>, RemoteError> {
        let fill = |store: &mut Store| {
            let now = self.clock.now();
            let replies: Vec<_> = requests.iter().map(|request| store.fill(cache, request, now)).collect();
            self.script().fills.extend(replies.iter().cloned());
            replies
        };
        self.run(Call::Fill, fill).await
    }

    async fn insert(&self, cache: &str, by: Nonce, request: &FillRequest) -> Result<FillReply, RemoteError> {
        self.run(Call::Insert, |store| store.insert(cache, by, request, self.clock.now())).await
    }

    async fn invalidate(
        &self,
        cache: &str,
        by: Nonce,
        invalidations: &[Invalidation],
    ) -> Result<Identity, RemoteError> {
        let invalidate = |store: &mut Store| {
            invalidations.iter().for_each(|one| store.invalidate(cache, by, one));
            store.server
        };
        self.run(Call::Invalidate, invalidate).await
    }

    async fn generations(&self, cache: &str, tags: &[(usize, &str)]) -> Result<Vec<TagGeneration>, RemoteError> {
        let generations = |store: &mut Store| {
            let nonce = |tag: &str| store.generations.get(&named(cache, tag)).copied();
            tags.iter().map(|(_, tag)| TagGeneration { nonce: nonce(tag), server: store.server }).collect()
        };
        self.run(Call::Generations, generations).await
    }

    async fn release(&self, cache: &str, leases: &[(&str, Nonce)]) -> Result<(), RemoteError> {
        let release = |store: &mut Store| leases.iter().for_each(|(key, token)| store.release(cache, key, *token));
        self.run(Call::Release, release).await
    }

    async fn ping(&self) -> Result<(), RemoteError> {
        self.run(Call::Ping, |_| ()).await
    }

    fn shards(&self) -> usize {
        1
    }

    fn shard_of(&self, _cache: &str, _key: &str) -> usize {
        0
    }
}

#[async_trait::async_trait]
impl Backplane for ScriptedL2 {
    async fn read(&self, _shard: usize, place: &str, limit: usize, wait: Duration) -> Result<LogPage, RemoteError> {
        let page = |store: &mut Store| LogPage { server: store.server, entries: store.log.from(place, limit) };
        let news = Arc::clone(&self.store().log.news);
        // Registered before the look, so that no entry falls in between.
        let more = news.notified();
        let found = self.run(Call::Read, page).await?;
        if found.entries.len() > 1 {
            return Ok(found);
        }
        // An alarm clock only, so that it rings by real time even where time is moved by hand; a model does not wait.
        if cfg!(shuttle) || tokio::time::timeout(wait, more).await.is_err() {
            return Ok(found);
        }
        Ok(page(&mut self.store()))
    }

    async fn anchor(&self, _shard: usize) -> Result<LogPage, RemoteError> {
        self.run(Call::Anchor, |store| LogPage { server: store.server, entries: vec![store.log.last()] }).await
    }

    async fn reign(&self, caches: &[&str]) -> Result<Reign, RemoteError> {
        let reign = |store: &mut Store| {
            let is_whole = !caches.iter().any(|cache| store.others.contains_key(*cache));
            Reign { server: store.server, is_whole, mark: store.mark }
        };
        self.run(Call::Reign, reign).await
    }

    async fn appoint(&self, caches: &[&str], server: Identity, keep: bool) -> Result<(), RemoteError> {
        let appoint = |store: &mut Store| {
            let is_right = store.server == server;
            for cache in caches.iter().filter(|_| is_right) {
                if store.others.remove(*cache).is_some() && !keep {
                    store.begin_anew(cache);
                }
            }
            is_right
        };
        let done = self.run(Call::Appoint, appoint).await?;
        done.then_some(()).ok_or_else(|| RemoteError("another server answers".into()))
    }

    async fn set_mark(&self, server: Identity, mark: u64) -> Result<(), RemoteError> {
        let set = |store: &mut Store| {
            let is_right = store.server == server;
            store.mark = if is_right { Some(mark) } else { store.mark };
            is_right
        };
        let done = self.run(Call::SetMark, set).await?;
        done.then_some(()).ok_or_else(|| RemoteError("another server answers".into()))
    }

    async fn inspect(&self, _forms: &[(String, String)], _life: Duration) -> Result<Vec<Finding>, RemoteError> {
        self.run(Call::Inspect, |_| Vec::new()).await
    }

    async fn rediscover(&self) {}
}
