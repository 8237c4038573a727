//! Typed keys, and the names under which they live in L2.

use std::{fmt::Write, hash::Hash};

use xxhash_rust::xxh3::xxh3_128;

/// Longest key, in bytes, that is spelled out in L2; longer ones are hashed and echoed inside the frame.
const MAX_PLAIN_BYTES: usize = 200;

/// A typed key of a cache.
pub trait CacheKey: Clone + Eq + Hash + Send + Sync + 'static {
    /// Appends the text of the key: two keys are equal exactly when their texts are.
    fn write_to(&self, text: &mut String);
}

impl CacheKey for String {
    fn write_to(&self, text: &mut String) {
        text.push_str(self);
    }
}

macro_rules! integer_keys {
    ($($integer:ty),*) => {$(
        impl CacheKey for $integer {
            fn write_to(&self, text: &mut String) {
                write!(text, "{self}").expect("writing to a string does not fail");
            }
        }
    )*};
}

integer_keys!(i32, i64, u32, u64);

/// The name of a key in L2, without the prefix that tells value, lease and tombstone apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RemoteKey {
    /// `cache-name:text`, or `cache-name:#hash` for a long key.
    pub(crate) name: String,
    /// The whole text, if the name holds only its hash.
    pub(crate) echo: Option<String>,
}

impl RemoteKey {
    pub(crate) fn of(cache_name: &str, key: &impl CacheKey) -> Self {
        let mut name = String::with_capacity(cache_name.len() + 24);
        name.push_str(cache_name);
        name.push(':');
        let start = name.len();
        key.write_to(&mut name);
        // A plain key that looks like a hash is hashed as well, so that the two can never meet.
        if name.len() - start <= MAX_PLAIN_BYTES && name.as_bytes().get(start) != Some(&b'#') {
            return Self { name, echo: None };
        }
        let echo = name.split_off(start);
        write!(name, "#{:032x}", xxh3_128(echo.as_bytes())).expect("writing to a string does not fail");
        Self { name, echo: Some(echo) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_are_hashed_and_echoed() {
        assert_eq!(RemoteKey::of("p", &42_i64).name, "p:42");
        let long = RemoteKey::of("p", &"k".repeat(4_096));
        assert_eq!((long.name.len(), long.echo.map(|echo| echo.len())), (35, Some(4_096)));
    }

    #[test]
    fn a_key_that_looks_like_a_hash_cannot_meet_one() {
        let long = RemoteKey::of("p", &"k".repeat(300));
        let forged = RemoteKey::of("p", &long.name["p:".len()..].to_owned());
        assert_ne!(long.name, forged.name);
    }
}
