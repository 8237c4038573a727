//! The form of a value in Redis: nonce of the era (16 bytes), end (20 digits), version (20 digits or blanks), number of tags (1 byte),
//! generations (16 each), frame.
//!
//! The end is the moment at which Redis drops the value, in milliseconds since the Unix epoch by its own clock, which the storing
//! script reads and gives to `SET` in the same step.
//!
//! The version is the row's; an absence and a row without one have blanks. It stands here for the invalidating script, which reads nothing
//! else of a value; readers have it from the frame.

use std::time::Duration;

use bytes::{Buf, Bytes};

use crate::{Held, Identity, Nonce};

const NONCE: usize = size_of::<Nonce>();

/// Length of the end in digits.
const END: usize = 20;

/// Where the number of tags stands, after the version.
const TAGS: usize = NONCE + END + 20;

/// Reads a value that `server` holds and that was stored in `era`; `None` if it is of another, or none of ours. `remaining` says what
/// is left until its end, `None` if nothing is.
pub(super) fn read(
    mut value: Bytes,
    era: &[u8],
    server: Identity,
    remaining: impl FnOnce(u64) -> Option<Duration>,
) -> Option<Held> {
    if era.len() != NONCE || !value.starts_with(era) {
        return None;
    }
    let end = end(value.get(NONCE..NONCE + END)?)?;
    let tags = usize::from(*value.get(TAGS)?);
    let frame = TAGS + 1 + tags * NONCE;
    let generations = nonces(value.get(TAGS + 1..frame)?);
    let remaining = remaining(end)?;
    value.advance(frame);
    Some(Held { frame: value, generations, remaining, server })
}

fn end(digits: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(digits).ok()?;
    digits.bytes().all(|digit| digit.is_ascii_digit()).then_some(digits)?.parse().ok()
}

/// Nonces that stand one after the other.
pub(super) fn nonces(bytes: &[u8]) -> Vec<Nonce> {
    bytes.as_chunks().0.iter().copied().map(Nonce).collect()
}

/// What a PTTL says of a life. A key that never ends (-1) is not ours; one that came meanwhile (-2) may end at any time.
pub(super) fn life(remaining: i64) -> Duration {
    Duration::from_millis(u64::try_from(remaining).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ERA: [u8; 16] = [7; 16];
    const SERVER: Identity = Identity([9; 16]);
    const VERSION: &[u8; 20] = b"00000000000000000042";

    fn stored(end: &str, tags: u8, rest: &[u8]) -> Bytes {
        [&ERA[..], end.as_bytes(), VERSION, &[tags], rest].concat().into()
    }

    fn ends(end: u64) -> String {
        format!("{end:020}")
    }

    fn all(end: u64) -> Option<Duration> {
        Some(Duration::from_millis(end))
    }

    #[test]
    fn a_value_is_split_into_end_generations_and_frame() {
        let value = stored(&ends(5), 2, &[&[1; 16][..], &[2; 16], b"frame"].concat());
        let held = read(value, &ERA, SERVER, all).expect("it is whole");
        assert_eq!(held.generations, [Nonce([1; 16]), Nonce([2; 16])]);
        assert_eq!((held.frame.as_ref(), held.remaining), (&b"frame"[..], Duration::from_millis(5)));
    }

    #[test]
    fn each_part_has_its_place() {
        let whole = b"eraeraeraeraera_0000000000000000000500000000000000000042\x01generation_of_itframe";
        let held = read(Bytes::from_static(whole), &whole[..16], SERVER, all).expect("it is whole");
        assert_eq!((held.generations, held.frame.as_ref()), (vec![Nonce(*b"generation_of_it")], &b"frame"[..]));
        let blank = b"eraeraeraeraera_00000000000000000005                    \x00frame";
        let held = read(Bytes::from_static(blank), &blank[..16], SERVER, all).expect("it is whole");
        assert_eq!(held.frame.as_ref(), b"frame");
    }

    #[test]
    fn what_is_cut_short_is_nothing() {
        let value = stored(&ends(5), 2, &[0; 32]);
        assert!(read(value.clone(), &ERA, SERVER, all).is_some());
        for length in 0..value.len() {
            assert_eq!(read(value.slice(..length), &ERA, SERVER, all), None, "{length} bytes");
        }
    }

    #[test]
    fn an_end_that_is_no_number_or_is_over_is_nothing() {
        for end in ["+0000000000000000005", "-0000000000000000001", "0000000000000000000x", "99999999999999999999"] {
            assert_eq!(read(stored(end, 0, b"frame"), &ERA, SERVER, all), None, "{end}");
        }
        assert_eq!(
            read(stored(&ends(u64::MAX), 0, b""), &ERA, SERVER, all).expect("the largest").remaining.as_millis(),
            u64::MAX.into()
        );
        assert_eq!(read(stored(&ends(5), 0, b"frame"), &ERA, SERVER, |_end| None), None);
    }

    #[test]
    fn another_era_or_none_is_nothing() {
        assert_eq!(read(stored(&ends(5), 0, b"frame"), &[8; 16], SERVER, all), None);
        assert_eq!(read(stored(&ends(5), 0, b"frame"), b"", SERVER, all), None);
    }

    #[test]
    fn a_life_that_redis_does_not_know_is_over() {
        assert_eq!([life(-1), life(-2)], [Duration::ZERO; 2]);
    }
}
