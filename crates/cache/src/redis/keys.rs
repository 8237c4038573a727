//! Names of a cache's keys in Redis.

/// The names for one cache in one shard. All keys of a shard are in one hash slot, so that a script may touch several of them.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    /// `{namespace.shard}`.
    pub(super) prefix: &'a str,
    /// Name of the cache; without `:`.
    pub(super) cache: &'a str,
}

impl Keys<'_> {
    /// Nonce of all that the cache holds, which moves when everything is invalidated, and the server under which it is believed.
    pub(super) fn era(&self) -> String {
        [self.prefix, "e:", self.cache].concat()
    }

    /// Nonce that moves with each invalidation of a tag.
    pub(super) fn moved(&self) -> String {
        [self.prefix, "a:", self.cache].concat()
    }

    /// The forms in which nodes store values.
    pub(super) fn forms(&self) -> String {
        [self.prefix, "n:", self.cache].concat()
    }

    /// The log of the shard, for all caches.
    pub(super) fn log(&self) -> String {
        log(self.prefix)
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

    /// Remembers that a change of a tag was done.
    pub(super) fn done(&self, tag: &str, change: u64) -> String {
        format!("{}k:{}:{tag}:{change}", self.prefix, self.cache)
    }

    fn name(&self, kind: &str, key: &str) -> String {
        [self.prefix, kind, self.cache, ":", key].concat()
    }
}

/// The log of the shard with this prefix.
pub(super) fn log(prefix: &str) -> String {
    [prefix, "s"].concat()
}

/// Below it, every change was taken by the shard with this prefix.
pub(super) fn mark(prefix: &str) -> String {
    [prefix, "m"].concat()
}
