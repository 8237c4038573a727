//! Ids and versions out of JSON bodies, without parsing the rest.

use memchr::memmem;

/// A product's first member. Inside a text the quotes would be escaped.
const ID: &[u8] = b"{\"id\":";
/// Its last member.
const VERSION: &[u8] = b"\"version\":";
const CATEGORY: &[u8] = b"\"category\":\"";
const MISSING: &[u8] = b"\"missing\":[";

/// Id and version of every product in `body`: a single one, a page, or a batch.
pub(crate) fn products(body: &[u8]) -> Vec<(i64, i64)> {
    let mut rest = body;
    let mut found = Vec::new();
    while let Some(product) = memmem::find(rest, ID).map(|at| &rest[at + ID.len()..]) {
        let Some(at) = memmem::find(product, VERSION) else { break };
        rest = &product[at + VERSION.len()..];
        found.push((number(product), number(rest)));
    }
    found
}

/// The ids that a batch did not find.
pub(crate) fn missing(body: &[u8]) -> Vec<i64> {
    let Some(at) = memmem::rfind(body, MISSING) else { return Vec::new() };
    let ids = body[at + MISSING.len()..].split(|byte| *byte == b']').next().unwrap_or_default();
    ids.split(|byte| *byte == b',').filter(|id| !id.is_empty()).map(number).collect()
}

/// The category of a single product, if it needs no escapes.
pub(crate) fn category(body: &[u8]) -> Option<String> {
    let rest = &body[memmem::find(body, CATEGORY)? + CATEGORY.len()..];
    let name = rest.split(|byte| *byte == b'"').next()?;
    String::from_utf8(name.to_vec()).ok()
}

/// The digits at the beginning.
fn number(text: &[u8]) -> i64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_found_in_every_shape() {
        let one = br#"{"id":12,"name":"says {\"id\":5, \"version\":1","category":"tea","version":7}"#;
        assert_eq!(products(one), [(12, 7)]);
        assert_eq!(category(one).as_deref(), Some("tea"));
        let page =
            br#"{"total":2,"filters":{"category":"tea"},"products":[{"id":1,"version":3},{"id":2,"version":40}]}"#;
        assert_eq!(products(page), [(1, 3), (2, 40)]);
        let batch = br#"{"products":{"1":{"id":1,"version":3}},"missing":[3,44]}"#;
        assert_eq!((products(batch), missing(batch)), (vec![(1, 3)], vec![3, 44]));
        assert_eq!(missing(br#"{"products":{},"missing":[]}"#), [0; 0]);
    }
}
