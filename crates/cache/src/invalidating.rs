//! Forgetting and replacing: first in L2, then here, then the caller hears of it.

use std::{sync::Arc, time::Duration};

use crate::{
    CacheKey, FillReply, FillTag, Invalidated, Invalidation, L2, Loaded, News, Nonce, Operation, core::Core,
    key::RemoteKey, mutant::Mutant,
};

/// What is known of a change of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Change {
    pub(crate) version: Option<u64>,
    pub(crate) gone: bool,
}

impl Change {
    /// Nothing but that it happened.
    pub fn unversioned() -> Self {
        Self { version: None, gone: false }
    }

    /// The row has this version now; L2 refuses what is older, absence included.
    pub fn updated(version: u64) -> Self {
        Self { version: Some(version), gone: false }
    }

    /// The row was removed by a change of this version; L2 refuses what is older, but absence.
    pub fn removed(version: u64) -> Self {
        Self { version: Some(version), gone: true }
    }
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    pub(crate) async fn invalidate(self: &Arc<Self>, mut news: Vec<News<K>>) {
        news.retain(News::is_lawful);
        for one in &news {
            self.recorder.invalidated(
                match one {
                    News::Key(..) => Invalidated::Key,
                    News::Tag { .. } => Invalidated::Tag,
                    News::Everything => Invalidated::Clear,
                },
                1,
            );
        }
        let told: Vec<Invalidation> = news.iter().map(|news| news.invalidation(&self.name)).collect();
        self.forget(told, move |core| news.iter().for_each(|news| core.forget_here(news))).await;
    }

    /// First L2, then this process; the other way round, a load in between would bring the old value back from L2.
    async fn forget(self: &Arc<Self>, told: Vec<Invalidation>, here: impl Fn(&Self) + Send + Sync + 'static) {
        let telling = self.l2.as_ref().and_then(L2::telling);
        // It goes on telling until it has forgotten, also if the task breaks off, and also if the caller goes away.
        let work = Arc::new((told, here, telling));
        let (core, shared) = (Arc::clone(self), Arc::clone(&work));
        let task = async move {
            let (told, here, _telling) = &*shared;
            let early = core.mutants.has(Mutant::FenceBeforeL2);
            if early {
                here(&core);
            }
            if let Some(l2) = core.l2.as_ref().filter(|_| !told.is_empty()) {
                core.ask(Operation::Invalidate, l2.invalidate(&core.name, told)).await;
            }
            if !early {
                here(&core);
            }
        };
        if self.spawner.finish(task).await.is_none() {
            let (told, here, _telling) = &*work;
            self.abandoned(told, here);
        }
    }

    /// Forgets what a task should have forgotten that panicked, or whose runtime is shutting down: the caller is about to be told that it
    /// is gone.
    fn abandoned(&self, told: &[Invalidation], here: impl Fn(&Self)) {
        tracing::error!(cache = self.name, "an invalidation or insert did not end; what it concerns is forgotten");
        if let Some(l2) = self.l2.as_ref().filter(|_| !told.is_empty()) {
            l2.invalidate_later(&self.name, told);
        }
        here(self);
    }

    /// Replaces whatever is held for a key.
    pub(crate) async fn insert(self: &Arc<Self>, key: &K, value: Loaded<V>) {
        let (core, copy) = (Arc::clone(self), key.clone());
        let telling = Arc::new(self.l2.as_ref().and_then(L2::telling));
        let shared = Arc::clone(&telling);
        let task = async move {
            let _telling = shared;
            core.replace(copy, value).await;
        };
        if self.spawner.finish(task).await.is_none() {
            let gone = RemoteKey::of(&self.name, key).invalidation(None, false);
            self.abandoned(&[gone], |core| core.void(key, None));
        }
        drop(telling);
    }

    async fn replace(&self, key: K, value: Loaded<V>) {
        let since = self.note(&key);
        let remote = RemoteKey::of(&self.name, &key);
        let (tags, kept) = (value.tags.clone(), self.may_keep(&value, &remote));
        let mut entry = self.fresh_entry(&key, &remote, since.fence, value, self.now(), Duration::ZERO);
        let mut stored = kept;
        if let Some(l2) = &self.l2 {
            let told = tags.iter().map(|tag| FillTag { tag: tag.clone(), noted: None }).collect();
            let request = self.request(&remote, Nonce::random(), &entry, told).filter(|_| kept);
            stored = match request {
                Some(request) => {
                    let reply = self.ask(Operation::Insert, l2.insert(&self.name, &request)).await;
                    kept && !matches!(reply, Some(FillReply::Old))
                }
                // It cannot be stored there; what it replaces must go all the same.
                None => {
                    let gone = remote.invalidation(None, false);
                    self.ask(Operation::Invalidate, l2.invalidate(&self.name, &[gone])).await;
                    kept
                }
            };
        }
        let next = self.local.void_from(&key, since.fence);
        self.flights.detach(&key);
        // Somebody else invalidated meanwhile: this value may be the older one.
        let (Some(next), true) = (next, stored) else { return };
        let Some(generations) = self.tags.attach(self.shard_of(&remote), &tags, since.tags) else { return };
        entry.stamp = next;
        entry.carry(generations);
        self.local.put(&key, Arc::new(entry));
    }
}
