//! What a cache call answers: a value or its absence, and which level had it.

/// Which level answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// This process.
    L1,
    /// Redis.
    L2,
    /// The loader.
    Loader,
}

/// An answer: the value, or that there is none, and which level had it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup<V> {
    /// The value; `None` if the loader said that there is none.
    pub value: Option<V>,
    /// Which level answered. Who waited for somebody else's load sees [`Source::Loader`] as well.
    pub source: Source,
}
