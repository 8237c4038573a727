//! Who asks, and what that allows: bearer tokens (RFC 6750).

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use larder_domain::Role;
use larder_repository::{TokenDigest, TokenRepository};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::api_error::{ApiError, ApiErrorKind};

/// Longer texts are no tokens of ours: they are refused before they are digested.
const MAX_TOKEN_BYTES: usize = 256;

/// Tells roles by tokens: the configured admin token first, then those in the database.
#[derive(Debug)]
pub struct AccessControl {
    admin: Option<TokenDigest>,
    tokens: Arc<dyn TokenRepository>,
}

impl AccessControl {
    /// `admin_token` has the role admin; the others are looked up in `tokens`.
    pub fn new(admin_token: Option<&str>, tokens: Arc<dyn TokenRepository>) -> Self {
        Self { admin: admin_token.map(digest), tokens }
    }

    /// The role of the token in `headers`; `None` without one.
    ///
    /// # Errors
    /// 401 when there is a token but nobody knows it; 503 or 504 when the database cannot tell.
    pub(crate) async fn role(&self, headers: &HeaderMap) -> Result<Option<Role>, ApiError> {
        if !headers.contains_key(AUTHORIZATION) {
            return Ok(None);
        }
        let token = bearer_token(headers).ok_or_else(wrong_token)?;
        let digest = digest(token);
        if self.admin.is_some_and(|admin| bool::from(admin.0.ct_eq(&digest.0))) {
            return Ok(Some(Role::Admin));
        }
        let owner = self.tokens.find(digest).await?;
        owner.map(|owner| Some(owner.role)).ok_or_else(wrong_token)
    }

    /// Passes only callers with at least the role `least`.
    ///
    /// # Errors
    /// 401 without a known token, 403 when its role is too low, else as [`Self::role`].
    pub(crate) async fn require(&self, headers: &HeaderMap, least: Role) -> Result<(), ApiError> {
        match self.role(headers).await? {
            None => Err(ApiError::new(ApiErrorKind::TokenMissing, "send it as Authorization: Bearer TOKEN")),
            Some(role) if role < least => Err(ApiError::new(ApiErrorKind::RoleTooLow, format!("needs {least}"))),
            Some(_) => Ok(()),
        }
    }
}

fn wrong_token() -> ApiError {
    ApiError::new(ApiErrorKind::TokenWrong, "")
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
