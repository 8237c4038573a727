//! Bodies made of products: their JSON fragments are joined as bytes, never parsed.

use bytes::Bytes;
use jiff::Timestamp;
use larder_domain::{CatalogueStats, Percent, Price, ProductId, ProductQuery, Window};
use serde::Serialize;

use crate::api_error::ApiError;

/// What a list says before its products.
#[derive(Debug, Serialize)]
pub(crate) struct ListHead<'a> {
    total: u64,
    /// `null` where a cursor led.
    page: Option<u32>,
    size: u32,
    pages: u64,
    filters: ListFilters<'a>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct ListFilters<'a> {
    category: Option<&'a str>,
    featured: Option<bool>,
}

impl<'a> ListHead<'a> {
    pub(crate) fn new(query: &'a ProductQuery, total: u64, next_cursor: Option<String>) -> Self {
        let size = query.window.size();
        let filters = ListFilters { category: category(query), featured: query.filter.featured };
        Self { total, page: page(query), size, pages: total.div_ceil(u64::from(size)), filters, next_cursor }
    }
}

/// What a search says before its products.
#[derive(Debug, Serialize)]
pub(crate) struct SearchHead<'a> {
    query: &'a str,
    category: Option<&'a str>,
    total: u64,
    page: Option<u32>,
    size: u32,
    pages: u64,
    filters: SearchFilters,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct SearchFilters {
    min_price: Option<Price>,
    max_price: Option<Price>,
    sort_by: &'static str,
    sort_order: &'static str,
}

impl<'a> SearchHead<'a> {
    /// `text` is what was looked for, as it was given.
    pub(crate) fn new(query: &'a ProductQuery, text: &'a str, total: u64, next_cursor: Option<String>) -> Self {
        let ListHead { page, size, pages, .. } = ListHead::new(query, total, None);
        let filters = SearchFilters {
            min_price: query.filter.prices.min(),
            max_price: query.filter.prices.max(),
            sort_by: query.sort.key.as_str(),
            sort_order: query.sort.order.as_str(),
        };
        Self { query: text, category: category(query), total, page, size, pages, filters, next_cursor }
    }
}

/// What a list of the best sold says before its products.
#[derive(Debug, Serialize)]
pub(crate) struct HotHead<'a> {
    /// `null` for all categories.
    category: Option<&'a str>,
    count: usize,
}

impl<'a> HotHead<'a> {
    pub(crate) fn new(query: &'a ProductQuery, count: usize) -> Self {
        Self { category: category(query), count }
    }
}

/// The figures over all products. Rates are percentages, as a product's `discount_rate` is.
#[derive(Debug, Serialize)]
pub(crate) struct StatsBody {
    total: u64,
    published: u64,
    featured: u64,
    total_stock: u64,
    total_sales: u64,
    publish_rate: Percent,
    featured_rate: Percent,
    /// When they were counted.
    timestamp: Timestamp,
}

impl From<&CatalogueStats> for StatsBody {
    fn from(stats: &CatalogueStats) -> Self {
        Self {
            total: stats.total,
            published: stats.published,
            featured: stats.featured,
            total_stock: stats.total_stock,
            total_sales: stats.total_sales,
            publish_rate: stats.publish_rate(),
            featured_rate: stats.featured_rate(),
            timestamp: stats.counted_at,
        }
    }
}

fn category(query: &ProductQuery) -> Option<&str> {
    query.filter.category.as_ref().map(larder_domain::Category::as_str)
}

fn page(query: &ProductQuery) -> Option<u32> {
    match query.window {
        Window::Page(page) => Some(page.number()),
        Window::After { .. } => None,
    }
}

