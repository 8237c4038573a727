//! An L2 in memory: correct by default, and failing, hanging or held where the test says so.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use bytes::Bytes;
use larder_cache::{FillReply, FillRequest, Invalidation, ReadReply, ReadRequest, Remote, RemoteError, Token};
use tokio::sync::watch;

use crate::gate::{Barrier, Gate};

/// What an L2 is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Read,
    Fill,
    Invalidate,
    Release,
}

/// How a call goes wrong. Nothing is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Fail,
    Hang,
}

/// The scripted L2.
pub(crate) struct Scripted {
    entries: Mutex<Entries>,
    script: Mutex<Script>,
    /// Calls that have ended, however they ended.
    ended: watch::Sender<Vec<Call>>,
}

#[derive(Default)]
struct Entries {
    values: HashMap<String, (Bytes, Instant)>,
    leases: HashMap<String, (Token, Instant)>,
    tombstones: HashMap<String, (u64, bool)>,
}

#[derive(Default)]
struct Script {
    faults: HashMap<Call, Fault>,
    before: HashMap<Call, VecDeque<Barrier>>,
    after: HashMap<Call, VecDeque<Barrier>>,
    begun: Vec<Call>,
    fills: Vec<FillReply>,
}

impl Scripted {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { entries: Mutex::default(), script: Mutex::default(), ended: watch::Sender::default() })
    }

    /// From now on, calls of this sort go wrong, or right again.
    pub(crate) fn set_fault(&self, call: Call, fault: Option<Fault>) {
        let faults = &mut self.script().faults;
        match fault {
            Some(fault) => faults.insert(call, fault),
            None => faults.remove(&call),
        };
    }

    /// Holds the next call of this sort before it is applied.
    pub(crate) fn hold_before(&self, call: Call) -> Gate {
        let (gate, barrier) = Gate::new();
        self.script().before.entry(call).or_default().push_back(barrier);
        gate
    }

    /// Holds the answer of the next call of this sort; it is applied.
    pub(crate) fn hold_answer(&self, call: Call) -> Gate {
        let (gate, barrier) = Gate::new();
        self.script().after.entry(call).or_default().push_back(barrier);
        gate
    }

    /// How many calls of this sort have begun.
    pub(crate) fn begun(&self, call: Call) -> usize {
        self.script().begun.iter().filter(|begun| **begun == call).count()
    }

    /// Waits until that many calls of this sort have ended, and what the cache does next with their answers may not have happened.
    pub(crate) async fn ended(&self, call: Call, count: usize) {
        let enough = |ended: &Vec<Call>| ended.iter().filter(|ended| **ended == call).count() >= count;
        self.ended.subscribe().wait_for(enough).await.expect("the remote lives");
    }

    /// What became of the fills so far.
    pub(crate) fn fills(&self) -> Vec<FillReply> {
        self.script().fills.clone()
    }

    /// Whether a value is held for the key.
    pub(crate) fn holds(&self, key: &str) -> bool {
        self.entries().values.contains_key(key)
    }

    /// Whether a lease is held for the key.
    pub(crate) fn is_leased(&self, key: &str) -> bool {
        self.entries().leases.contains_key(key)
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("no test panics under the lock")
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().expect("no test panics under the lock")
    }

    async fn run<T>(&self, call: Call, apply: impl FnOnce(&mut Entries) -> T + Send) -> Result<T, RemoteError> {
        let (before, after) = {
            let mut script = self.script();
            script.begun.push(call);
            let before = script.before.get_mut(&call).and_then(VecDeque::pop_front);
            (before, script.after.get_mut(&call).and_then(VecDeque::pop_front))
        };
        if let Some(barrier) = before {
            barrier.pass().await;
        }
        let fault = self.script().faults.get(&call).copied();
        let outcome = match fault {
            Some(Fault::Hang) => pending().await,
            Some(Fault::Fail) => Err(RemoteError("scripted".into())),
            None => Ok(apply(&mut self.entries())),
        };
        if let Some(barrier) = after {
            barrier.pass().await;
        }
        self.ended.send_modify(|ended| ended.push(call));
        outcome
    }
}

impl Entries {
    fn read(&mut self, request: &ReadRequest, lease: Duration) -> ReadReply {
        let now = Instant::now();
        if let Some((frame, ends)) = self.values.get(&request.key).filter(|(_, ends)| *ends > now) {
            return ReadReply::Hit { frame: frame.clone(), remaining: *ends - now };
        }
        if self.leases.get(&request.key).is_some_and(|(_, ends)| *ends > now) {
            return ReadReply::Busy;
        }
        self.leases.insert(request.key.clone(), (request.token, now + lease));
        ReadReply::Lease
    }

    fn fill(&mut self, request: &FillRequest) -> FillReply {
        let now = Instant::now();
        if self.leases.get(&request.key).is_none_or(|(token, ends)| *token != request.token || *ends <= now) {
            return FillReply::Refused;
        }
        if let Some((version, gone)) = self.tombstones.get(&request.key) {
            let old = if request.absent { !gone } else { request.version.is_some_and(|filled| filled < *version) };
            if old {
                return FillReply::Old;
            }
        }
        self.values.insert(request.key.clone(), (request.frame.clone(), now + request.ttl));
        self.leases.remove(&request.key);
        FillReply::Stored
    }

    fn invalidate(&mut self, invalidation: &Invalidation) {
        let key = &invalidation.key;
        self.values.remove(key);
        self.leases.remove(key);
        let Some(version) = invalidation.version else { return };
        if self.tombstones.get(key).is_none_or(|(known, _)| *known < version) {
            self.tombstones.insert(key.clone(), (version, invalidation.gone));
        }
    }
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scripted").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl Remote for Scripted {
    async fn read(&self, requests: &[ReadRequest], lease: Duration) -> Result<Vec<ReadReply>, RemoteError> {
        let answer = |entries: &mut Entries| requests.iter().map(|request| entries.read(request, lease)).collect();
        self.run(Call::Read, answer).await
    }

    async fn fill(&self, request: &FillRequest) -> Result<FillReply, RemoteError> {
        let fill = |entries: &mut Entries| {
            let reply = entries.fill(request);
            self.script().fills.push(reply);
            reply
        };
        self.run(Call::Fill, fill).await
    }

    async fn invalidate(&self, invalidations: &[Invalidation]) -> Result<(), RemoteError> {
        let drop_them = |entries: &mut Entries| invalidations.iter().for_each(|one| entries.invalidate(one));
        self.run(Call::Invalidate, drop_them).await
    }

    async fn release(&self, key: &str, token: Token) -> Result<(), RemoteError> {
        let release = |entries: &mut Entries| {
            if entries.leases.get(key).is_some_and(|(held, _)| *held == token) {
                entries.leases.remove(key);
            }
        };
        self.run(Call::Release, release).await
    }

    async fn ping(&self) -> Result<(), RemoteError> {
        Ok(())
    }
}
