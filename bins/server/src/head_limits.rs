//! How large the head of a request may be. The HTTP layer bounds it in HTTP/1 (128 KiB and 96 headers, or 431), but not in HTTP/2.

use actix_web::{
    dev::RequestHead,
    http::{Uri, Version},
};

use crate::api_error::ApiErrorKind;

/// The longest address, path and parameters together.
const MAX_URI_BYTES: usize = 8 << 10;
const MAX_HEADERS: usize = 96;
const MAX_HEADER_BYTES: usize = 64 << 10;

/// What is too large about a head, if anything.
pub(crate) fn check(head: &RequestHead) -> Result<(), ApiErrorKind> {
    if uri_bytes(&head.uri) > MAX_URI_BYTES {
        return Err(ApiErrorKind::UriTooLong);
    }
    if head.version == Version::HTTP_2 && headers_are_too_large(head) {
        return Err(ApiErrorKind::HeadTooLarge);
    }
    Ok(())
}

fn uri_bytes(uri: &Uri) -> usize {
    uri.path_and_query().map_or(0, |path| path.as_str().len())
}

fn headers_are_too_large(head: &RequestHead) -> bool {
    let bytes: usize = head.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    head.headers().len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES
}
