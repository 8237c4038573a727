//! Bodies made of products: their JSON fragments are joined as bytes, never parsed.

use std::fmt::Write;

use bytes::Bytes;
use larder_domain::{PageRequest, ProductFilter, ProductId};
use serde::Serialize;

use crate::api_error::ApiError;

/// What a list says of the filter that it was made with.
#[derive(Debug, Serialize)]
struct Filters<'a> {
    category: Option<&'a str>,
    featured: Option<bool>,
}

/// `{"total":…,"page":…,"size":…,"pages":…,"filters":{…},"products":[…]}`.
///
/// # Errors
/// 500 when the filters have no JSON form.
pub(crate) fn of_page(
    total: u64,
    page: PageRequest,
    filter: &ProductFilter,
    fragments: &[Bytes],
) -> Result<Bytes, ApiError> {
    let filters = Filters { category: filter.category.as_ref().map(|name| name.as_str()), featured: filter.featured };
    let filters = serde_json::to_string(&filters).map_err(ApiError::internal)?;
    let pages = total.div_ceil(u64::from(page.size()));
    let head = format!(
        "{{\"total\":{total},\"page\":{},\"size\":{},\"pages\":{pages},\"filters\":{filters},\"products\":[",
        page.number(),
        page.size()
    );
    let mut body = Vec::with_capacity(head.len() + joined_len(fragments) + 2);
    body.extend_from_slice(head.as_bytes());
    for (position, fragment) in fragments.iter().enumerate() {
        if position > 0 {
            body.push(b',');
        }
        body.extend_from_slice(fragment);
    }
    body.extend_from_slice(b"]}");
    Ok(body.into())
}

/// `{"products":{"1":{…}},"missing":[3]}`.
pub(crate) fn of_batch(found: &[(ProductId, Bytes)], missing: &[ProductId]) -> Bytes {
    let fragments: usize = found.iter().map(|(_, fragment)| fragment.len()).sum();
    // An id has at most 19 digits; with quotes, colon and comma 23.
    let mut body = Vec::with_capacity(fragments + 23 * found.len() + 20 * missing.len() + 28);
    let mut key = String::with_capacity(23);
    body.extend_from_slice(b"{\"products\":{");
    for (position, (id, fragment)) in found.iter().enumerate() {
        key.clear();
        let comma = if position > 0 { "," } else { "" };
        // Writing to a string cannot fail.
        write!(key, "{comma}\"{id}\":").unwrap_or_default();
        body.extend_from_slice(key.as_bytes());
        body.extend_from_slice(fragment);
    }
    body.extend_from_slice(b"},\"missing\":[");
    for (position, id) in missing.iter().enumerate() {
        key.clear();
        write!(key, "{}{id}", if position > 0 { "," } else { "" }).unwrap_or_default();
        body.extend_from_slice(key.as_bytes());
    }
    body.extend_from_slice(b"]}");
    body.into()
}

fn joined_len(fragments: &[Bytes]) -> usize {
    fragments.iter().map(Bytes::len).sum::<usize>() + fragments.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use larder_domain::Category;

    use super::*;

    #[test]
    fn a_page_is_its_figures_and_the_fragments() {
        let filter = ProductFilter { category: Category::new("a\"b").ok(), ..ProductFilter::published() };
        let page = PageRequest::new(1, 2).expect("valid");
        let body = of_page(3, page, &filter, &[Bytes::from_static(b"{\"id\":1}"), Bytes::from_static(b"{\"id\":2}")]);
        let expected = r#"{"total":3,"page":1,"size":2,"pages":2,"filters":{"category":"a\"b","featured":null},"products":[{"id":1},{"id":2}]}"#;
        assert_eq!(body.expect("composes"), expected);
        let empty = of_page(0, page, &ProductFilter::published(), &[]).expect("composes");
        assert!(empty.ends_with(b"\"pages\":0,\"filters\":{\"category\":null,\"featured\":null},\"products\":[]}"));
    }

    #[test]
    fn a_batch_is_an_object_by_id_and_what_is_missing() {
        let id = |id| ProductId::new(id).expect("valid");
        let found = [(id(1), Bytes::from_static(b"{}")), (id(i64::MAX), Bytes::from_static(b"{}"))];
        let body = of_batch(&found, &[id(3), id(4)]);
        assert_eq!(body, r#"{"products":{"1":{},"9223372036854775807":{}},"missing":[3,4]}"#);
        assert_eq!(of_batch(&[], &[]), r#"{"products":{},"missing":[]}"#);
    }
}