/// The members of `head`, and `"products":[…]` after them.
///
/// # Errors
/// 500 when the head has no JSON form.
pub(crate) fn of_products(head: &impl Serialize, fragments: &[Bytes]) -> Result<Bytes, ApiError> {
    let mut body = Vec::with_capacity(256 + joined_len(fragments));
    serde_json::to_writer(&mut body, head).map_err(ApiError::internal)?;
    // The closing brace comes after the products.
    body.pop();
    body.extend_from_slice(b",\"products\":[");
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
///
/// # Errors
/// 500 when an id has no JSON form.
pub(crate) fn of_batch(found: &[(ProductId, Bytes)], missing: &[ProductId]) -> Result<Bytes, ApiError> {
    let fragments: usize = found.iter().map(|(_, fragment)| fragment.len()).sum();
    // An id has at most 19 digits; with quotes, colon and comma 23.
    let mut body = Vec::with_capacity(fragments + 23 * found.len() + 20 * missing.len() + 28);
    body.extend_from_slice(b"{\"products\":{");
    for (position, (id, fragment)) in found.iter().enumerate() {
        body.extend_from_slice(if position > 0 { b",\"" } else { b"\"" });
        serde_json::to_writer(&mut body, id).map_err(ApiError::internal)?;
        body.extend_from_slice(b"\":");
        body.extend_from_slice(fragment);
    }
    body.extend_from_slice(b"},\"missing\":");
    serde_json::to_writer(&mut body, missing).map_err(ApiError::internal)?;
    body.push(b'}');
    Ok(body.into())
}

fn joined_len(fragments: &[Bytes]) -> usize {
    fragments.iter().map(Bytes::len).sum::<usize>() + fragments.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use larder_domain::{Category, PageParts, PageRequest, PriceRange, ProductFilter, Seek, Sort};

    use super::*;

    #[test]
    fn a_page_is_its_figures_and_the_fragments() {
        let filter = ProductFilter { category: Category::new("a\"b").ok(), ..ProductFilter::published() };
        let query = ProductQuery::newest(filter, PageRequest::new(1, 2).expect("valid"));
        let fragments = [Bytes::from_static(b"{\"id\":1}"), Bytes::from_static(b"{\"id\":2}")];
        let body = of_products(&ListHead::new(&query, 3, Some("next".into())), &fragments);
        let expected = r#"{"total":3,"page":1,"size":2,"pages":2,"filters":{"category":"a\"b","featured":null},"next_cursor":"next","products":[{"id":1},{"id":2}]}"#;
        assert_eq!(body.expect("composes"), expected);
        let empty = of_products(&HotHead::new(&query, 0), &[]).expect("composes");
        assert_eq!(empty, r#"{"category":"a\"b","count":0,"products":[]}"#);
    }

    #[test]
    fn a_search_tells_what_it_looked_for() {
        let price = |hundredths| Price::from_hundredths(hundredths).ok();
        let prices = PriceRange::new(price(100), None).expect("a range");
        let filter = ProductFilter { prices, ..ProductFilter::published() };
        let place = Seek { first: 0, second: 0, id: ProductId::new(1).expect("valid") };
        let window = Window::After { place, size: 10 };
        let query = ProductQuery { filter, sort: Sort::HOT, window, parts: PageParts::IdsAndTotal };
        let body = of_products(&SearchHead::new(&query, "tea", 11, None), &[]).expect("composes");
        let expected = r#"{"query":"tea","category":null,"total":11,"page":null,"size":10,"pages":2,"filters":{"min_price":1.00,"max_price":null,"sort_by":"sales","sort_order":"desc"},"next_cursor":null,"products":[]}"#;
        assert_eq!(body, expected);
    }

    #[test]
    fn a_batch_is_an_object_by_id_and_what_is_missing() {
        let id = |id| ProductId::new(id).expect("valid");
        let found = [(id(1), Bytes::from_static(b"{}")), (id(i64::MAX), Bytes::from_static(b"{}"))];
        let body = of_batch(&found, &[id(3), id(4)]).expect("composes");
        assert_eq!(body, r#"{"products":{"1":{},"9223372036854775807":{}},"missing":[3,4]}"#);
        assert_eq!(of_batch(&[], &[]).expect("composes"), r#"{"products":{},"missing":[]}"#);
    }
}
