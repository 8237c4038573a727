//! What happens with a loaded value: L1, the waiters, then L2 in the background.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    CacheKey, FillOutcome, FillReply, FillRequest, FillTag, L2, Loaded, Nonce, Operation, Source,
    core::{Core, guarded},
    entry::{Entry, Life},
    fence::Stamp,
    frame::{self, Context, Frame},
    key::RemoteKey,
    lead::Pending,
    loading::Start,
    mutant::Mutant,
    options::LONGEST,
    tags::TagStamp,
    ttl,
};

/// A loaded entry on its way to L2.
struct Fill<K, V> {
    remote: RemoteKey,
    token: Nonce,
    /// Before the load.
    noted: TagStamp,
    entry: Arc<Entry<K, V>>,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    /// Puts loaded values into L1, hands them to the waiters, and fills L2 beside them.
    pub(crate) fn settle(
        self: &Arc<Self>,
        pending: Vec<Pending<K, V>>,
        mut loaded: HashMap<K, Loaded<V>>,
        mut start: Start,
    ) {
        let cost = self.now().saturating_duration_since(start.at);
        if self.mutants.has(Mutant::TagsNotedAfterLoad) {
            start.tags = self.tags.note();
        }
        let (mut fills, mut unused) = (Vec::new(), Vec::new());
        // A batch that names a key twice leads two flights for it if it was invalidated between the two looks; the earlier is detached.
        let may_repeat = pending.iter().any(|pending| pending.lead.is_detached());
        for pending in pending {
            let key = &pending.lead.key;
            let found = if may_repeat { loaded.get(key).cloned() } else { loaded.remove(key) };
            let found = found.unwrap_or_else(Loaded::absent);
            let (entry, kept) = self.loaded_entry(&pending, found, start, cost);
            if kept {
                self.put(&pending.lead, &entry);
            }
            let Pending { lead, remote, lease, .. } = pending;
            lead.end(Ok((Arc::clone(&entry), Source::Loader)));
            match lease {
                Some(token) if kept => fills.push(Fill { remote, token, noted: start.tags, entry }),
                Some(token) => unused.push((remote.name().to_owned(), token)),
                None => {}
            }
        }
        self.release(unused);
        if !fills.is_empty() {
            let core = Arc::clone(self);
            self.spawner.spawn(async move { core.fill(fills).await });
        }
    }

    /// The entry of a loaded value, and whether it may be kept.
    fn loaded_entry(
        &self,
        pending: &Pending<K, V>,
        found: Loaded<V>,
        start: Start,
        cost: Duration,
    ) -> (Arc<Entry<K, V>>, bool) {
        let kept = self.may_keep(&found, &pending.remote);
        let shard = self.shard_of(&pending.remote);
        let tags = if kept { self.tags.attach(shard, &found.tags, start.tags) } else { None };
        let mut entry =
            self.fresh_entry(&pending.lead.key, &pending.remote, pending.lead.since.fence, found, start.at, cost);
        entry.tracked = tags.is_some();
        entry.carry(tags.unwrap_or_default());
        let kept = kept && entry.tracked;
        if !kept {
            // It is handed out once and has no life.
            entry.life.soft_until = start.at;
        }
        (Arc::new(entry), kept)
    }

    /// The entry of a value that is just what there is, without its tags.
    pub(crate) fn fresh_entry(
        &self,
        key: &K,
        remote: &RemoteKey,
        stamp: Stamp,
        found: Loaded<V>,
        started_at: Instant,
        cost: Duration,
    ) -> Entry<K, V> {
        let life = self.life(&found, started_at, cost);
        let mut entry = self.entry(key, stamp, found.value, life, started_at, remote.text_bytes());
        entry.is_vouched = true;
        entry.version = found.version;
        entry
    }

    /// Whether a value may be kept at all.
    pub(crate) fn may_keep(&self, found: &Loaded<V>, remote: &RemoteKey) -> bool {
        let bytes = found.value.as_ref().map_or(0, |value| self.values.weight(value));
        if bytes > self.options.max_value_bytes {
            self.cannot_fill(remote, FillOutcome::TooLarge, &"it is over the limit");
            return false;
        }
        if !found.has_lawful_tags() {
            tracing::warn!(cache = self.name, key = remote.name(), "a value has tags that cannot be; it is not kept");
            return false;
        }
        found.keeping.stored && found.keeping.ttl.is_none_or(|ttl| !ttl.is_zero())
    }

    /// The life of a value that a loader was asked for at `started_at`.
    fn life(&self, found: &Loaded<V>, started_at: Instant, cost: Duration) -> Life {
        let (present, keeping) = (found.value.is_some(), &found.keeping);
        let usual = if present { self.options.ttl } else { self.options.negative_ttl };
        let full = keeping.ttl.unwrap_or(usual).min(LONGEST);
        let ttl = ttl::jittered(full, self.options.jitter);
        let extra = self.options.grace.filter(|_| present).map_or(Duration::ZERO, |grace| grace - self.options.ttl);
        let soft_until = started_at + ttl;
        Life {
            fresh_until: started_at + ttl.min(keeping.l1_ttl.unwrap_or(self.options.l1_ttl)),
            soft_until,
            stale_until: soft_until + extra,
            cost,
        }
    }

