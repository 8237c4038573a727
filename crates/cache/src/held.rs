//! What L2 holds, as an entry of this node: decoded, of present tags, young enough, or refused.

use std::{
    collections::BTreeSet,
    slice,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{
    CacheKey, CallOptions, Held, L2Answer, Nonce, Operation,
    core::{Core, guarded},
    entry::{Entry, Life},
    feed::Floor,
    fence::Stamp,
    flight::{Lead, Since},
    frame::{self, Frame},
    key::RemoteKey,
    mutant::Mutant,
    options::LONGEST,
    refresh,
    tags::Recognized,
};

/// How an entry of L2 may be used.
pub(crate) enum Verdict<K, V> {
    Fresh(Arc<Entry<K, V>>),
    /// Beyond its life, within its grace.
    Stale(Arc<Entry<K, V>>),
    Refused,
}

/// Who asked for what L2 holds.
pub(crate) struct Subject<'a, K> {
    pub(crate) key: &'a K,
    pub(crate) remote: &'a RemoteKey,
    /// Noted before L2 was asked.
    pub(crate) stamp: Stamp,
    /// From which version on L2 was believed, before it was asked.
    pub(crate) floor: Floor,
    /// For an early refresh: what ends no later than this is not new enough.
    pub(crate) renews: Option<Instant>,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    /// Judges what L2 holds, in order. Tags that this node does not know are asked for, all in one round trip.
    pub(crate) async fn judge(&self, held: &[(Subject<'_, K>, &Held)], asked_at: Instant) -> Vec<Verdict<K, V>> {
        let frames: Vec<_> = held.iter().map(|(subject, held)| self.read_frame(subject, &held.frame)).collect();
        let tagged = frames.iter().zip(held).filter_map(|(frame, (subject, held))| {
            let frame = frame.as_ref().filter(|frame| !frame.tags.is_empty())?;
            Some((self.shard_of(subject.remote), frame, held))
        });
        let tagged: Vec<_> = tagged.collect();
        if !tagged.is_empty() {
            let now = self.now();
            let unknown = tagged
                .iter()
                .filter(|(shard, frame, held)| self.recognize(*shard, frame, &held.generations, now).is_none());
            let unknown: BTreeSet<(usize, String)> =
                unknown.flat_map(|(shard, frame, _)| frame.tags.iter().map(|tag| (*shard, tag.clone()))).collect();
            self.learn(&unknown, true).await;
        }
        let judged = held.iter().zip(frames).map(|((subject, held), frame)| {
            let (answer, verdict) = match frame {
                Some(frame) => self.verdict(subject, held, frame, asked_at),
                None => (L2Answer::Garbage, Verdict::Refused),
            };
            self.recorder.l2_answer(answer);
            verdict
        });
        judged.collect()
    }

    /// What L2 holds for one key, fresh, and now in L1 as well.
    pub(crate) async fn fetch_one(&self, key: &K, since: Since, options: CallOptions) -> Option<Arc<Entry<K, V>>> {
        let remote = RemoteKey::of(&self.name, key);
        let l2 = self.l2.as_ref()?;
        let floor = self.note_floor(l2, &remote)?;
        let asked_at = self.now();
        let answer = self.ask(Operation::Fetch, l2.fetch(&self.name, &[remote.name()])).await?;
        let Some(held) = answer.into_iter().next().flatten() else {
            self.recorder.l2_answer(L2Answer::Miss);
            return None;
        };
        let subject = Subject { key, remote: &remote, stamp: since.fence, floor, renews: None };
        let Some(Verdict::Fresh(entry)) = self.judge(&[(subject, &held)], asked_at).await.pop() else { return None };
        if options.stores_l1() {
            self.local.put(key, Arc::clone(&entry));
        }
        Some(entry)
    }

    /// Asks L2 for the generations of tags in shards. With `losses`, what L2 has none of was lost there.
    pub(crate) async fn learn(&self, tags: &BTreeSet<(usize, String)>, losses: bool) {
        let Some(l2) = self.l2.as_ref().filter(|_| !tags.is_empty()) else { return };
        let (since, asked_at) = (self.tags.note(), self.now());
        // Of a tag whose invalidation L2 has not taken, L2 still tells the generation before that.
        let believed = tags.iter().filter(|(_, tag)| self.believes_tags(l2, slice::from_ref(tag)));
        let names: Vec<(usize, &str)> = believed.map(|(shard, tag)| (*shard, tag.as_str())).collect();
        if names.is_empty() {
            return;
        }
        let told = self.ask(Operation::Generations, l2.generations(&self.name, &names)).await;
        for (tag, told) in names.iter().zip(told.into_iter().flatten()) {
            // Another server may not have taken the last invalidation of the tag.
            if l2.believes_server(tag.0, told.server) && (losses || told.nonce.is_some()) {
                self.tags.learn(*tag, told.nonce, since, asked_at);
            }
        }
    }

    fn read_frame(&self, subject: &Subject<'_, K>, bytes: &Bytes) -> Option<Frame> {
        let codec = self.values.codec.as_ref()?;
        frame::decode(&self.frame_context(subject.remote, codec.id()), bytes)
            .inspect_err(|cause| self.refuse(subject, cause))
            .ok()
    }

    fn refuse(&self, subject: &Subject<'_, K>, cause: &dyn std::fmt::Display) {
        let (cache, key) = (&self.name, subject.remote.name());
        tracing::warn!(cache, key, %cause, "L2 holds something that is not ours; it is overwritten");
    }

    fn recognize(&self, shard: usize, frame: &Frame, nonces: &[Nonce], now: Instant) -> Option<Recognized> {
        let believed = self.l2.as_ref().is_some_and(|l2| self.believes_tags(l2, &frame.tags));
        believed.then(|| self.tags.recognize(shard, &frame.tags, nonces, now)).flatten()
    }

    fn verdict(
        &self,
        subject: &Subject<'_, K>,
        held: &Held,
        frame: Frame,
        asked_at: Instant,
    ) -> (L2Answer, Verdict<K, V>) {
        let now = self.now();
        if !self.believes_held(subject.remote, subject.floor, held, frame.version) {
            return (L2Answer::Outdated, Verdict::Refused);
        }
        let shard = self.shard_of(subject.remote);
        let Some(tags) = self.recognize(shard, &frame, &held.generations, now) else {
            return (L2Answer::Outdated, Verdict::Refused);
        };
        let codec = self.values.codec.as_ref().expect("a frame was decoded with it");
        let value = match frame.payload.map(|payload| guarded(|| codec.decode(payload))).transpose() {
            Ok(value) => value,
            Err(cause) => {
                self.refuse(subject, &cause);
                return (L2Answer::Garbage, Verdict::Refused);
            }
        };
        // Life counts from before the question; ages are differences, so that no clock of another node matters.
        let origin = if self.mutants.has(Mutant::LifeFromAnswer) { now } else { asked_at };
        let left = held.remaining.min(frame.hard).min(LONGEST);
        let soft_left = frame.soft.saturating_sub(frame.hard - left).min(left);
        let graceful = value.is_some() && self.options.grace.is_some();
        let soft_until = origin + soft_left;
        let l1_end = origin + soft_left.min(self.options.l1_ttl);
        let life = Life {
            fresh_until: tags.until.map_or(l1_end, |until| until.min(l1_end)),
            soft_until,
            stale_until: if graceful { origin + left } else { soft_until },
            cost: frame.cost,
        };
        let mut entry = self.entry(subject.key, subject.stamp, value, life, asked_at, subject.remote.text_bytes());
        entry.is_vouched = self.trusts_l2();
        entry.version = frame.version;
        entry.carry(tags.generations);
        let entry = Arc::new(entry);
        if now < soft_until && self.is_renewed(subject, soft_until) {
            (L2Answer::Hit, Verdict::Fresh(entry))
        } else if now < entry.life.stale_until {
            (L2Answer::Stale, Verdict::Stale(entry))
        } else {
            (L2Answer::Stale, Verdict::Refused)
        }
    }

    /// Whether an entry that ends at `soft_until` is another than the one that an early refresh wants to renew. Two looks at the same
    /// one may differ by the time that L2 takes to answer.
    fn is_renewed(&self, subject: &Subject<'_, K>, soft_until: Instant) -> bool {
        let margin = self.l2.as_ref().map_or(Duration::ZERO, |l2| l2.deadline() * 2);
        subject.renews.is_none_or(|renews| soft_until > renews + margin)
    }

    /// An entry that is not live yet.
    pub(crate) fn entry(
        &self,
        key: &K,
        stamp: Stamp,
        value: Option<V>,
        life: Life,
        seen_at: Instant,
        key_bytes: usize,
    ) -> Entry<K, V> {
        // L1 holds the key twice: as its own and in the entry.
        let bytes = value.as_ref().map_or(0, |value| self.values.weight(value)).saturating_add(2 * key_bytes);
        let mut entry = Entry::provisional(key.clone(), value, life, seen_at, stamp, bytes);
        entry.early_from = refresh::early_from(&life, self.options.early_refresh);
        entry
    }

    /// Puts an entry into L1, unless the flight that brought it was detached.
    pub(crate) fn put(&self, lead: &Lead<K, V>, entry: &Arc<Entry<K, V>>) {
        let is_detached = || lead.is_detached() && !self.mutants.has(Mutant::NoFence);
        if !lead.options.stores_l1() || is_detached() {
            return;
        }
        self.local.put(&lead.key, Arc::clone(entry));
        if is_detached() {
            self.local.remove(&lead.key, entry);
        }
    }
}
