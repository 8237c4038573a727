//! What the scripted L2 keeps, by the rules of a real one.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::log::Log;
use crate::{FillReply, FillRequest, FillTag, Held, Identity, Invalidation, LeaseReply, LeaseRequest, LogNews, Nonce};

/// A mistake planted in the scripted L2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum L2Mutant {
    /// A fill is taken whether its lease stands or not.
    NoLease,
    /// An older invalidation replaces the tombstone of a newer one.
    TombstoneOverwritten,
    /// Generations of tags count from 1 instead of being nonces; what is lost begins again.
    CountedGenerations,
    /// A fill is taken whatever generations its tags had before the load.
    TagsUnchecked,
    /// What was stored is answered whoever reigns.
    NoReign,
}

pub(super) type Named = (String, String);

/// Values, leases, tombstones and generations; the first part of each name is the cache's.
#[derive(Debug)]
pub(super) struct Store {
    /// The server that all of this is at present.
    pub(super) server: Identity,
    /// Who else than `server` reigns over a cache, since a failover.
    pub(super) others: HashMap<String, Identity>,
    /// Whether a cache under another reign waits to be appointed, rather than beginning anew.
    pub(super) is_relayed: bool,
    pub(super) mark: Option<u64>,
    pub(super) log: Log,
    /// Changes of tags that were done.
    pub(super) changes: std::collections::HashSet<(Named, u64)>,
    pub(super) values: HashMap<Named, Value>,
    pub(super) leases: HashMap<Named, Lease>,
    pub(super) tombstones: HashMap<Named, (u64, bool)>,
    pub(super) generations: HashMap<Named, Nonce>,
    /// How often a tag of the cache was invalidated.
    renewals: HashMap<String, u64>,
    pub(super) mutants: Vec<L2Mutant>,
}

#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) frame: Bytes,
    /// The row's; `None` for an absence.
    pub(super) version: Option<u64>,
    pub(super) generations: Vec<Nonce>,
    pub(super) ends: Instant,
}

#[derive(Debug)]
pub(super) struct Lease {
    token: Nonce,
    ends: Instant,
    renewals: u64,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            server: Identity(Nonce::random().0),
            others: HashMap::new(),
            is_relayed: false,
            mark: None,
            log: Log::default(),
            changes: std::collections::HashSet::new(),
            values: HashMap::new(),
            leases: HashMap::new(),
            tombstones: HashMap::new(),
            generations: HashMap::new(),
            renewals: HashMap::new(),
            mutants: Vec::new(),
        }
    }
}

impl Store {
    fn has(&self, mutant: L2Mutant) -> bool {
        self.mutants.contains(&mutant)
    }

    pub(super) fn fetch(&self, cache: &str, key: &str, now: Instant) -> Option<Held> {
        if self.others.contains_key(cache) && !self.has(L2Mutant::NoReign) {
            return None;
        }
        let value = self.values.get(&named(cache, key)).filter(|value| value.ends > now)?;
        let (frame, generations) = (value.frame.clone(), value.generations.clone());
        Some(Held { frame, generations, remaining: value.ends - now, server: self.server })
    }

    pub(super) fn lease(&mut self, cache: &str, request: &LeaseRequest, life: Duration, now: Instant) -> LeaseReply {
        if self.others.contains_key(cache) && !self.has(L2Mutant::NoReign) {
            if self.is_relayed {
                return LeaseReply::Untrusted;
            }
            self.begin_anew(cache);
        }
        if !request.force {
            if let Some(held) = self.fetch(cache, &request.key, now)
                && request.refused.as_ref() != Some(&held.frame)
            {
                return LeaseReply::Held(held);
            }
            if let Some(lease) = self.leases.get(&named(cache, &request.key)).filter(|lease| lease.ends > now) {
                return LeaseReply::Busy { remaining: lease.ends - now };
            }
        }
        let lease = Lease { token: request.token, ends: now + life, renewals: self.renewals(cache) };
        self.leases.insert(named(cache, &request.key), lease);
        LeaseReply::Granted
    }

    pub(super) fn fill(&mut self, cache: &str, request: &FillRequest, now: Instant) -> FillReply {
        let name = named(cache, &request.key);
        let lease = self.leases.get(&name).filter(|lease| lease.token == request.token && lease.ends > now);
        let at_grant = match lease {
            Some(lease) => lease.renewals,
            None if self.has(L2Mutant::NoLease) => self.renewals(cache),
            None => return FillReply::Refused,
        };
        if self.is_old(&name, request) {
            return FillReply::Old;
        }
        let untouched = at_grant == self.renewals(cache);
        let current = |tag: &FillTag| match tag.noted {
            Some(noted) => self.generations.get(&named(cache, &tag.tag)) == Some(&noted),
            None => untouched,
        };
        if !self.has(L2Mutant::TagsUnchecked) && !request.tags.iter().all(current) {
            return FillReply::Refused;
        }
        self.leases.remove(&name);
        self.store(cache, request, now)
    }