    /// Fills L2 in one round trip. What it refuses may be old, and goes from L1 as well; a lease that was not used up is given back.
    async fn fill(self: &Arc<Self>, fills: Vec<Fill<K, V>>) {
        let Some(l2) = &self.l2 else { return };
        // Before it is seen whether L2 is to be believed: what is learned from the answer may be older than what comes after that.
        let (since, asked_at) = (self.tags.note(), self.now());
        let (mut sent, mut requests, mut unused) = (Vec::new(), Vec::new(), Vec::new());
        for fill in fills {
            match self.fill_request(&fill) {
                Some(request) => {
                    requests.push(request);
                    // Before it is asked: what L2 takes while it answers ends the doubt too early for this answer.
                    let learns = self.learns_from(l2, &fill);
                    sent.push((fill, learns));
                }
                None => unused.push((fill.remote.name().to_owned(), fill.token)),
            }
        }
        let replies =
            if requests.is_empty() { None } else { self.ask(Operation::Fill, l2.fill(&self.name, &requests)).await };
        let mut unlearned = BTreeSet::new();
        for ((fill, learns), reply) in sent.into_iter().zip(replies.into_iter().flatten()) {
            match reply {
                FillReply::Stored(nonces) => {
                    self.recorder.fill(FillOutcome::Stored);
                    if learns {
                        let shard = self.shard_of(&fill.remote);
                        for (generation, nonce) in fill.entry.tags.iter().zip(nonces) {
                            self.tags.learn((shard, generation.tag()), Some(nonce), since, asked_at);
                        }
                    }
                    continue;
                }
                FillReply::Refused => {
                    self.recorder.fill(FillOutcome::Refused);
                    let unknown = fill.entry.tags.iter().filter(|generation| generation.noted(fill.noted).is_none());
                    let shard = self.shard_of(&fill.remote);
                    unlearned.extend(unknown.map(|generation| (shard, generation.tag().to_owned())));
                }
                FillReply::Old => self.recorder.fill(FillOutcome::Old),
            }
            // Another node invalidated it during the load, or the lease ran out.
            self.local.remove(&fill.entry.key, &fill.entry);
            unused.push((fill.remote.name().to_owned(), fill.token));
        }
        // A tag whose generation is not known is refused when any tag moved: the next load is to know it before.
        self.learn(&unlearned, false).await;
        self.release(unused);
    }

    /// Whether what L2 says of an entry's tags can be taken in. Of one in doubt, it may tell the generation before its invalidation.
    fn learns_from(&self, l2: &L2, fill: &Fill<K, V>) -> bool {
        let tags: Vec<String> = fill.entry.tags.iter().map(|generation| generation.tag().to_owned()).collect();
        self.believes_tags(l2, &tags)
    }

    /// `None` for what cannot be sent, or should not: the lease may stand only because L2 missed an invalidation.
    fn fill_request(&self, fill: &Fill<K, V>) -> Option<FillRequest> {
        let (l2, entry) = (self.l2.as_ref()?, &fill.entry);
        let names: Vec<String> = entry.tags.iter().map(|generation| generation.tag().to_owned()).collect();
        let believed = l2.believes(&self.name, fill.remote.name()) && l2.believes_tags(&self.name, &names);
        if !believed || !entry.tags_hold() {
            return None;
        }
        let noted = entry.tags.iter().map(|generation| generation.noted(fill.noted));
        let tags = names.into_iter().zip(noted).map(|(tag, noted)| FillTag { tag, noted }).collect();
        self.request(&fill.remote, fill.token, entry, tags)
    }

    /// The frame of an entry with what L2 has to know of it; `None` if the value cannot be encoded or has lived long enough.
    pub(crate) fn request(
        &self,
        remote: &RemoteKey,
        token: Nonce,
        entry: &Entry<K, V>,
        tags: Vec<FillTag>,
    ) -> Option<FillRequest> {
        let codec = self.values.codec.as_ref()?;
        let now = self.now();
        let payload = entry.value.as_ref().map(|value| guarded(|| codec.encode(value))).transpose();
        let payload = payload.inspect_err(|cause| self.cannot_fill(remote, FillOutcome::Unencodable, cause)).ok()?;
        let left = |until: Instant| until.saturating_duration_since(now);
        let frame = Frame {
            payload,
            version: entry.version,
            soft: left(entry.life.soft_until),
            hard: left(entry.life.stale_until),
            cost: entry.life.cost,
            tags: tags.iter().map(|tag| tag.tag.clone()).collect(),
        };
        if frame.soft.is_zero() {
            return None;
        }
        let bytes = frame::encode(&self.frame_context(remote, codec.id()), &frame, self.options.compress_above_bytes);
        let bytes = bytes.inspect_err(|cause| self.cannot_fill(remote, FillOutcome::TooLarge, cause)).ok()?;
        Some(FillRequest {
            key: remote.name().to_owned(),
            text: remote.echo().map(str::to_owned),
            token,
            frame: bytes,
            life: frame.hard,
            version: frame.version,
            absent: entry.value.is_none(),
            tags,
        })
    }

    fn cannot_fill(&self, remote: &RemoteKey, outcome: FillOutcome, cause: &dyn std::fmt::Display) {
        self.recorder.fill(outcome);
        tracing::warn!(cache = self.name, key = remote.name(), %cause, "a value stays out of L2");
    }

    pub(crate) fn frame_context<'a>(&self, remote: &'a RemoteKey, codec: u8) -> Context<'a> {
        Context {
            codec,
            schema: self.values.schema,
            name: remote.full(),
            echo: remote.echo(),
            max_value_bytes: self.options.max_value_bytes,
        }
    }
}
