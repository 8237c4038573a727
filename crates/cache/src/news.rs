//! News of changes, in the terms of a cache: what its source of truth announces, and what other nodes tell through L2.

use std::sync::{Arc, Weak};

use crate::{
    CacheKey, Change, Identity, Invalidation, LogNews, RemoteError, audience::Listener, core::Core, frame,
    key::RemoteKey, loaded::is_lawful_tag,
};

/// What has to be forgotten, because something changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum News<K> {
    /// A key.
    Key(K, Change),
    /// All entries that carry a tag.
    Tag {
        /// The tag.
        tag: String,
        /// Number of the change, never used for another one. If L2 is told of the same change again, by whatever node, it does nothing.
        /// `None`: it is done each time.
        change: Option<u64>,
    },
    /// All entries of the cache.
    Everything,
}

impl<K: CacheKey> News<K> {
    pub(crate) fn invalidation(&self, cache: &str) -> Invalidation {
        match self {
            Self::Key(key, change) => RemoteKey::of(cache, key).invalidation(change.version, change.gone),
            Self::Tag { tag, change } => Invalidation::Tag { tag: tag.clone(), change: *change },
            Self::Everything => Invalidation::Everything,
        }
    }

    /// Whether any entry can be concerned: none carries an unlawful tag.
    pub(crate) fn is_lawful(&self) -> bool {
        !matches!(self, Self::Tag { tag, .. } if !is_lawful_tag(tag))
    }
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    /// Forgets in this process.
    pub(crate) fn forget_here(&self, news: &News<K>) {
        match news {
            News::Key(key, change) => self.void(key, change.version),
            News::Tag { tag, .. } => self.tags.renew(tag),
            News::Everything => self.local.void_all(),
        }
    }

    /// Takes in what the source announced; `in_doubt` is the number of the announcement, if L2 may not have taken it.
    pub(crate) fn hear_source(&self, news: &[News<K>], in_doubt: Option<u64>) {
        for news in news.iter().filter(|news| news.is_lawful()) {
            // First the doubt: a read that starts when L1 has forgotten must not find the old value in L2.
            if let (Some(number), Some(feed), Some(_)) = (in_doubt, &self.feed, &self.l2) {
                feed.doubt(&self.name, &news.invalidation(&self.name), number);
            }
            self.forget_here(news);
        }
    }

    /// Tells L2 alone; a relay's part.
    pub(crate) async fn tell_l2(&self, news: &[News<K>]) -> Result<Identity, RemoteError> {
        let l2 = self.l2.as_ref().ok_or_else(|| RemoteError("there is no L2".into()))?;
        let told: Vec<_> =
            news.iter().filter(|news| news.is_lawful()).map(|news| news.invalidation(&self.name)).collect();
        l2.tell(&self.name, &told).await
    }

    /// Tells everybody who has news that this cache listens.
    pub(crate) fn listen(self: &Arc<Self>) {
        let listener: Weak<dyn Listener> = Arc::<Self>::downgrade(self);
        if let Some(l2) = &self.l2 {
            l2.join(Weak::clone(&listener));
        }
        if let Some(feed) = &self.feed {
            feed.join(listener);
        }
    }
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Listener for Core<K, V> {
    fn name(&self) -> &str {
        &self.name
    }

    fn form(&self) -> String {
        let codec = self.values.codec.as_ref().map_or(0, |codec| codec.id());
        format!("format {} codec {codec} schema {:08x}", frame::FORMAT, self.values.schema)
    }

    fn hear(&self, news: &LogNews) {
        match news {
            LogNews::Hello => {}
            LogNews::Key { text, version, .. } => match K::read_from(text) {
                Some(key) => self.void(&key, *version),
                None => {
                    tracing::warn!(
                        cache = self.name,
                        "another node invalidated a key that cannot be read; L1 is forgotten"
                    );
                    self.local.void_all();
                }
            },
            LogNews::Tag { tag, .. } => self.tags.renew(tag),
            LogNews::Everything { .. } | LogNews::Unknown => self.local.void_all(),
        }
    }

    fn forget(&self) {
        self.local.void_all();
        self.tags.forget();
    }
}
