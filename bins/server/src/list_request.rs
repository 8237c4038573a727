//! What a request for a list asks: filters, order, and a page or a cursor.

use larder_domain::{
    Category, PageParts, PageRequest, Price, PriceRange, ProductFilter, ProductQuery, SearchWords, Sort, SortKey,
    SortOrder, ValidationError, Visibility, Window,
};

use crate::{api_error::ApiError, cursor::Cursors, parameters::Parameters};

pub(crate) const DEFAULT_SIZE: u32 = 20;
/// The most products of a list that is not paged.
pub(crate) const MAX_LIMIT: u32 = 100;

/// How lists are paged.
#[derive(Debug)]
pub(crate) struct Paging {
    /// How many products may come before a page that is asked for by its number.
    pub(crate) max_offset: u64,
    pub(crate) cursors: Cursors,
}

impl Paging {
    /// The parameters of `GET /api/v1/products`.
    ///
    /// # Errors
    /// 400 naming the parameter at fault.
    pub(crate) fn list(&self, query: &str, visibility: Visibility) -> Result<ProductQuery, ApiError> {
        let names = ["category", "featured", "page", "size", "cursor"];
        let mut parameters = Parameters::parse(query, names)?;
        let filter = ProductFilter {
            category: category(&mut parameters)?,
            featured: parameters.parsed("featured", "must be true or false")?,
            ..ProductFilter::of(visibility)
        };
        self.query(&mut parameters, filter, Sort::default())
    }

    /// The parameters of `GET /api/v1/products/search`, and the text as it was given.
    ///
    /// # Errors
    /// 400 naming the parameter at fault.
    pub(crate) fn search(&self, query: &str, visibility: Visibility) -> Result<(ProductQuery, String), ApiError> {
        let names = ["query", "category", "min_price", "max_price", "sort_by", "sort_order", "page", "size", "cursor"];
        let mut parameters = Parameters::parse(query, names)?;
        let text = parameters.text("query").unwrap_or_default();
        let filter = ProductFilter {
            category: category(&mut parameters)?,
            words: SearchWords::parse(&text).map_err(broken)?,
            prices: prices(&mut parameters)?,
            ..ProductFilter::of(visibility)
        };
        let key = parameters.text("sort_by").map(|name| name.parse()).transpose().map_err(broken)?;
        let order = parameters.text("sort_order").map(|name| name.parse()).transpose().map_err(broken)?;
        let sort = Sort { key: key.unwrap_or(SortKey::Popularity), order: order.unwrap_or(SortOrder::Descending) };
        Ok((self.query(&mut parameters, filter, sort)?, text))
    }

    fn query<const N: usize>(
        &self,
        parameters: &mut Parameters<N>,
        filter: ProductFilter,
        sort: Sort,
    ) -> Result<ProductQuery, ApiError> {
        let number = parameters.parsed("page", "must be an integer of at least 1")?;
        let size = parameters.parsed("size", "must be an integer from 1 to 1000")?.unwrap_or(DEFAULT_SIZE);
        let first = PageRequest::new(number.unwrap_or(1), size).map_err(broken)?;
        let window = match parameters.text("cursor") {
            None => Window::Page(self.near(first)?),
            Some(_) if number.is_some() => return Err(ApiError::malformed("cursor", "stands in place of page")),
            Some(cursor) => Window::After { place: self.cursors.open(&filter, sort, &cursor)?, size },
        };
        Ok(ProductQuery { filter, sort, window, parts: PageParts::IdsAndTotal })
    }

    /// Refuses pages that would cost too much.
    fn near(&self, page: PageRequest) -> Result<PageRequest, ApiError> {
        if page.offset() <= self.max_offset {
            return Ok(page);
        }
        let rule = format!("must begin within the first {} products: use next_cursor further down", self.max_offset);
        Err(ApiError::malformed("page", rule))
    }
}

