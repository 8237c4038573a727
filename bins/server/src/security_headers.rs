//! Headers that keep browsers from doing with an answer what it is not for.

use actix_web::http::header::{
    self, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, HeaderMap,
    HeaderName, HeaderValue,
};

use crate::config::Config;

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
/// Data has nothing to load and nothing to be framed for. Pages set a policy of their own.
const DATA_ONLY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const CROSS_ORIGIN: HeaderValue = HeaderValue::from_static("cross-origin");
/// A year.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What every answer says to browsers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecurityHeaders {
    /// Whether the server speaks TLS, and browsers are to insist on it.
    is_tls: bool,
    /// Whether pages of other origins may read answers.
    is_shared: bool,
}

impl SecurityHeaders {
    pub(crate) fn new(config: &Config) -> Self {
        Self { is_tls: config.server.uses_tls(), is_shared: config.cors.is_on() }
    }

    /// Adds them to an answer.
    pub(crate) fn insert_into(self, headers: &mut HeaderMap) {
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.insert(RESOURCE_POLICY, if self.is_shared { CROSS_ORIGIN } else { SAME_ORIGIN });
        if headers.contains_key(header::CONTENT_SECURITY_POLICY) {
            // A page. In data there is no link to follow.
            headers.insert(header::REFERRER_POLICY, NO_REFERRER);
        } else {
            headers.insert(header::CONTENT_SECURITY_POLICY, DATA_ONLY);
        }
        if self.is_tls {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
        }
        if self.is_shared && !headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            // actix-cors says these to every origin.
            headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
            headers.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
        }
    }
}
