//! Typed keys, and the names under which they live in L2.

use std::{fmt::Write, hash::Hash, sync::Arc};

use xxhash_rust::xxh3::xxh3_128;

use crate::Invalidation;

/// Longest key, in bytes, that is spelled out in L2; longer ones are hashed and echoed inside the frame.
const MAX_PLAIN_BYTES: usize = 200;

/// A typed key of a cache.
///
/// ```
/// use larder_cache::CacheKey;
///
/// #[derive(Clone, PartialEq, Eq, Hash)]
/// enum Page {
///     Home,
///     Product(u64),
/// }
///
/// impl CacheKey for Page {
///     fn write_to(&self, text: &mut String) {
///         match self {
///             Page::Home => text.push_str("home"),
///             Page::Product(id) => {
///                 text.push_str("product/");
///                 id.write_to(text);
///             }
///         }
///     }
///
///     fn read_from(text: &str) -> Option<Self> {
///         match text.strip_prefix("product/") {
///             Some(id) => u64::read_from(id).map(Page::Product),
///             None => (text == "home").then_some(Page::Home),
///         }
///     }
/// }
/// # let _ = Page::Home;
/// ```
pub trait CacheKey: Clone + Eq + Hash + Send + Sync + 'static {
    /// Appends the text of the key: two keys are equal exactly when their texts are.
    fn write_to(&self, text: &mut String);

    /// The key of a text that [`Self::write_to`] wrote, on this node or another: that is how nodes tell each other what to forget.
    /// `None` if no key has this text; then the cache forgets all that it has in L1.
    fn read_from(text: &str) -> Option<Self>;
}

impl CacheKey for String {
    fn write_to(&self, text: &mut String) {
        text.push_str(self);
    }

    fn read_from(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl CacheKey for Arc<str> {
    fn write_to(&self, text: &mut String) {
        text.push_str(self);
    }

    fn read_from(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

/// The first key with its length before it, so that `("a", "b:c")` and `("a:b", "c")` stay apart.
impl<A: CacheKey, B: CacheKey> CacheKey for (A, B) {
    fn write_to(&self, text: &mut String) {
        let mut first = String::new();
        self.0.write_to(&mut first);
        write!(text, "{}:{first}:", first.len()).expect("writing to a string does not fail");
        self.1.write_to(text);
    }

    fn read_from(text: &str) -> Option<Self> {
        let (length, rest) = text.split_once(':')?;
        let (first, second) = rest.split_at_checked(length.parse().ok()?)?;
        Some((A::read_from(first)?, B::read_from(second.strip_prefix(':')?)?))
    }
}

macro_rules! integer_keys {
    ($($integer:ty),*) => {$(
        impl CacheKey for $integer {
            fn write_to(&self, text: &mut String) {
                write!(text, "{self}").expect("writing to a string does not fail");
            }

            fn read_from(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

integer_keys!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

/// The name of a key in L2, without the prefix that tells value, lease and tombstone apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RemoteKey {
    /// `cache-name:text`, or `cache-name:#hash` for a long key.
    full: String,
    /// Where the part after the cache's name begins.
    start: usize,
    /// The whole text, if the name holds only its hash.
    echo: Option<String>,
}

impl RemoteKey {
    pub(crate) fn of(cache_name: &str, key: &impl CacheKey) -> Self {
        let mut full = String::with_capacity(cache_name.len() + 24);
        full.push_str(cache_name);
        full.push(':');
        let start = full.len();
        key.write_to(&mut full);
        // A plain key that looks like a hash is hashed as well, so that the two can never meet.
        if full.len() - start <= MAX_PLAIN_BYTES && full.as_bytes().get(start) != Some(&b'#') {
            return Self { full, start, echo: None };
        }
        let echo = full.split_off(start);
        write!(full, "#{:032x}", xxh3_128(echo.as_bytes())).expect("writing to a string does not fail");
        Self { full, start, echo: Some(echo) }
    }

    /// With the name of the cache.
    pub(crate) fn full(&self) -> &str {
        &self.full
    }

    /// Without the name of the cache.
    pub(crate) fn name(&self) -> &str {
        &self.full[self.start..]
    }

    /// A drop of this key in L2.
    pub(crate) fn invalidation(&self, version: Option<u64>, gone: bool) -> Invalidation {
        Invalidation::Key { key: self.name().to_owned(), text: self.echo.clone(), version, gone }
    }

    pub(crate) fn echo(&self) -> Option<&str> {
        self.echo.as_deref()
    }

    /// Bytes of the key's text.
    pub(crate) fn text_bytes(&self) -> usize {
        self.echo.as_ref().map_or(self.full.len() - self.start, String::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_are_hashed_and_echoed() {
        assert_eq!(RemoteKey::of("p", &42_i64).full(), "p:42");
        let long = RemoteKey::of("p", &"k".repeat(4_096));
        assert_eq!((long.full().len(), long.text_bytes()), (35, 4_096));
    }

    #[test]
    fn keys_are_read_back_from_their_texts() {
        fn there_and_back<K: CacheKey + std::fmt::Debug>(key: K) {
            let mut text = String::new();
            key.write_to(&mut text);
            assert_eq!(K::read_from(&text), Some(key), "{text}");
        }
        there_and_back(-42_i64);
        there_and_back("3:a:b".to_owned());
        there_and_back(("a:b".to_owned(), (7_u8, "é:".to_owned())));
        there_and_back((String::new(), String::new()));
        assert_eq!(u64::read_from("x"), None);
        for text in ["", "1", "9:a:b", "1:é:b", "1:ab", "-1:a:b"] {
            assert_eq!(<(String, String)>::read_from(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_that_looks_like_a_hash_cannot_meet_one() {
        let long = RemoteKey::of("p", &"k".repeat(300));
        let forged = RemoteKey::of("p", &long.name().to_owned());
        assert_ne!(long.full(), forged.full());
    }
}
