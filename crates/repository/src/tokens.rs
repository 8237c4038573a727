//! The contract for access tokens, of which only digests are stored.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use larder_domain::Role;

use crate::Error;

/// SHA-256 of a token. A token is 256 random bits, so that a fast digest without salt is enough.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest(pub [u8; 32]);

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

/// Who a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOwner {
    /// The name it was made under; unique.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// A token as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Who it stands for.
    pub owner: TokenOwner,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Stores digests of access tokens. Used as `Arc<dyn TokenRepository>`.
#[async_trait]
pub trait TokenRepository: fmt::Debug + Send + Sync {
    /// Who the token with this digest stands for, if it is known.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`.
    async fn find(&self, digest: TokenDigest) -> Result<Option<TokenOwner>, Error>;

    /// Adds a token.
    ///
    /// # Errors
    /// [`NameTaken`](crate::ErrorKind::NameTaken) when a token of this name exists; `Invalid` when the name has not 1 to 64 printable
    /// characters; `Unavailable`, `Timeout`.
    async fn add(&self, owner: &TokenOwner, digest: TokenDigest) -> Result<(), Error>;

    /// All tokens by name, without anything that would let one be used.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`.
    async fn list(&self) -> Result<Vec<StoredToken>, Error>;

    /// Removes the token of this name.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`, `Timeout`.
    async fn remove(&self, name: &str) -> Result<(), Error>;
}
