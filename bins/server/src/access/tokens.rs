//! Tokens of the database, looked up at most once in a few seconds each.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use larder_cache::{Cache, CacheKey, CacheOptions};
use larder_domain::Role;
use larder_repository::{TokenDigest, TokenRepository};

use crate::{
    api_error::{ApiError, ApiErrorKind},
    limits::{Account, Accounts, Clock, Nanos},
};

/// Room for some ten thousand tokens, known and unknown.
const CAPACITY_BYTES: u64 = 4 << 20;
/// Tokens that are remembered to have been good, and for how long.
const GOOD_PLACES: usize = 8_192;
const GOOD_FOR: Nanos = 3_600_000_000_000;

/// Who bears a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bearer {
    pub(super) name: Arc<str>,
    pub(super) role: Role,
}

/// The tokens of the database. A token that is revoked or expires goes on for at most the life of an entry; one that is unknown stays unknown
/// as long.
#[derive(Debug)]
pub(super) struct KnownTokens {
    tokens: Arc<dyn TokenRepository>,
    cache: Cache<Digest, Bearer>,
    good: Accounts<Good>,
    clock: Clock,
}

impl KnownTokens {
    /// # Errors
    /// When the cache cannot be built.
    pub(super) fn new(tokens: Arc<dyn TokenRepository>, life: Duration) -> anyhow::Result<Self> {
        let options = CacheOptions {
            ttl: life,
            l1_ttl: life,
            negative_ttl: life,
            jitter: 0.0,
            early_refresh: 0.0,
            l1_capacity_bytes: CAPACITY_BYTES,
            ..CacheOptions::default()
        };
        let builder = Cache::builder("token").options(options).weigher(|bearer: &Bearer| bearer.name.len());
        let cache = builder.build().context("the cache of tokens cannot be built")?;
        Ok(Self { tokens, cache, good: Accounts::new(GOOD_PLACES), clock: Clock::start() })
    }

    /// Who bears the token of this digest, if anybody does.
    ///
    /// # Errors
    /// 503 or 504 when the database cannot tell. What it told before is not used longer than the life of an entry: the token may be revoked.
    pub(super) async fn find(&self, digest: TokenDigest) -> Result<Option<Bearer>, ApiError> {
        let tokens = Arc::clone(&self.tokens);
        let load = move || async move {
            let owner = tokens.find(digest).await?;
            Ok::<_, larder_repository::Error>(owner.map(|owner| Bearer { name: owner.name.into(), role: owner.role }))
        };
        let found = self.cache.get_or_load(&Digest(digest.0), load).await.map_err(failed)?.value;
        if found.is_some() {
            let now = self.clock.now();
            self.good.with(&digest.0, now, |good| good.0 = now + GOOD_FOR);
        }
        Ok(found)
    }

    /// Whether the token of this digest was good within the last hour.
    pub(super) fn was_good(&self, digest: TokenDigest) -> bool {
        self.good.get(&digest.0, self.clock.now()).0 > 0
    }
}

fn failed(cause: larder_cache::Error) -> ApiError {
    if let Some(own) = cause.loader_error::<larder_repository::Error>() {
        return own.clone().into();
    }
    let kind = match cause.kind() {
        larder_cache::ErrorKind::Deadline => ApiErrorKind::Timeout,
        larder_cache::ErrorKind::Overloaded => ApiErrorKind::Overloaded,
        _ => ApiErrorKind::Internal,
    };
    ApiError::new(kind, "").caused_by(cause)
}

/// Until when a token counts as one that was good.
#[derive(Debug, Clone, Copy, Default)]
struct Good(Nanos);

impl Account for Good {
    fn settled_at(&self) -> Nanos {
        self.0
    }
}

/// The key of a token: what a digest is, and shown as little.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Digest([u8; 32]);

impl CacheKey for Digest {
    fn write_to(&self, text: &mut String) {
        text.extend(self.0.map(char::from));
    }

    fn read_from(text: &str) -> Option<Self> {
        let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
        bytes?.try_into().ok().map(Self)
    }
}
