//! Entity tags: of any representation, and of a product, where counting views must not look like an edit.

use std::fmt;

use memchr::{memmem::Finder, memrchr};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

const DIGITS: &[u8; 16] = b"0123456789abcdef";
const POPULARITY: &[u8] = b"\"popularity\":";
const UPDATED_AT: &[u8] = b"\"updated_at\":\"";
const VERSION: &[u8] = b"\",\"version\":";

/// A strong entity tag (RFC 9110 §8.8.3): 64 bits of XXH3 over the representation as 16 hexadecimal digits, and for one product
/// 16 more digits over what people edit of it; in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityTag {
    whole: u64,
    edited: Option<u64>,
}

impl EntityTag {
    /// The tag of a representation.
    pub fn of(representation: &[u8]) -> Self {
        Self { whole: xxh3_64(representation), edited: None }
    }

    /// How many bytes its text has.
    pub fn text_bytes(self) -> usize {
        if self.edited.is_some() { 34 } else { 18 }
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Digit by digit through the formatter would cost as much as all the rest of a tag.
        let mut text = [b'"'; 34];
        let halves = [self.whole, self.edited.unwrap_or_default()].map(u64::to_be_bytes);
        for (digits, byte) in text[1..33].chunks_exact_mut(2).zip(halves.into_iter().flatten()) {
            digits.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        if self.edited.is_none() {
            text[17] = b'"';
        }
        let text = str::from_utf8(&text[..self.text_bytes()]).map_err(|_impossible| fmt::Error)?;
        f.write_str(text)
    }
}

/// Makes the tags of products from their JSON bytes, without parsing them.
///
/// The first half of such a tag moves with every byte. The second leaves out the values of `popularity`, `updated_at` and
/// `version`, which move whenever views are added: while it stays, nobody edited the product.
///
/// The search is exact: in the compact JSON of a [`Product`](crate::Product), which is flat, quotes inside strings are escaped, so
/// that a key with both its quotes and the colon stands in one place only.
#[derive(Debug)]
pub struct ProductTags {
    popularity: Finder<'static>,
}

impl ProductTags {
    /// Ready to search.
    pub fn new() -> Self {
        Self { popularity: Finder::new(POPULARITY) }
    }

    /// The tag of a product. In JSON of any other layout all bytes count as edited by people.
    pub fn of(&self, json: &[u8]) -> EntityTag {
        let Some(parts) = self.split(json) else {
            let whole = xxh3_64(json);
            return EntityTag { whole, edited: Some(whole) };
        };
        // Each part is hashed once, so that a tag with two halves costs little more than one with one.
        let edited = xxh3_64_with_seed(parts.between, xxh3_64(parts.head));
        let whole = xxh3_64_with_seed(parts.end, xxh3_64_with_seed(parts.popularity, edited));
        EntityTag { whole, edited: Some(edited) }
    }

    fn split<'a>(&self, json: &'a [u8]) -> Option<Parts<'a>> {
        let timed = without_digits(json.strip_suffix(b"}")?)?.strip_suffix(VERSION)?;
        let (rest, _) = timed.split_at(memrchr(b'"', timed)? + 1);
        rest.ends_with(UPDATED_AT).then_some(())?;
        let (head, counted) = rest.split_at(self.popularity.find(rest)? + POPULARITY.len());
        let digits = counted.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (popularity, between) = counted.split_at(digits);
        (digits > 0 && between.starts_with(b",")).then_some(Parts {
            head,
            popularity,
            between,
            end: &json[rest.len()..],
        })
    }
}

/// The JSON of a product, cut at what views move.
struct Parts<'a> {
    head: &'a [u8],
    /// The digits alone.
    popularity: &'a [u8],
    between: &'a [u8],
    /// From the time of the last change on, which only the version follows.
    end: &'a [u8],
}

impl Default for ProductTags {
    fn default() -> Self {
        Self::new()
    }
}

/// What stands before the number at the end, if there is one.
fn without_digits(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| &text[..text.len() - digits])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(name: &str, price: &str, popularity: &str, end: &str) -> String {
        format!(
            r#"{{"id":1,"name":{name},"description":"","price":{price},"sales":0,"popularity":{popularity},"rating":0.00,"is_published":true,"created_at":"2024-01-01T00:00:00Z",{end}}}"#
        )
    }

    fn halves(json: &str) -> (String, String) {
        let text = ProductTags::new().of(json.as_bytes()).to_string();
        assert_eq!(text.len(), 34, "{text}");
        (text[1..17].to_owned(), text[17..33].to_owned())
    }

    const END: &str = r#""updated_at":"2024-01-01T00:00:00Z","version":1"#;

    #[test]
    fn the_tag_belongs_to_the_bytes() {
        assert_ne!(EntityTag::of(b"1"), EntityTag::of(b"2"));
        let tag = |whole, edited| EntityTag { whole, edited };
        for (tag, text) in [
            (tag(0xfedc_ba98_7654_3210, None), "\"fedcba9876543210\""),
            (tag(1, Some(0xabc)), "\"00000000000000010000000000000abc\""),
        ] {
            assert_eq!(tag.to_string(), text);
            assert_eq!(tag.text_bytes(), text.len());
        }
    }

    #[test]
    fn what_views_move_stays_out_of_the_second_half_and_nothing_else() {
        let before = halves(&product("\"Tea\"", "1.00", "7", END));
        let later = r#""updated_at":"2025-12-31T00:00:00.123456Z","version":123456"#;
        for viewed in [product("\"Tea\"", "1.00", "10", END), product("\"Tea\"", "1.00", "7", later)] {
            let after = halves(&viewed);
            assert!(before.0 != after.0 && before.1 == after.1, "{viewed}");
        }
        for edited in [product("\"Pea\"", "1.00", "7", END), product("\"Tea\"", "1.01", "7", END)] {
            let after = halves(&edited);
            assert!(before.0 != after.0 && before.1 != after.1, "{edited}");
        }
        let unpublished = product("\"Tea\"", "1.00", "7", END).replace("true", "false");
        let made_later = product("\"Tea\"", "1.00", "7", END).replace("\"created_at\":\"2024", "\"created_at\":\"2025");
        assert!(before.1 != halves(&unpublished).1 && before.1 != halves(&made_later).1);
    }

    #[test]
    fn a_text_that_looks_like_a_figure_counts() {
        for look_alike in ["\"popularity\":1,", "\"updated_at\":\"1", "\",\"version\":1}"] {
            let named = |suffix: &str| {
                let name = serde_json::to_string(&format!("{look_alike}{suffix}")).expect("encodes");
                halves(&product(&name, "1.00", "7", END))
            };
            assert_ne!(named("1").1, named("2").1, "{look_alike}");
            assert_ne!(named(&look_alike.replace('1', "2")).1, named(look_alike).1, "{look_alike}");
        }
    }

    #[test]
    fn of_another_layout_all_bytes_count() {
        let json = product("\"Tea\"", "1.00", "7", END);
        for other in [
            String::new(),
            "}".into(),
            "{}".into(),
            product("\"Tea\"", "1.00", "-7", END),
            product("\"Tea\"", "1.00", "7.5", END),
            product("\"Tea\"", "1.00", "null", END),
            json.replace("version", "edition"),
            json.replace("updated_at", "seen_at"),
            json.replace("popularity", "views"),
            json.replace(":1}", ":-1}"),
            json + " ",
        ] {
            let (whole, edited) = halves(&other);
            assert_eq!(whole, edited, "{other}");
        }
    }
}
