//! Successful answers with a body: entity tag, 304, cache headers.

use actix_web::{
    HttpRequest, HttpResponse,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use bytes::Bytes;
use larder_domain::EntityTag;
use larder_repository::Position;

use crate::{
    api_error::ApiError,
    cache_status::CACHE_STATUS,
    conditional::TagCondition,
    version_token::{self, LARDER_VERSION},
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Stored answers are asked for again with their tag, until answers have a time of their own.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
/// What a token shows is for its bearer only.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// Who may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Anybody: it is what anonymous readers see.
    Everyone,
    /// The bearer of a token.
    Bearer,
}

/// 200 with `body`, or 304 if `If-None-Match` lists its tag.
///
/// # Errors
/// 400 when `If-None-Match` is malformed.
pub(crate) fn to_read(
    request: &HttpRequest,
    body: Bytes,
    cache_status: &'static str,
    audience: Audience,
) -> Result<HttpResponse, ApiError> {
    let tag = tag_text(EntityTag::of(&body));
    let condition = TagCondition::of(request.headers(), &header::IF_NONE_MATCH)?;
    let response = if condition.is_some_and(|condition| condition.lists_weakly(&tag)) {
        HttpResponse::new(StatusCode::NOT_MODIFIED)
    } else {
        json(StatusCode::OK, body)
    };
    Ok(with_validators(response, tag, cache_status, audience))
}

/// 200 with the products of a batch: a POST, to which `If-None-Match` does not apply.
pub(crate) fn to_batch(body: Bytes, cache_status: &'static str, audience: Audience) -> HttpResponse {
    let tag = tag_text(EntityTag::of(&body));
    with_validators(json(StatusCode::OK, body), tag, cache_status, audience)
}

fn with_validators(
    mut response: HttpResponse,
    tag: String,
    cache_status: &'static str,
    audience: Audience,
) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag_header(tag));
    headers.insert(CACHE_STATUS, HeaderValue::from_static(cache_status));
    headers.insert(header::CACHE_CONTROL, if audience == Audience::Everyone { REVALIDATE } else { PRIVATE });
    response
}

/// `status` with the product as a write left it, and the token of the write.
///
/// # Errors
/// 500 when the token is no header.
pub(crate) fn to_write(status: StatusCode, body: Bytes, position: Position) -> Result<HttpResponse, ApiError> {
    let tag = tag_text(EntityTag::of(&body));
    let mut response = json(status, body);
    response.headers_mut().insert(header::ETAG, tag_header(tag));
    response.headers_mut().insert(header::CACHE_CONTROL, PRIVATE);
    response.headers_mut().insert(LARDER_VERSION, version_token::token(position)?);
    Ok(response)
}

/// 204 with the token of a removal.
///
/// # Errors
/// 500 when the token is no header.
pub(crate) fn to_removal(position: Position) -> Result<HttpResponse, ApiError> {
    let mut response = HttpResponse::new(StatusCode::NO_CONTENT);
    response.headers_mut().insert(LARDER_VERSION, version_token::token(position)?);
    Ok(response)
}

/// `status` with a JSON body that is nobody's to keep.
pub(crate) fn unstored(status: StatusCode, body: impl Into<Bytes>) -> HttpResponse {
    let mut response = json(status, body.into());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn json(status: StatusCode, body: Bytes) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, BoxBody::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// The tag as the header spells it.
pub(crate) fn tag_text(tag: EntityTag) -> String {
    use std::fmt::Write;
    // 16 digits and two quotes, so that the bytes become a header without being copied.
    let mut text = String::with_capacity(18);
    // Writing to a string cannot fail.
    write!(text, "{tag}").unwrap_or_default();
    text
}

fn tag_header(tag: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(tag)).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}