    pub(super) fn insert(&mut self, cache: &str, by: Nonce, request: &FillRequest, now: Instant) -> FillReply {
        let name = named(cache, &request.key);
        if request.version.is_some() && self.is_old(&name, request) {
            return FillReply::Old;
        }
        if self.others.contains_key(cache) {
            return FillReply::Refused;
        }
        self.values.remove(&name);
        self.end_lease(&name, request.version, request.absent);
        self.append_key((cache, &request.key), by, request.text.as_ref(), request.version);
        let renewed =
            |tag: &FillTag| tag.noted.is_some() && self.generations.get(&named(cache, &tag.tag)) != tag.noted.as_ref();
        if request.tags.iter().any(renewed) {
            return FillReply::Refused;
        }
        self.store(cache, request, now)
    }

    fn store(&mut self, cache: &str, request: &FillRequest, now: Instant) -> FillReply {
        let generations: Vec<Nonce> = request.tags.iter().map(|tag| self.generation(cache, &tag.tag)).collect();
        let (frame, ends) = (request.frame.clone(), now + request.life);
        let version = request.version.filter(|_| !request.absent);
        let value = Value { frame, version, generations: generations.clone(), ends };
        self.values.insert(named(cache, &request.key), value);
        FillReply::Stored(generations)
    }

    fn is_old(&self, name: &Named, request: &FillRequest) -> bool {
        self.tombstones.get(name).is_some_and(|(version, gone)| {
            if request.absent && request.version.is_none() {
                !gone
            } else {
                request.version.is_some_and(|filled| filled < *version)
            }
        })
    }

    pub(super) fn invalidate(&mut self, cache: &str, by: Nonce, invalidation: &Invalidation) {
        match invalidation {
            Invalidation::Key { key, text, version, gone } => {
                let name = named(cache, key);
                let known = self.tombstones.get(&name).is_some_and(|(known, _)| Some(*known) >= *version);
                if version.is_some() && known && !self.has(L2Mutant::TombstoneOverwritten) {
                    return;
                }
                self.values.retain(|held, value| *held != name || is_later(value, *version, *gone));
                self.end_lease(&name, *version, *gone);
                self.append_key((cache, key), by, text.as_ref(), *version);
            }
            Invalidation::Tag { tag, change } => {
                let name = named(cache, tag);
                if change.is_some_and(|change| !self.changes.insert((name.clone(), change))) {
                    return;
                }
                let next = match self.generations.get(&name) {
                    Some(Nonce(known)) if self.has(L2Mutant::CountedGenerations) => Nonce([known[0] + 1; 16]),
                    _ if self.has(L2Mutant::CountedGenerations) => Nonce([1; 16]),
                    _ => Nonce::random(),
                };
                self.generations.insert(name, next);
                *self.renewals.entry(cache.to_owned()).or_default() += 1;
                self.log.append(by, LogNews::Tag { cache: cache.to_owned(), tag: tag.clone() });
            }
            Invalidation::Everything => {
                self.begin_anew(cache);
                self.log.append(by, LogNews::Everything { cache: cache.to_owned() });
            }
        }
    }

    /// Forgets all that a cache holds, and lets the present server reign over it.
    pub(super) fn begin_anew(&mut self, cache: &str) {
        self.values.retain(|(of, _), _| of != cache);
        self.leases.retain(|(of, _), _| of != cache);
        self.others.remove(cache);
    }

    /// Ends the lease of a key that changed, and remembers the version of the change.
    fn end_lease(&mut self, name: &Named, version: Option<u64>, gone: bool) {
        self.leases.remove(name);
        let Some(version) = version else { return };
        let older = self.tombstones.get(name).is_none_or(|(known, _)| *known < version);
        if older || self.has(L2Mutant::TombstoneOverwritten) {
            self.tombstones.insert(name.clone(), (version, gone));
        }
    }

    fn append_key(&mut self, (cache, key): (&str, &str), by: Nonce, text: Option<&String>, version: Option<u64>) {
        let text = text.map_or(key, String::as_str).to_owned();
        self.log.append(by, LogNews::Key { cache: cache.to_owned(), text, version });
    }

    pub(super) fn release(&mut self, cache: &str, key: &str, token: Nonce) {
        let name = named(cache, key);
        if self.leases.get(&name).is_some_and(|lease| lease.token == token) {
            self.leases.remove(&name);
        }
    }

    fn generation(&mut self, cache: &str, tag: &str) -> Nonce {
        let counted = self.has(L2Mutant::CountedGenerations);
        let first = || if counted { Nonce([1; 16]) } else { Nonce::random() };
        *self.generations.entry(named(cache, tag)).or_insert_with(first)
    }

    fn renewals(&self, cache: &str) -> u64 {
        self.renewals.get(cache).copied().unwrap_or(0)
    }
}

/// Whether a value was loaded after a change.
fn is_later(value: &Value, version: Option<u64>, gone: bool) -> bool {
    version.is_some() && (value.version > version || value.version == version && !gone)
}

pub(super) fn named(cache: &str, key: &str) -> Named {
    (cache.to_owned(), key.to_owned())
}
