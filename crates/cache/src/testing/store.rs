//! What the scripted L2 keeps, by the rules of a real one.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{FillReply, FillRequest, FillTag, Held, Invalidation, LeaseReply, LeaseRequest, Nonce};

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
}

type Named = (String, String);

/// Values, leases, tombstones and generations; the first part of each name is the cache's.
#[derive(Debug, Default)]
pub(super) struct Store {
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
    pub(super) generations: Vec<Nonce>,
    pub(super) ends: Instant,
}

#[derive(Debug)]
pub(super) struct Lease {
    token: Nonce,
    ends: Instant,
    renewals: u64,
}

impl Store {
    fn has(&self, mutant: L2Mutant) -> bool {
        self.mutants.contains(&mutant)
    }

    pub(super) fn fetch(&self, cache: &str, key: &str, now: Instant) -> Option<Held> {
        let value = self.values.get(&named(cache, key)).filter(|value| value.ends > now)?;
        let (frame, generations) = (value.frame.clone(), value.generations.clone());
        Some(Held { frame, generations, remaining: value.ends - now })
    }

    pub(super) fn lease(&mut self, cache: &str, request: &LeaseRequest, life: Duration, now: Instant) -> LeaseReply {
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

    pub(super) fn insert(&mut self, cache: &str, request: &FillRequest, now: Instant) -> FillReply {
        let name = named(cache, &request.key);
        if request.version.is_some() && self.is_old(&name, request) {
            return FillReply::Old;
        }
        let (key, gone) = (request.key.clone(), request.absent);
        self.invalidate(cache, &Invalidation::Key { key, version: request.version, gone });
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
        let value = Value { frame, generations: generations.clone(), ends };
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

    pub(super) fn invalidate(&mut self, cache: &str, invalidation: &Invalidation) {
        match invalidation {
            Invalidation::Key { key, version, gone } => {
                let name = named(cache, key);
                self.values.remove(&name);
                self.leases.remove(&name);
                let Some(version) = *version else { return };
                let older = self.tombstones.get(&name).is_none_or(|(known, _)| *known < version);
                if older || self.has(L2Mutant::TombstoneOverwritten) {
                    self.tombstones.insert(name, (version, *gone));
                }
            }
            Invalidation::Tag(tag) => {
                let name = named(cache, tag);
                let next = match self.generations.get(&name) {
                    Some(Nonce(known)) if self.has(L2Mutant::CountedGenerations) => Nonce([known[0] + 1; 16]),
                    _ if self.has(L2Mutant::CountedGenerations) => Nonce([1; 16]),
                    _ => Nonce::random(),
                };
                self.generations.insert(name, next);
                *self.renewals.entry(cache.to_owned()).or_default() += 1;
            }
            Invalidation::Everything => {
                self.values.retain(|(of, _), _| of != cache);
                self.leases.retain(|(of, _), _| of != cache);
            }
        }
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

pub(super) fn named(cache: &str, key: &str) -> Named {
    (cache.to_owned(), key.to_owned())
}
