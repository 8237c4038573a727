//! What answers say of a product besides its JSON, found in those bytes without parsing them.

use memchr::{memmem, memrchr};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::{EntityTag, encoded::Described, product::Product};

const PUBLISHED: &[u8] = b"\"is_published\":";
const POPULARITY: &[u8] = b"\"popularity\":";
const UPDATED_AT: &[u8] = b"\"updated_at\":\"";
const VERSION: &[u8] = b"\",\"version\":";

/// The entity tag of a product, and whether it is published.
///
/// The first half of the tag moves with every byte. The second leaves out the values of `popularity`, `updated_at` and
/// `version`, which move whenever views are added: while it stays, nobody edited the product.
///
/// The search for them is exact: in the compact JSON of a [`Product`], which is flat, quotes inside strings are escaped, so
/// that a key with both its quotes and the colon stands in one place only. Parsing would cost more than all the rest of an answer from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductFacts {
    whole: u64,
    edited: u64,
    published: Option<bool>,
}

impl ProductFacts {
    /// The facts of a product. In JSON of any other layout all bytes count as edited by people.
    pub fn of(json: &[u8]) -> Self {
        let published = published(json);
        let Some(parts) = Parts::of(json) else {
            let whole = xxh3_64(json);
            return Self { whole, edited: whole, published };
        };
        // Each part is hashed once, so that a tag with two halves costs little more than one with one.
        let edited = xxh3_64_with_seed(parts.between, xxh3_64(parts.head));
        let whole = xxh3_64_with_seed(parts.end, xxh3_64_with_seed(parts.popularity, edited));
        Self { whole, edited, published }
    }

    /// The tag of these very bytes.
    pub fn tag(self) -> EntityTag {
        EntityTag::of_product(self.whole, self.edited)
    }

    /// Whether anonymous readers may see the product; `None` if only parsing can tell.
    pub fn is_published(self) -> Option<bool> {
        self.published
    }
}

impl Described for Product {
    type Facts = ProductFacts;

    fn facts(json: &[u8]) -> ProductFacts {
        ProductFacts::of(json)
    }
}

fn published(json: &[u8]) -> Option<bool> {
    let flag = &json[memmem::find(json, PUBLISHED)? + PUBLISHED.len()..];
    let is = |text: &[u8]| flag.starts_with(text);
    if is(b"true") { Some(true) } else { is(b"false").then_some(false) }
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

impl<'a> Parts<'a> {
    fn of(json: &'a [u8]) -> Option<Self> {
        let timed = without_digits(json.strip_suffix(b"}")?)?.strip_suffix(VERSION)?;
        let (rest, _) = timed.split_at(memrchr(b'"', timed)? + 1);
        rest.ends_with(UPDATED_AT).then_some(())?;
        let (head, counted) = rest.split_at(memmem::find(rest, POPULARITY)? + POPULARITY.len());
        let digits = counted.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (popularity, between) = counted.split_at(digits);
        let is_figure = digits > 0 && between.starts_with(b",");
        is_figure.then_some(Self { head, popularity, between, end: &json[rest.len()..] })
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
        let text = ProductFacts::of(json.as_bytes()).tag().to_string();
        assert_eq!(text.len(), 34, "{text}");
        (text[1..17].to_owned(), text[17..33].to_owned())
    }

    const END: &str = r#""updated_at":"2024-01-01T00:00:00Z","version":1"#;

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

    #[test]
    fn the_flag_is_read_from_the_bytes() {
        let json = product("\"Tea\"", "1.00", "7", END);
        let told = |json: &str| ProductFacts::of(json.as_bytes()).is_published();
        assert_eq!(told(&json), Some(true));
        assert_eq!(told(&json.replace("true", "false")), Some(false));
        assert_eq!(told(&json.replace("true", " true")), None, "another layout");
        assert_eq!(told("{}"), None);
    }

    #[test]
    fn a_text_that_looks_like_the_flag_does_not_mislead() {
        for text in ["\"is_published\":true,\"is_published\":", "is_published", "\"is_published\":true"] {
            let name = serde_json::to_string(text).expect("encodes");
            let json = product(&name, "1.00", "7", END).replace(":true,\"created", ":false,\"created");
            assert_eq!(ProductFacts::of(json.as_bytes()).is_published(), Some(false), "{json}");
        }
    }
}
