//! The header `Larder-Version`: what a write answers, and what a read sends that must not be older than that write.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use larder_repository::Position;

use crate::api_error::ApiError;

/// The header's name.
pub(crate) const LARDER_VERSION: HeaderName = HeaderName::from_static("larder-version");
/// The most tokens that one read may send.
const MOST: usize = 8;

/// The token of a change: opaque for clients.
pub(crate) fn token(position: Position) -> Result<HeaderValue, ApiError> {
    let Position { timeline, number } = position;
    HeaderValue::try_from(format!("{timeline:x}-{number:x}")).map_err(ApiError::internal)
}

/// The changes that the tokens of a request name, each once; a header may list several, separated by commas.
///
/// # Errors
/// 400 when a token is none of ours, or there are too many.
pub(crate) fn positions(headers: &HeaderMap) -> Result<Vec<Position>, ApiError> {
    let malformed = |rule: String| ApiError::malformed("Larder-Version", rule);
    let mut positions = Vec::new();
    for value in headers.get_all(LARDER_VERSION) {
        let tokens = value.to_str().unwrap_or_default().split(',').map(|token| token.trim_matches([' ', '\t']));
        for token in tokens {
            let position = parse(token);
            let position = position.ok_or_else(|| malformed("must be what a write answered in this header".into()))?;
            if !positions.contains(&position) {
                positions.push(position);
            }
        }
        if positions.len() > MOST {
            return Err(malformed(format!("must have at most {MOST} tokens")));
        }
    }
    Ok(positions)
}

fn parse(token: &str) -> Option<Position> {
    let (timeline, number) = token.split_once('-')?;
    Some(Position { timeline: hexadecimal(timeline)?, number: hexadecimal(number)? })
}

fn hexadecimal(digits: &str) -> Option<u64> {
    // The parser would take a sign.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Option<Vec<(u64, u64)>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LARDER_VERSION, HeaderValue::from_str(value).expect("text"));
        }
        let positions = positions(&headers).ok()?;
        Some(positions.into_iter().map(|position| (position.timeline, position.number)).collect())
    }

    #[test]
    fn what_a_write_answers_reads_back() {
        let position = Position { timeline: 7, number: u64::MAX };
        let token = token(position).expect("a header");
        assert_eq!(token, "7-ffffffffffffffff");
        assert_eq!(read(&[token.to_str().expect("text")]), Some(vec![(7, u64::MAX)]));
    }

    #[test]
    fn several_tokens_are_several_changes_each_once() {
        assert_eq!(read(&[]), Some(vec![]));
        assert_eq!(read(&["1-a, 1-b", "1-a"]), Some(vec![(1, 10), (1, 11)]));
        let nine: Vec<String> = (0..9).map(|number| format!("1-{number}")).collect();
        assert_eq!(read(&[&nine[..8].join(",")]).map(|positions| positions.len()), Some(8));
        assert_eq!(read(&[&nine.join(",")]), None);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for token in ["", "1", "1-", "-1", "1-1-1", "+1-1", "1-+1", "1-g", "1-1,", "1-10000000000000000", "W/\"1-1\""] {
            assert_eq!(read(&[token]), None, "{token}");
        }
    }
}