/// The best sold products of a category or of all; `query` may have a `limit`.
///
/// # Errors
/// 400 naming the parameter at fault.
pub(crate) fn hot(query: &str, category: Option<Category>, visibility: Visibility) -> Result<ProductQuery, ApiError> {
    let rule = "must be an integer from 1 to 100";
    let limit = Parameters::parse(query, ["limit"])?.parsed("limit", rule)?.unwrap_or(DEFAULT_SIZE);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::malformed("limit", rule));
    }
    let window = Window::Page(PageRequest::new(1, limit).map_err(broken)?);
    let filter = ProductFilter { category, ..ProductFilter::of(visibility) };
    Ok(ProductQuery { filter, sort: Sort::HOT, window, parts: PageParts::Ids })
}

fn category<const N: usize>(parameters: &mut Parameters<N>) -> Result<Option<Category>, ApiError> {
    parameters.text("category").map(Category::new).transpose().map_err(broken)
}

fn prices<const N: usize>(parameters: &mut Parameters<N>) -> Result<PriceRange, ApiError> {
    let mut price = |name: &'static str| -> Result<Option<Price>, ApiError> {
        let rule = |broken: ValidationError| {
            let rule = broken.violations().first().map(|violation| violation.rule.clone());
            ApiError::malformed(name, rule.unwrap_or_default())
        };
        parameters.text(name).map(|text| text.parse().map_err(rule)).transpose()
    };
    let (min, max) = (price("min_price")?, price("max_price")?);
    PriceRange::new(min, max).map_err(broken)
}

#[expect(clippy::needless_pass_by_value, reason = "map_err passes it by value")]
fn broken(error: ValidationError) -> ApiError {
    ApiError::malformed_by(&error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging() -> Paging {
        Paging { max_offset: 1_000, cursors: Cursors::new(&[1; 32]) }
    }

    fn field_of(query: &str) -> String {
        let refused = paging().search(query, Visibility::Published).expect_err(query);
        refused.fields[0].field.clone()
    }

    #[test]
    fn each_wrong_parameter_is_named() {
        for (query, field) in [
            ("sort_by=name", "sort_by"),
            ("sort_order=up", "sort_order"),
            ("min_price=cheap", "min_price"),
            ("max_price=1.999", "max_price"),
            ("min_price=2&max_price=1", "min_price"),
            ("category=", "category"),
            ("page=2&size=1001", "size"),
            ("page=52&size=20", "page"),
            ("cursor=x", "cursor"),
            ("page=1&cursor=x", "cursor"),
            ("query=%00", "query"),
            ("featured=true", "featured"),
        ] {
            assert_eq!(field_of(query), field, "{query}");
        }
    }

    #[test]
    fn a_cursor_goes_on_in_the_same_list() {
        let paging = paging();
        let (first, _) = paging.search("query=tea&sort_by=price", Visibility::Published).expect("valid");
        let place = larder_domain::Seek { first: 5, second: 0, id: larder_domain::ProductId::new(1).expect("valid") };
        let cursor = paging.cursors.seal(&first.filter, first.sort, place);
        let next = format!("query=TEA&sort_by=price&size=7&cursor={cursor}");
        let (next, text) = paging.search(&next, Visibility::Published).expect("the same list");
        assert_eq!((next.window, text.as_str()), (Window::After { place, size: 7 }, "TEA"));
        assert!(paging.list(&format!("cursor={cursor}"), Visibility::Published).is_err(), "another list");
    }

    #[test]
    fn the_hottest_have_a_limit() {
        let query = hot("limit=5", None, Visibility::Published).expect("valid");
        assert_eq!((query.window.size(), query.sort, query.parts), (5, Sort::HOT, PageParts::Ids));
        for bad in ["limit=0", "limit=101", "limit=x", "page=1"] {
            assert!(hot(bad, None, Visibility::Published).is_err(), "{bad}");
        }
    }
}
