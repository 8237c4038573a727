//! How a repository fails: a kind to match on, and a cause for the log.

use std::{error::Error as StdError, fmt, sync::Arc};

use larder_domain::ValidationError;

/// What went wrong, as far as a caller can act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The product to change is not there.
    NotFound,
    /// A [`Precondition`](crate::Precondition) did not hold: somebody else changed the product first.
    PreconditionFailed,
    /// Another product has this stock-keeping unit.
    SkuTaken,
    /// Another token has this name.
    NameTaken,
    /// The input breaks a rule; nothing was written.
    Invalid(ValidationError),
    /// The database cannot be reached, refuses connections, or no connection became free in time.
    Unavailable,
    /// The database did not answer in time; a write may or may not have happened.
    Timeout,
    /// Too many loads are under way; try again.
    Overloaded,
    /// What the storage or a cache holds cannot be read as a product.
    Corrupt,
    /// The database was migrated by a newer release: its schema is at `found`, this binary knows `known`.
    SchemaTooNew {
        /// The newest migration in the database.
        found: u32,
        /// The newest migration that this binary has.
        known: u32,
    },
    /// Anything else.
    Internal,
}

/// A failed repository call.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    attempted: &'static str,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind` while `attempted` (such as "update a product").
    pub fn new(kind: ErrorKind, attempted: &'static str) -> Self {
        Self { kind, attempted, source: None }
    }

    /// The same with its cause.
    pub fn caused(
        kind: ErrorKind,
        attempted: &'static str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { kind, attempted, source: Some(Arc::from(source.into())) }
    }

    /// Stored bytes or rows that are no product.
    pub fn corrupt(attempted: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::caused(ErrorKind::Corrupt, attempted, source)
    }

    /// Input that breaks a rule.
    pub fn invalid(attempted: &'static str, broken: ValidationError) -> Self {
        Self::new(ErrorKind::Invalid(broken), attempted)
    }

    /// What a caller can act on.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: ", self.attempted)?;
        match &self.kind {
            ErrorKind::NotFound => f.write_str("there is none"),
            ErrorKind::PreconditionFailed => f.write_str("the product was changed by somebody else"),
            ErrorKind::SkuTaken => f.write_str("another product has this sku"),
            ErrorKind::NameTaken => f.write_str("another token has this name"),
            ErrorKind::Invalid(broken) => broken.fmt(f),
            ErrorKind::Unavailable => f.write_str("the database is unavailable"),
            ErrorKind::Timeout => f.write_str("the database did not answer in time"),
            ErrorKind::Overloaded => f.write_str("too many loads are under way"),
            ErrorKind::Corrupt => f.write_str("the stored data cannot be read"),
            ErrorKind::SchemaTooNew { found, known } => write!(
                f,
                "the schema is at migration {found}, but this release knows only {known}; run a release that is at least as new"
            ),
            ErrorKind::Internal => f.write_str("internal error"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
