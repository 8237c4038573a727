//! How a cache call fails: a kind to match on, and the loader's own error as the source.

use std::{error::Error as StdError, fmt, sync::Arc};

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The loader answered an error; it is the source.
    Load,
    /// The loader panicked.
    LoaderPanicked,
    /// The load was not done by its hard deadline.
    Deadline,
    /// No place within the loader budget became free in time; the loader was not called.
    Overloaded,
    /// A loader asked the cache for a key that it is loading itself.
    Reentrant,
    /// The runtime on which the cache loads is shutting down, or gone: that in which it was built, unless
    /// [`CacheBuilder::runtime`](crate::CacheBuilder::runtime) named another.
    Stopped,
}

/// A failed cache call. Callers that shared a load share its error.
///
/// ```
/// use std::io;
/// use larder_cache::{Cache, ErrorKind, Json};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let names = Cache::<u64, String>::builder("names").codec(Json).build()?;
/// let away = || async { Err::<String, _>(io::Error::from(io::ErrorKind::NotConnected)) };
/// let error = names.get_or_load(&1, away).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Load);
/// assert_eq!(error.loader_error::<io::Error>().unwrap().kind(), io::ErrorKind::NotConnected);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn load(source: Box<dyn StdError + Send + Sync>) -> Self {
        Self { kind: ErrorKind::Load, source: Some(Arc::from(source)) }
    }

    /// What a caller can act on.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The loader's error, if the loader answered one of type `E`. One that came in an `anyhow::Error` can only be printed, as the
    /// source.
    pub fn loader_error<E: StdError + 'static>(&self) -> Option<&E> {
        self.source.as_deref().and_then(|source| source.downcast_ref())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            ErrorKind::Load => "the loader failed",
            ErrorKind::LoaderPanicked => "the loader panicked",
            ErrorKind::Deadline => "the load was not done by its deadline",
            ErrorKind::Overloaded => "too many loads are under way",
            ErrorKind::Reentrant => "a loader asked the cache for the key that it is loading",
            ErrorKind::Stopped => "the runtime of the cache is shutting down",
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// An option that cannot work, refused when the cache is built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cache option {option} {rule}")]
pub struct ConfigError {
    /// Name of the option.
    pub option: &'static str,
    /// What it demands.
    pub rule: &'static str,
}
