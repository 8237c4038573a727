//! The `Cache-Status` header (RFC 9211): which level answered.

use actix_web::http::header::{HeaderName, HeaderValue};
use larder_repository::Origin;

/// The header's name.
pub(crate) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// What the header says of an answer from `origin`.
pub(crate) fn value(origin: Origin) -> HeaderValue {
    HeaderValue::from_static(match origin {
        Origin::L1 => "larder; hit; detail=l1",
        Origin::L2 => "larder; hit; detail=l2",
        Origin::Stale => "larder; hit; detail=stale",
        Origin::Loaded => "larder; fwd=miss",
        Origin::Database => "larder; fwd=bypass",
    })
}
