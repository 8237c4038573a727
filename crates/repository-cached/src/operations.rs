//! What operators do with the caches: look one key up in every level, see what is hot, and make all nodes forget.

use async_trait::async_trait;
use larder_cache::{Cache, CacheKey, InL2, Inspected, Standing};
use larder_domain::ProductId;
use larder_repository::{Error, Freshness};

use crate::{CachedProducts, operations::shown::Shown};

mod shown;

/// What is to be forgotten, by all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forget {
    /// One key of one cache.
    Key {
        /// The name of the cache.
        cache: String,
        /// The text of the key.
        key: String,
    },
    /// What carries this tag, in every cache.
    Tag(String),
    /// Everything in every cache.
    Everything,
}

/// What was done to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forgotten {
    /// The caches that it was done in.
    pub caches: Vec<&'static str>,
    /// How many invalidations Redis has not taken yet, of these or of earlier ones; they are repeated until it has.
    pub queued: u64,
}

/// One key as every level has it.
#[derive(Debug, Clone)]
pub struct KeyInspection {
    /// What the memory of this process holds.
    pub l1: Option<Held>,
    /// What Redis answered.
    pub l2: InL2View,
    /// What the database answered; `None` where a key is no single row.
    pub database: Option<Result<Option<Row>, Error>>,
}

/// What Redis answered for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InL2View {
    /// There is no Redis.
    Unused,
    /// No answer.
    Unreachable,
    /// It has nothing.
    Nothing,
    /// It has bytes that are not understood.
    Garbage,
    /// It has this.
    Held(Held),
}

/// What one cache level holds for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The value as JSON; `None` is a cached absence.
    pub json: Option<String>,
    /// The level's own figures.
    pub figures: Inspected<()>,
}

/// A row of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// It as JSON.
    pub json: String,
    /// Its version.
    pub version: i64,
}

/// A product that is asked for often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HotProduct {
    /// Its id.
    pub id: ProductId,
    /// An estimate of its recent look-ups; as far as the samples go, a lower bound.
    pub count: u64,
}

impl Held {
    /// Whether a read that starts now would take it, whatever else it asks.
    pub fn is_believed(&self) -> bool {
        self.figures.standing == Standing::Fresh
    }
}

impl CachedProducts {
    /// The `count` products that are asked for most, the hottest first.
    pub fn hottest(&self, count: usize) -> Vec<HotProduct> {
        let keys = self.caches.products.hot_keys(count);
        keys.into_iter().map(|hot| HotProduct { id: hot.key.0, count: hot.count - hot.error.min(hot.count) }).collect()
    }

    /// One key of one cache as every level has it; `None` if there is no such cache, or the text is no key of it.
    pub async fn inspect(&self, cache: &str, key: &str) -> Option<KeyInspection> {
        let operated = self.operated().into_iter().find(|(name, _)| *name == cache)?.1;
        let (l1, l2) = operated.look(key).await?;
        let row = match key.parse() {
            Ok(id) if cache == "product" => Some(self.row(id).await),
            _ => None,
        };
        Some(KeyInspection { l1, l2, database: row })
    }

    /// Makes every node forget, through Redis and its backplane; answers `None` if there is no such cache, or the text is no key of it.
    ///
    /// # Consistency
    /// When this returns, no read that starts here sees what was held before.
    pub async fn forget(&self, what: &Forget) -> Option<Forgotten> {
        let mut caches = Vec::new();
        for (name, operated) in self.operated() {
            match what {
                Forget::Key { cache, key } if cache == name => {
                    if !operated.forget_key(key).await {
                        return None;
                    }
                }
                Forget::Key { .. } => continue,
                Forget::Tag(tag) => operated.forget_tag(tag).await,
                Forget::Everything => operated.clear().await,
            }
            caches.push(name);
        }
        let queued = self.caches.products.statistics().gauges.queued_invalidations;
        (!caches.is_empty()).then_some(Forgotten { caches, queued })
    }

    async fn row(&self, id: ProductId) -> Result<Option<Row>, Error> {
        let Some(product) = self.inner.get(id, Freshness::Latest).await?.value else { return Ok(None) };
        let unreadable = |cause| Error::corrupt("look a product up", cause);
        let version = product.value().map_err(unreadable)?.version.0;
        let json = String::from_utf8_lossy(product.json().map_err(unreadable)?).into_owned();
        Ok(Some(Row { json, version }))
    }

    /// Every cache by its name, in the order of [`Self::statistics`].
    fn operated(&self) -> [(&'static str, &dyn Operated); 4] {
        let caches = &self.caches;
        [("product", &caches.products), ("list", &caches.pages), ("total", &caches.totals), ("stats", &caches.stats)]
    }
}

/// A cache of whatever keys and values.
#[async_trait]
trait Operated: Sync {
    /// What both levels hold for the key of this text, if it is one.
    async fn look(&self, key: &str) -> Option<(Option<Held>, InL2View)>;

    /// Whether the text is a key, which then is forgotten.
    async fn forget_key(&self, key: &str) -> bool;

    async fn forget_tag(&self, tag: &str);

    async fn clear(&self);
}

#[async_trait]
impl<K: CacheKey, V: Shown> Operated for Cache<K, V> {
    async fn look(&self, key: &str) -> Option<(Option<Held>, InL2View)> {
        let inspection = self.inspect(&K::read_from(key)?).await;
        let l2 = match inspection.l2 {
            InL2::Held(held) => InL2View::Held(shown(held)),
            InL2::Unreachable => InL2View::Unreachable,
            InL2::Nothing => InL2View::Nothing,
            InL2::Garbage => InL2View::Garbage,
            _ => InL2View::Unused,
        };
        Some((inspection.l1.map(shown), l2))
    }

    async fn forget_key(&self, key: &str) -> bool {
        let Some(key) = K::read_from(key) else { return false };
        self.invalidate(&key).await;
        true
    }

    async fn forget_tag(&self, tag: &str) {
        self.invalidate_tag(tag).await;
    }

    async fn clear(&self) {
        Self::clear(self).await;
    }
}

fn shown<V: Shown>(held: Inspected<V>) -> Held {
    Held { json: held.value.as_ref().map(Shown::json), figures: held.without_value() }
}
