//! Building a cache: what it is made of.

use std::{any::type_name, fmt, marker::PhantomData, sync::Arc};

use tokio::runtime::Handle;

use crate::{
    Cache, CacheKey, CacheOptions, Clock, Codec, ConfigError, Feed, L2, MetricsSink, SystemClock,
    core::{Core, Values, Weigher},
    frame,
    mutant::Mutants,
    spawner::Spawner,
};

/// Gathers what a cache is made of.
///
/// ```
/// use larder_cache::Cache;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), larder_cache::ConfigError> {
/// // In process alone, a cache needs no codec, but somebody must say how big values are.
/// let pages = Cache::<u64, Vec<u8>>::builder("pages").weigher(Vec::len).build()?;
/// # Ok(())
/// # }
/// ```
pub struct CacheBuilder<K, V> {
    name: String,
    options: CacheOptions,
    l2: Option<L2>,
    feed: Option<Feed>,
    codec: Option<Arc<dyn Codec<V>>>,
    weigher: Option<Weigher<V>>,
    schema: u32,
    clock: Arc<dyn Clock>,
    runtime: Option<Handle>,
    metrics: Option<Arc<dyn MetricsSink>>,
    mutants: Mutants,
    key: PhantomData<fn(K)>,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> CacheBuilder<K, V> {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            options: CacheOptions::default(),
            l2: None,
            feed: None,
            codec: None,
            weigher: None,
            schema: frame::schema_of::<V>(),
            clock: Arc::new(SystemClock),
            runtime: None,
            metrics: None,
            mutants: Mutants::default(),
            key: PhantomData,
        }
    }

    /// How values become bytes. Required with an L2; without one it tells the size of values, unless there is a weigher.
    #[must_use]
    pub fn codec(mut self, codec: impl Codec<V> + 'static) -> Self {
        self.codec = Some(Arc::new(codec));
        self
    }

    /// Bytes that a value takes on the heap, for L1's limit. Default: what the codec says.
    #[must_use]
    pub fn weigher(mut self, weigher: impl Fn(&V) -> usize + Send + Sync + 'static) -> Self {
        self.weigher = Some(Arc::new(weigher));
        self
    }

    /// The second level; several caches share one. Default: none.
    #[must_use]
    pub fn l2(mut self, l2: &L2) -> Self {
        self.l2 = Some(l2.clone());
        self
    }

    /// What hears of all changes at their source, so that the staleness of every answer is bounded; several caches share one. With an L2,
    /// that must have a backplane. Default: none.
    #[must_use]
    pub fn feed(mut self, feed: &Feed) -> Self {
        self.feed = Some(feed.clone());
        self
    }

    /// Lifetimes, limits and deadlines.
    #[must_use]
    pub fn options(mut self, options: CacheOptions) -> Self {
        self.options = options;
        self
    }

    /// Names the shape of values in L2: bytes under another name are a miss. Default: the name of the type, which changes when the
    /// type is moved or, perhaps, with the compiler.
    #[must_use]
    pub fn schema(mut self, name: &str) -> Self {
        self.schema = frame::schema_named(name);
        self
    }

    /// The clock of lives and deadlines. Default: the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The runtime on which loads and fills run. Default: that of the caller of [`Self::build`].
    #[must_use]
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Who hears how long loads and operations on L2 take. Default: nobody.
    #[must_use]
    pub fn metrics(mut self, sink: Arc<dyn MetricsSink>) -> Self {
        self.metrics = Some(sink);
        self
    }

    /// Plants a mistake.
    #[cfg(any(feature = "testing", shuttle))]
    #[must_use]
    pub fn mutant(mut self, mutant: crate::mutant::Mutant) -> Self {
        self.mutants.plant(mutant);
        self
    }

    /// Builds the cache.
    ///
    /// # Errors
    /// Names the option that is missing or cannot work; without a runtime of its own, it must be called within one.
    pub fn build(self) -> Result<Cache<K, V>, ConfigError> {
        self.options.check()?;
        let bad = |character: char| matches!(character, ':' | '{' | '}') || character.is_whitespace();
        if self.name.is_empty() || self.name.contains(bad) {
            return Err(ConfigError { option: "name", rule: "must not be empty nor contain : { } or white space" });
        }
        if self.l2.is_some() && self.codec.is_none() {
            return Err(ConfigError { option: "codec", rule: "is required with an L2" });
        }
        if self.feed.is_some() && self.l2.as_ref().is_some_and(|l2| l2.hearing().is_none()) {
            return Err(ConfigError { option: "l2", rule: "must have a backplane if the cache has a feed" });
        }
        let weigher = match (self.weigher, &self.codec) {
            (Some(weigher), _) => weigher,
            (None, Some(codec)) => {
                let codec = Arc::clone(codec);
                Arc::new(move |value: &V| codec.weight(value)) as _
            }
            (None, None) => {
                let rule = "is required, or a codec: L1 counts bytes";
                return Err(ConfigError { option: "weigher", rule });
            }
        };
        let values = Values { codec: self.codec, weigher, schema: self.schema };
        let spawner = Spawner::new(self.runtime)?;
        let (name, options) = (self.name, self.options);
        let core =
            Core::new(name, options, values, self.l2, self.feed, self.clock, spawner, self.metrics, self.mutants);
        Ok(Cache::from_core(core))
    }
}

impl<K, V> fmt::Debug for CacheBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("name", &self.name)
            .field("value", &type_name::<V>())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
