//! The id of a request: taken from the client if it is sane, else made here.

use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

/// Where the id stands, in requests and in every answer.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const MAX_CHARS: usize = 128;

/// The client's id if it has 1 to 128 visible ASCII characters, else a new one.
pub(crate) fn of_request(headers: &HeaderMap, random: &mut fastrand::Rng) -> HeaderValue {
    headers.get(&X_REQUEST_ID).filter(|id| is_sane(id)).cloned().unwrap_or_else(|| new_id(random))
}

fn is_sane(id: &HeaderValue) -> bool {
    (1..=MAX_CHARS).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

/// A UUID of version 7 (RFC 9562): sorts by time. From a fast generator: an id is no secret.
fn new_id(random: &mut fastrand::Rng) -> HeaderValue {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = u64::try_from(since_epoch.as_millis()).unwrap_or_default();
    let mut noise = [0; 10];
    random.fill(&mut noise);
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &noise).into_uuid();
    let mut text = vec![0; uuid::fmt::Hyphenated::LENGTH];
    id.hyphenated().encode_lower(&mut text);
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// The id as text; always ASCII.
pub(crate) fn as_text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(given: &'static [u8]) -> HeaderValue {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(given).expect("a header value"));
        of_request(&headers, &mut fastrand::Rng::new())
    }

    #[test]
    fn a_sane_id_is_kept_and_any_other_replaced() {
        assert_eq!(answered(b"abc-123"), "abc-123");
        for bad in [&b""[..], b"a b", b"caf\xc3\xa9", &[b'x'; 129]] {
            let made = answered(bad);
            let parsed: uuid::Uuid = as_text(&made).parse().expect("a uuid");
            assert_eq!(parsed.get_version_num(), 7, "{bad:?}");
        }
    }

    #[test]
    fn made_ids_differ() {
        let mut random = fastrand::Rng::new();
        assert_ne!(new_id(&mut random), new_id(&mut random));
    }
}
