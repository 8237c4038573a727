//! The `Cache-Status` header (RFC 9211): which level answered.

use actix_web::http::header::HeaderName;
use larder_repository::{Freshness, Origin};

/// The header's name.
pub(crate) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// What the header says of an answer from `origin` to a request that wanted `freshness`.
pub(crate) fn value(origin: Origin, freshness: Freshness) -> &'static str {
    match origin {
        Origin::L1 => "larder; hit; detail=l1",
        Origin::L2 => "larder; hit; detail=l2",
        Origin::Unconfirmed => "larder; hit; detail=unconfirmed",
        Origin::Stale => "larder; hit; detail=stale",
        Origin::Loaded if freshness == Freshness::Revalidated => "larder; fwd=request",
        Origin::Loaded => "larder; fwd=miss",
        Origin::Database => "larder; fwd=bypass",
    }
}
