//! One key as both levels hold it, for people: nothing is counted, learned, refreshed or filled.

use std::time::{Duration, Instant};

use crate::{
    CacheKey, Held, L2,
    core::{Core, guarded},
    entry::Entry,
    frame::{self, Frame},
    key::RemoteKey,
};

/// What a read that starts now would do with what a level holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// It would be served.
    Fresh,
    /// It is too long since this node heard that nothing has changed: it is served only while nobody can be asked.
    Unconfirmed,
    /// Beyond its life, within its grace.
    Stale,
    /// It would not be believed: it was invalidated, is in doubt, has ended, or comes from another server.
    Refused,
}

/// What one level holds for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspected<V> {
    /// The value; `None` is a cached absence.
    pub value: Option<V>,
    /// Its version, if it has one.
    pub version: Option<u64>,
    /// How long ago it was loaded; in L1, how long ago its source was asked.
    pub age: Duration,
    /// What is left of its life.
    pub fresh_for: Duration,
    /// What is left of its life and its grace.
    pub usable_for: Duration,
    /// What it takes: in L1 with key and overhead, in L2 the frame.
    pub bytes: u64,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether a read would take it.
    pub standing: Standing,
}

impl<V> Inspected<V> {
    /// The figures alone.
    pub fn without_value(self) -> Inspected<()> {
        let Self { value, version, age, fresh_for, usable_for, bytes, tags, standing } = self;
        Inspected { value: value.map(drop), version, age, fresh_for, usable_for, bytes, tags, standing }
    }
}

/// What L2 answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InL2<V> {
    /// The cache has no L2.
    Unused,
    /// L2 did not answer.
    Unreachable,
    /// It has nothing for the key.
    Nothing,
    /// It has bytes that this cache does not understand.
    Garbage,
    /// It has this.
    Held(Inspected<V>),
}

/// One key as both levels hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection<V> {
    /// What L1 holds.
    pub l1: Option<Inspected<V>>,
    /// What L2 holds.
    pub l2: InL2<V>,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    pub(crate) async fn inspect(&self, key: &K) -> Inspection<V> {
        let l1 = self.local.held(key).map(|(entry, seen)| self.in_l1(&entry, seen, self.now()));
        Inspection { l1, l2: self.in_l2(key).await }
    }

    fn in_l1(&self, entry: &Entry<K, V>, may_be_seen: bool, now: Instant) -> Inspected<V> {
        let life = &entry.life;
        let standing = match () {
            () if !may_be_seen || now >= life.stale_until => Standing::Refused,
            () if now >= life.fresh_until => Standing::Stale,
            () if !self.is_confirmed(entry, now) => Standing::Unconfirmed,
            () => Standing::Fresh,
        };
        Inspected {
            value: entry.value.clone(),
            version: entry.version,
            age: now.saturating_duration_since(entry.seen_at),
            fresh_for: life.fresh_until.saturating_duration_since(now),
            usable_for: life.stale_until.saturating_duration_since(now),
            bytes: u64::from(entry.weight),
            tags: entry.tags.iter().map(|generation| generation.tag().to_owned()).collect(),
            standing,
        }
    }

    async fn in_l2(&self, key: &K) -> InL2<V> {
        let Some(l2) = &self.l2 else { return InL2::Unused };
        let remote = RemoteKey::of(&self.name, key);
        let floor = self.note_floor(l2, &remote);
        let Ok(answer) = l2.fetch(&self.name, &[remote.name()]).await else { return InL2::Unreachable };
        let Some(held) = answer.into_iter().next().flatten() else { return InL2::Nothing };
        let Some((frame, value)) = self.understand(&remote, &held) else { return InL2::Garbage };
        let believed = floor.is_some_and(|floor| self.believes_held(&remote, floor, &held, frame.version))
            && self.tags_stand(l2, &remote, &frame, &held).await;
        InL2::Held(stored(&held, frame, value, believed))
    }

    /// Whether L2 still has the generations under which it stored an entry, and may be believed about them. Asked, and not learned.
    async fn tags_stand(&self, l2: &L2, remote: &RemoteKey, frame: &Frame, held: &Held) -> bool {
        if frame.tags.is_empty() {
            return true;
        }
        let shard = self.shard_of(remote);
        let tags: Vec<(usize, &str)> = frame.tags.iter().map(|tag| (shard, tag.as_str())).collect();
        let Ok(told) = l2.generations(&self.name, &tags).await else { return false };
        let present = told.iter().map(|told| told.nonce.filter(|_| l2.believes_server(shard, told.server)));
        self.believes_tags(l2, &frame.tags) && present.eq(held.generations.iter().copied().map(Some))
    }

    fn understand(&self, remote: &RemoteKey, held: &Held) -> Option<(Frame, Option<V>)> {
        let codec = self.values.codec.as_ref()?;
        let mut frame = frame::decode(&self.frame_context(remote, codec.id()), &held.frame).ok()?;
        let payload = frame.payload.take();
        let value = payload.map(|payload| guarded(|| codec.decode(payload))).transpose().ok()?;
        Some((frame, value))
    }
}

fn stored<V>(held: &Held, frame: Frame, value: Option<V>, believed: bool) -> Inspected<V> {
    let usable_for = held.remaining.min(frame.hard);
    let age = frame.hard - usable_for;
    let fresh_for = frame.soft.saturating_sub(age);
    let standing = match () {
        () if !believed || usable_for.is_zero() => Standing::Refused,
        () if fresh_for.is_zero() => Standing::Stale,
        () => Standing::Fresh,
    };
    let bytes = held.frame.len() as u64;
    Inspected { value, version: frame.version, age, fresh_for, usable_for, bytes, tags: frame.tags, standing }
}
