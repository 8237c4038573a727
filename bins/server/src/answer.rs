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
    client_caching::Provenance,
    conditional::TagCondition,
    version_token::{self, LARDER_VERSION},
};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What a write answers is for its writer only.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

/// 200 with `body`, or 304 if `If-None-Match` lists its tag, in any coding: then with the tag that the client has.
///
/// # Errors
/// 400 when `If-None-Match` is malformed.
pub(crate) fn to_read(request: &HttpRequest, body: Bytes, provenance: &Provenance) -> Result<HttpResponse, ApiError> {
    let tag = EntityTag::of(&body);
    to_tagged_read(request, body, tag, provenance)
}

/// The same with a tag that is not that of bytes alone.
///
/// # Errors
/// 400 when `If-None-Match` is malformed.
pub(crate) fn to_tagged_read(
    request: &HttpRequest,
    body: Bytes,
    tag: EntityTag,
    provenance: &Provenance,
) -> Result<HttpResponse, ApiError> {
    let tag = tag_text(tag);
    let condition = TagCondition::of(request.headers(), &header::IF_NONE_MATCH)?;
    let listed = condition.as_ref().and_then(|condition| condition.listed_weakly(&tag));
    let Some(listed) = listed else { return Ok(with_validators(json(StatusCode::OK, body), tag, provenance)) };
    let listed = listed.to_owned();
    Ok(with_validators(HttpResponse::new(StatusCode::NOT_MODIFIED), listed, provenance))
}

/// 200 with the products of a batch: a POST, to which `If-None-Match` does not apply.
pub(crate) fn to_batch(body: Bytes, provenance: &Provenance) -> HttpResponse {
    let tag = tag_text(EntityTag::of(&body));
    with_validators(json(StatusCode::OK, body), tag, provenance)
}

/// 200 with `body`, which is the same for everybody as long as the server runs, or 304 if `If-None-Match` lists its tag.
///
/// # Errors
/// 400 when `If-None-Match` is malformed.
pub(crate) fn to_file(request: &HttpRequest, content_type: HeaderValue, body: Bytes) -> Result<HttpResponse, ApiError> {
    let tag = tag_text(EntityTag::of(&body));
    let condition = TagCondition::of(request.headers(), &header::IF_NONE_MATCH)?;
    let listed = condition.as_ref().and_then(|condition| condition.listed_weakly(&tag)).map(str::to_owned);
    let (mut response, tag) = match listed {
        Some(listed) => (HttpResponse::new(StatusCode::NOT_MODIFIED), listed),
        None => (HttpResponse::with_body(StatusCode::OK, BoxBody::new(body)), tag),
    };
    if response.status() == StatusCode::OK {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    response.headers_mut().insert(header::ETAG, tag_header(tag));
    // Asked for again with its tag: another release of the server has another one.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn with_validators(mut response: HttpResponse, tag: String, provenance: &Provenance) -> HttpResponse {
    response.headers_mut().insert(header::ETAG, tag_header(tag));
    provenance.insert_into(response.headers_mut());
    response
}

/// `status` with the product as a write left it, its tag, and the token of the write.
///
/// # Errors
/// 500 when the token is no header.
pub(crate) fn to_write(
    status: StatusCode,
    body: Bytes,
    tag: EntityTag,
    position: Position,
) -> Result<HttpResponse, ApiError> {
    let mut response = json(status, body);
    response.headers_mut().insert(header::ETAG, tag_header(tag_text(tag)));
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
    // Exactly its size, so that the bytes become a header without being copied.
    let mut text = String::with_capacity(tag.text_bytes());
    // Writing to a string cannot fail.
    write!(text, "{tag}").unwrap_or_default();
    text
}

/// The same as a header.
pub(crate) fn tag_header(tag: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(tag)).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}
