//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers): what a client may ask, and what is left of it.

use std::fmt::Write;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

use crate::{
    api_error::whole_seconds,
    limits::{Quota, Room},
};

const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Writes both headers; the policy is the same for all.
#[derive(Debug)]
pub(crate) struct LimitPolicy(HeaderValue);

impl LimitPolicy {
    /// The quota as the draft has it: so many requests in the seconds in which they come back.
    pub(crate) fn new(quota: Quota) -> Self {
        Self(value(format!("\"default\";q={};w={}", quota.burst(), whole_seconds(quota.window()))))
    }

    /// The headers of an answer after which `room` is left.
    pub(crate) fn after(&self, room: Room) -> LimitHeaders {
        // A client reads it, so its length stays below that of the largest numbers.
        let mut left = String::with_capacity(48);
        // Writing to a string cannot fail.
        write!(left, "\"default\";r={};t={}", room.cells, whole_seconds(room.whole_in)).unwrap_or_default();
        LimitHeaders { policy: self.0.clone(), left: value(left) }
    }
}

/// What one answer says.
#[derive(Debug, Clone)]
pub(crate) struct LimitHeaders {
    policy: HeaderValue,
    left: HeaderValue,
}

impl LimitHeaders {
    pub(crate) fn insert_into(&self, headers: &mut HeaderMap) {
        headers.insert(RATE_LIMIT_POLICY, self.policy.clone());
        headers.insert(RATE_LIMIT, self.left.clone());
    }
}

fn value(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn seconds_are_whole_and_rounded_up() {
        let policy = LimitPolicy::new(Quota::new(100, Duration::from_secs(1), 250));
        let mut headers = HeaderMap::new();
        policy.after(Room { cells: 249, whole_in: Duration::from_millis(10) }).insert_into(&mut headers);
        assert_eq!(headers.get(&RATE_LIMIT_POLICY).expect("is there"), "\"default\";q=250;w=3");
        assert_eq!(headers.get(&RATE_LIMIT).expect("is there"), "\"default\";r=249;t=1");
    }
}
