//! Names of a cache's keys in Redis.

/// The names for one cache. All keys of a namespace are in one hash slot, so that a script may touch several of them.
pub(super) struct Keys<'a> {
    /// `{namespace.0}`.
    pub(super) prefix: &'a str,
    /// Name of the cache; without `:`.
    pub(super) cache: &'a str,
}

impl Keys<'_> {
    /// Nonce of all that the cache holds: it moves when everything is invalidated.
    pub(super) fn era(&self) -> String {
        [self.prefix, "e:", self.cache].concat()
    }

    /// Nonce that moves with each invalidation of a tag.
    pub(super) fn moved(&self) -> String {
        [self.prefix, "a:", self.cache].concat()
    }

    pub(super) fn value(&self, key: &str) -> String {
        self.name("v:", key)
    }

    pub(super) fn lease(&self, key: &str) -> String {
        self.name("l:", key)
    }

    pub(super) fn tombstone(&self, key: &str) -> String {
        self.name("t:", key)
    }

    pub(super) fn generation(&self, tag: &str) -> String {
        self.name("g:", tag)
    }

    fn name(&self, kind: &str, key: &str) -> String {
        [self.prefix, kind, self.cache, ":", key].concat()
    }
}
