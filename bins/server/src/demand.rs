//! How fresh a request wants its answer: `Larder-Version`, and `Cache-Control` (RFC 9111 §5.2.1) of who may say so.

use actix_web::http::header::{self, HeaderMap, HeaderName};
use larder_repository::{Freshness, Position};

use crate::{api_error::ApiError, version_token};

/// What the request asks of the levels in front of the database.
///
/// `Cache-Control` counts from the bearer of a token only: anybody else could make the database do all the work. Who names several changes
/// gets an answer that is not older than anything that was committed before the request.
///
/// # Errors
/// 400 when `Larder-Version` is malformed.
pub(crate) fn of(headers: &HeaderMap, has_token: bool) -> Result<Freshness, ApiError> {
    let positions = version_token::positions(headers)?;
    Ok(match positions[..] {
        _ if has_token && asks_for_revalidation(headers) => Freshness::Revalidated,
        [] => Freshness::Cached,
        [position] => Freshness::AtLeast(position),
        _ => Freshness::AtLeast(Position::UNKNOWN),
    })
}

/// `no-cache` or `max-age=0`; `Pragma` counts where there is no `Cache-Control` (RFC 9111 §5.4).
fn asks_for_revalidation(headers: &HeaderMap) -> bool {
    if headers.contains_key(header::CACHE_CONTROL) {
        return lists(headers, &header::CACHE_CONTROL, &["no-cache", "max-age=0"]);
    }
    lists(headers, &header::PRAGMA, &["no-cache"])
}

fn lists(headers: &HeaderMap, name: &HeaderName, directives: &[&str]) -> bool {
    let texts = headers.get_all(name).filter_map(|value| value.to_str().ok());
    let mut listed = texts.flat_map(|text| text.split(',')).map(str::trim);
    listed.any(|found| directives.iter().any(|directive| found.eq_ignore_ascii_case(directive)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn demand(given: &[(&'static str, &'static str)], has_token: bool) -> Freshness {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        of(&headers, has_token).expect("well-formed")
    }

    #[test]
    fn only_a_bearer_has_answers_loaded_anew() {
        for (given, revalidates) in [
            (&[("cache-control", "no-cache")][..], true),
            (&[("cache-control", "max-stale=3, No-Cache")], true),
            (&[("cache-control", "max-age=0")], true),
            (&[("cache-control", "max-age=10")], false),
            (&[("pragma", "no-cache")], true),
            (&[("pragma", "no-cache"), ("cache-control", "max-age=10")], false),
            (&[], false),
        ] {
            let expected = if revalidates { Freshness::Revalidated } else { Freshness::Cached };
            assert_eq!(demand(given, true), expected, "{given:?}");
            assert_eq!(demand(given, false), Freshness::Cached, "{given:?}");
        }
    }

    #[test]
    fn a_change_that_was_seen_is_the_least_and_of_several_all_that_was_committed() {
        let position = Position { timeline: 1, number: 10 };
        assert_eq!(demand(&[("larder-version", "1-a")], false), Freshness::AtLeast(position));
        assert_eq!(demand(&[("larder-version", "1-a, 1-b")], false), Freshness::AtLeast(Position::UNKNOWN));
        let both = [("larder-version", "1-a"), ("cache-control", "no-cache")];
        assert_eq!(demand(&both, true), Freshness::Revalidated);
    }
}
