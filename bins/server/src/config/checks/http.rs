//! What the limits, TLS and CORS of the HTTP server must satisfy.

use actix_web::http::{Uri, header::HeaderValue};

use super::{Config, ConfigFault, MAX_TIMEOUT_MS, require, within};

/// Clients can be told to forget nothing, so that they are not told to keep for longer.
const MAX_CLIENT_AGE_MS: u64 = 60 * 60 * 1_000;
const DAY_S: u64 = 24 * 60 * 60;

impl Config {
    pub(super) fn check_http(&self) -> Result<(), ConfigFault> {
        let server = &self.server;
        within(server.send_timeout_ms, 1..=MAX_TIMEOUT_MS, "server.send_timeout_ms")?;
        within(server.max_connections as u64, 1..=10_000_000, "server.max_connections")?;
        within(server.max_tls_handshakes as u64, 1..=1_000_000, "server.max_tls_handshakes")?;
        within(server.max_streams as u64, 1..=100_000, "server.max_streams")?;
        within(server.client_max_age_ms, 0..=MAX_CLIENT_AGE_MS, "server.client_max_age_ms")?;
        within(server.stale_while_revalidate_ms, 0..=MAX_TIMEOUT_MS, "server.stale_while_revalidate_ms")?;
        let (certificate, key) = (server.tls_certificate.as_os_str(), server.tls_key.as_os_str());
        require(certificate.is_empty() || !key.is_empty(), "server.tls_key", "must be set: there is a certificate")?;
        require(key.is_empty() || !certificate.is_empty(), "server.tls_certificate", "must be set: there is a key")?;
        self.check_cors()
    }

    fn check_cors(&self) -> Result<(), ConfigFault> {
        let (origins, key) = (&self.cors.allowed_origins, "cors.allowed_origins");
        let any = origins.iter().any(|origin| origin == "*");
        require(!any || origins.len() == 1, key, "must be * alone, or origins")?;
        require(
            any || origins.iter().all(|origin| is_origin(origin)),
            key,
            "must be origins such as https://shop.example",
        )?;
        require(!any || !self.cors.allow_credentials, "cors.allow_credentials", "needs origins that are named, not *")?;
        within(self.cors.max_age_s, 0..=DAY_S, "cors.max_age_s")
    }
}

/// A scheme, a host and perhaps a port, with nothing behind, as a browser spells it.
fn is_origin(text: &str) -> bool {
    let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let parts = (uri.scheme_str(), uri.authority());
    let (Some(scheme), Some(authority)) = parts else { return false };
    is_lower && format!("{scheme}://{authority}") == text && HeaderValue::from_str(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_spelled_as_browsers_do() {
        for (text, is) in [
            ("https://shop.example", true),
            ("http://localhost:3000", true),
            ("https://shop.example/", false),
            ("https://Shop.example", false),
            ("shop.example", false),
            ("https://", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_origin(text), is, "{text}");
        }
    }
}
