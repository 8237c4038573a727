//! CORS: pages of which other origins may read answers in a browser.

use actix_cors::Cors;
use actix_web::http::{
    Method,
    header::{self, HeaderName},
};

use crate::{cache_status::CACHE_STATUS, config::CorsConfig, request_id::X_REQUEST_ID, version_token::LARDER_VERSION};

/// The middleware that `config` describes; to be left out where that is off.
pub(crate) fn middleware(config: &CorsConfig) -> Cors {
    let named = |name| HeaderName::from_static(name);
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allowed_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CACHE_CONTROL,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            LARDER_VERSION,
            X_REQUEST_ID,
            named("traceparent"),
            named("tracestate"),
        ])
        .expose_headers([
            header::ALLOW,
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            CACHE_STATUS,
            LARDER_VERSION,
            X_REQUEST_ID,
            named("ratelimit"),
            named("ratelimit-policy"),
        ])
        .max_age(usize::try_from(config.max_age_s).ok());
    let cors = if config.allow_credentials { cors.supports_credentials() } else { cors };
    match &config.allowed_origins[..] {
        [any] if any == "*" => cors.allow_any_origin().send_wildcard(),
        origins => origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin)),
    }
}
