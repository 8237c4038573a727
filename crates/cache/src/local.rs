//! L1: moka bounded in bytes, behind the fence.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Instant,
};

use moka::sync::Cache as Moka;

use crate::{
    CacheKey,
    ears::Ears,
    entry::Entry,
    fence::{Fence, Stamp},
    mutant::{Mutant, Mutants},
    refresh,
};

/// The entries of this process and the fence in front of them.
pub(crate) struct Local<K, V> {
    entries: Option<Moka<K, Arc<Entry<K, V>>>>,
    pub(crate) fence: Fence,
    hasher: RandomState,
    /// Weight of early refreshes; 0 is none.
    early_refresh: f64,
    ears: Ears,
    mutants: Mutants,
}

/// What L1 has for a key that a read that starts now may see.
pub(crate) enum Look<K, V> {
    Fresh(Arc<Entry<K, V>>),
    /// Within its life, but it is too long since this node heard that nothing has changed.
    Unconfirmed(Arc<Entry<K, V>>),
    /// Fresh, and the one who got this answer should renew it in the background.
    Due(Arc<Entry<K, V>>),
    /// Beyond its life, within its grace.
    Stale(Arc<Entry<K, V>>),
    Miss,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Local<K, V> {
    /// An L1 of `capacity_bytes`; none at all if that is zero, and then only the fence works.
    pub(crate) fn new(name: &str, capacity_bytes: u64, early_refresh: f64, ears: Ears, mutants: Mutants) -> Self {
        let entries = (capacity_bytes > 0).then(|| {
            Moka::builder()
                .name(name)
                .max_capacity(capacity_bytes)
                .weigher(|_, entry: &Arc<Entry<K, V>>| entry.weight)
                .build()
        });
        Self { entries, fence: Fence::new(mutants), hasher: RandomState::new(), early_refresh, ears, mutants }
    }

    /// Notes the fence for a key, before anything is looked at on its behalf.
    pub(crate) fn note(&self, key: &K) -> Stamp {
        self.fence.note(self.hash(key))
    }

    /// What a read that starts now may see. The time is asked only if there is an entry.
    pub(crate) fn look(&self, key: &K, now: impl FnOnce() -> Instant) -> Look<K, V> {
        let Some(entry) = self.entries.as_ref().and_then(|entries| entries.get(key)) else { return Look::Miss };
        if !self.may_be_seen(key, &entry) {
            return Look::Miss;
        }
        let now = now();
        if now < entry.life.fresh_until && !self.is_confirmed(&entry, now) {
            return Look::Unconfirmed(entry);
        }
        if now < entry.early_from {
            return Look::Fresh(entry);
        }
        if now < entry.life.fresh_until {
            let due = entry.is_due(|| refresh::is_due(&entry.life, self.early_refresh, now));
            return if due { Look::Due(entry) } else { Look::Fresh(entry) };
        }
        if now < entry.life.stale_until { Look::Stale(entry) } else { Look::Miss }
    }

    /// What is held for a key, ended or not, and whether nothing that was invalidated speaks against it.
    pub(crate) fn held(&self, key: &K) -> Option<(Arc<Entry<K, V>>, bool)> {
        let entry = self.entries.as_ref()?.get(key)?;
        let may_be_seen = self.may_be_seen(key, &entry);
        Some((entry, may_be_seen))
    }

    /// Whether this node has heard of all changes until not too long ago, or the entry is not older than that.
    pub(crate) fn is_confirmed(&self, entry: &Entry<K, V>, now: Instant) -> bool {
        let Some(hearing) = self.ears.hearing() else { return true };
        hearing.is_confirmed(now)
            || entry.is_vouched && hearing.covers(entry.seen_at, now)
            || self.mutants.has(Mutant::NoBound)
    }

    /// Whether nothing that was invalidated speaks against an entry, whatever its age.
    fn may_be_seen(&self, key: &K, entry: &Entry<K, V>) -> bool {
        let current = if entry.is_live() {
            self.fence.same_epoch(entry.stamp)
        } else {
            self.fence.holds(self.hash(key), entry.stamp)
        };
        current && entry.tags_hold()
    }

    /// Puts an entry in provisionally; it stays and becomes live only if the fence still shows the entry's stamp.
    pub(crate) fn put(&self, key: &K, entry: Arc<Entry<K, V>>) {
        let Some(entries) = &self.entries else { return };
        let hash = self.hash(key);
        if !entry.tracked || !self.fence.holds(hash, entry.stamp) {
            return;
        }
        entries.insert(key.clone(), Arc::clone(&entry));
        if self.fence.holds(hash, entry.stamp) {
            entry.make_live();
        } else {
            self.remove(key, &entry);
        }
    }

    /// Removes this very entry, not another that took its place.
    pub(crate) fn remove(&self, key: &K, entry: &Arc<Entry<K, V>>) {
        let Some(entries) = &self.entries else { return };
        entries.entry(key.clone()).and_compute_with(|present| match present {
            Some(present) if Arc::ptr_eq(present.value(), entry) => moka::ops::compute::Op::Remove,
            _ => moka::ops::compute::Op::Nop,
        });
    }

    /// Moves the fence on and drops the key, unless its live entry has `version` or a later one: then the change is in it. The caller
    /// detaches the flight next.
    pub(crate) fn void(&self, key: &K, version: Option<u64>) {
        self.fence.advance(self.hash(key));
        let Some(entries) = &self.entries else { return };
        let has_it = |entry: Arc<Entry<K, V>>| entry.is_live() && version.is_some() && entry.version >= version;
        if version.is_none() || !entries.get(key).is_some_and(has_it) {
            entries.invalidate(key);
        }
    }

    /// As [`Self::void`]; answers the stamp under which a value may be put in that is newer than `stamp`, unless somebody else voided
    /// meanwhile.
    pub(crate) fn void_from(&self, key: &K, stamp: Stamp) -> Option<Stamp> {
        let next = self.fence.advance_from(self.hash(key), stamp);
        self.drop_entry(key);
        next
    }

    /// Forgets everything at once.
    pub(crate) fn void_all(&self) {
        self.fence.advance_epoch();
        if let Some(entries) = &self.entries {
            entries.invalidate_all();
        }
    }

    /// Number of entries and their bytes, as moka last counted them.
    pub(crate) fn size(&self) -> (u64, u64) {
        self.entries.as_ref().map_or((0, 0), |entries| (entries.entry_count(), entries.weighted_size()))
    }

    pub(crate) fn hash(&self, key: &K) -> u64 {
        self.hasher.hash_one(key)
    }

    fn drop_entry(&self, key: &K) {
        if let Some(entries) = &self.entries {
            entries.invalidate(key);
        }
    }
}
