//! L1: moka bounded in bytes, behind the fence.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::Instant,
};

use moka::sync::Cache as Moka;

use crate::{
    CacheKey,
    entry::Entry,
    fence::{Fence, Stamp},
};

/// The entries of this process and the fence in front of them.
pub(crate) struct Local<K, V> {
    entries: Option<Moka<K, Arc<Entry<V>>>>,
    fence: Fence,
    hasher: RandomState,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Local<K, V> {
    /// An L1 of `capacity_bytes`; none at all if that is zero, and then only the fence works.
    pub(crate) fn new(name: &str, capacity_bytes: u64) -> Self {
        let entries = (capacity_bytes > 0).then(|| {
            Moka::builder()
                .name(name)
                .max_capacity(capacity_bytes)
                .weigher(|_, entry: &Arc<Entry<V>>| entry.weight)
                .build()
        });
        Self { entries, fence: Fence::new(), hasher: RandomState::new() }
    }

    /// Notes the fence for a key, before anything is looked at on its behalf.
    pub(crate) fn note(&self, key: &K) -> Stamp {
        self.fence.note(self.hasher.hash_one(key))
    }

    /// The entry for `key`, if a read that starts now may see it.
    pub(crate) fn get(&self, key: &K) -> Option<Arc<Entry<V>>> {
        let entry = self.entries.as_ref()?.get(key)?;
        let current = if entry.is_live() {
            self.fence.same_epoch(entry.stamp)
        } else {
            self.fence.holds(self.hasher.hash_one(key), entry.stamp)
        };
        (current && entry.expires_at > Instant::now()).then_some(entry)
    }

    /// Puts an entry in provisionally; it stays and becomes live only if the fence still shows the entry's stamp.
    pub(crate) fn put(&self, key: &K, entry: Arc<Entry<V>>) {
        let Some(entries) = &self.entries else { return };
        let hash = self.hasher.hash_one(key);
        if !self.fence.holds(hash, entry.stamp) {
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
    pub(crate) fn remove(&self, key: &K, entry: &Arc<Entry<V>>) {
        let Some(entries) = &self.entries else { return };
        entries.entry(key.clone()).and_compute_with(|present| match present {
            Some(present) if Arc::ptr_eq(present.value(), entry) => moka::ops::compute::Op::Remove,
            _ => moka::ops::compute::Op::Nop,
        });
    }

    /// Moves the fence on and drops the key. The caller detaches the flight next.
    pub(crate) fn void(&self, key: &K) {
        self.fence.advance(self.hasher.hash_one(key));
        if let Some(entries) = &self.entries {
            entries.invalidate(key);
        }
    }

    /// Forgets everything at once.
    pub(crate) fn void_all(&self) {
        self.fence.advance_epoch();
        if let Some(entries) = &self.entries {
            entries.invalidate_all();
        }
    }
}
