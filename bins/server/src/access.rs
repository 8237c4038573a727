//! Who asks, and what that allows: bearer tokens (RFC 6750).

mod tokens;

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::{
    HttpMessage, HttpRequest,
    http::header::{AUTHORIZATION, HeaderMap},
};
use larder_domain::Role;
use larder_repository::{TokenDigest, TokenRepository};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use self::tokens::{Bearer, KnownTokens};
use crate::{
    api_error::{ApiError, ApiErrorKind},
    config::AuthConfig,
    limits::{FailureLimiter, Quota},
};

/// Longer texts are no tokens of ours: they are refused before they are digested.
const MAX_TOKEN_BYTES: usize = 256;
/// A token that a person chose, and that is shorter, may be found by trying.
pub(crate) const UNGUESSABLE_BYTES: usize = 32;

/// Tells who bears a token: the configured admin token first, then those in the database.
#[derive(Debug)]
pub struct AccessControl {
    admin: Option<ConfiguredToken>,
    tokens: KnownTokens,
    failures: FailureLimiter,
}

#[derive(Debug)]
struct ConfiguredToken {
    digest: TokenDigest,
    is_guessable: bool,
}

/// Who sent a request with a good token; among the extensions of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The name of the token; empty for the configured one.
    pub(crate) name: Arc<str>,
    pub(crate) role: Role,
}

impl AccessControl {
    /// `admin_token` has the role admin; the others are looked up in `tokens`, under the limits of `config`. Must be called on the runtime that
    /// is to look them up.
    ///
    /// # Errors
    /// When a limit cannot work.
    pub fn new(
        admin_token: Option<&str>,
        tokens: Arc<dyn TokenRepository>,
        config: &AuthConfig,
    ) -> anyhow::Result<Self> {
        let admin = admin_token
            .map(|token| ConfiguredToken { digest: digest(token), is_guessable: token.len() < UNGUESSABLE_BYTES });
        let each_minute = config.failures_per_minute;
        let failures = Quota::new(each_minute, Duration::from_mins(1), each_minute.saturating_mul(2));
        let tokens = KnownTokens::new(tokens, Duration::from_millis(config.token_ttl_ms))?;
        Ok(Self { admin, tokens, failures: FailureLimiter::new(failures) })
    }

    /// Who bears the token in `headers`, which came from `address`.
    ///
    /// An address that failed too often is refused before anything is looked up for it; tokens that were good in the last hour, and a
    /// configured one that nobody can guess, go on working there, so that an attacker does not lock out those with whom he shares an address.
    ///
    /// # Errors
    /// 401 when nobody knows the token; 429 after too many of these; 503 or 504 when the database cannot tell.
    pub(crate) async fn caller(&self, headers: &HeaderMap, address: IpAddr) -> Result<Caller, ApiError> {
        let found = match (self.failures.blocks(address), bearer_token(headers).map(digest)) {
            (None, Some(digest)) => self.find(digest).await?,
            (None, None) => None,
            (Some(_), Some(digest)) if self.stays_open_to(digest) => self.find(digest).await?,
            (Some(wait), _) => return Err(ApiError::new(ApiErrorKind::TooManyFailures(wait), "")),
        };
        found.ok_or_else(|| {
            self.failures.count(address);
            ApiError::new(ApiErrorKind::TokenWrong, "")
        })
    }

    /// The configured token is compared in constant time; of the others, the database and the cache compare digests, whose
    /// first bytes tell nothing about a token.
    async fn find(&self, digest: TokenDigest) -> Result<Option<Caller>, ApiError> {
        if self.admin.as_ref().is_some_and(|admin| admin.is(digest)) {
            return Ok(Some(Caller { name: "".into(), role: Role::Admin }));
        }
        let bearer = self.tokens.find(digest).await?;
        Ok(bearer.map(|Bearer { name, role }| Caller { name, role }))
    }

    /// Whether this token is looked at even if it comes from an address that failed too often.
    fn stays_open_to(&self, digest: TokenDigest) -> bool {
        self.admin.as_ref().is_some_and(|admin| !admin.is_guessable && admin.is(digest)) || self.tokens.was_good(digest)
    }
}

impl ConfiguredToken {
    fn is(&self, digest: TokenDigest) -> bool {
        self.digest.0.ct_eq(&digest.0).into()
    }
}

/// The role of the token that came with `request`; `None` without one.
pub(crate) fn role(request: &HttpRequest) -> Option<Role> {
    request.extensions().get::<Caller>().map(|caller| caller.role)
}

/// Passes only callers with at least the role `least`.
///
/// # Errors
/// 401 without a token, 403 when its role is too low.
pub(crate) fn require(request: &HttpRequest, least: Role) -> Result<(), ApiError> {
    match role(request) {
        None => Err(ApiError::new(ApiErrorKind::TokenMissing, "send it as Authorization: Bearer TOKEN")),
        Some(role) if role < least => Err(ApiError::new(ApiErrorKind::RoleTooLow, format!("needs {least}"))),
        Some(_) => Ok(()),
    }
}

/// The token, if there is exactly one header and its scheme is `Bearer`, in any case.
fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    let fits = (1..=MAX_TOKEN_BYTES).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer") && fits).then_some(token)
}

/// What is stored and compared in place of a token. Comparing digests in constant time tells nothing about the token.
pub(crate) fn digest(token: &str) -> TokenDigest {
    TokenDigest(Sha256::digest(token.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn only_one_bearer_header_is_a_token() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("bEaReR   abc", Some("abc")),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearer a b", None),
            ("Basic abc", None),
            ("abc", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
            assert_eq!(bearer_token(&headers), token, "{value}");
            headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
            assert_eq!(bearer_token(&headers), None, "twice");
        }
    }
}
