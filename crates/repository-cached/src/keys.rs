//! Names of cached things.
//!
//! What these functions write is shared by all nodes: a change of form needs a new name of the cache in `caches.rs`.

use std::fmt::Write;

use larder_cache::CacheKey;
use larder_domain::{PriceRange, ProductFilter, ProductId, ProductQuery, SearchWords, Visibility, Window};

/// Key of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ProductKey(pub(crate) ProductId);

impl CacheKey for ProductKey {
    fn write_to(&self, text: &mut String) {
        self.0.get().write_to(text);
    }

    fn read_from(text: &str) -> Option<Self> {
        ProductId::new(i64::read_from(text)?).ok().map(Self)
    }
}

/// The key of the one entry of the figures.
pub(crate) const FIGURES: &str = "stats";

/// What a query is asked for by: its page, and the filter that pages and totals share.
///
/// Both are bounded by what a query may hold, some 2 KiB. In L2 the cache spells a long key as its hash and keeps the text beside the value, so that
/// two searches whose hashes meet do not share an answer.
#[derive(Debug)]
pub(crate) struct ListKeys {
    pub(crate) page: String,
    pub(crate) filter: String,
}

impl ListKeys {
    pub(crate) fn of(query: &ProductQuery) -> Self {
        let filter = filter(&query.filter);
        Self { page: page(&filter, query), filter }
    }
}

/// What tells lists of the same page apart. Each part says where it ends, but for the category, which comes last: it may contain any character but
/// controls.
fn filter(filter: &ProductFilter) -> String {
    let mut key = String::with_capacity(64);
    key.push(match filter.visibility {
        Visibility::Published => 'p',
        Visibility::All => 'a',
    });
    key.push(match filter.featured {
        None => '-',
        Some(true) => 'f',
        Some(false) => 'n',
    });
    push_prices(&mut key, filter.prices);
    push_words(&mut key, &filter.words);
    if let Some(category) = &filter.category {
        write!(key, "={category}").expect("writing to a string does not fail");
    }
    key
}

fn push_prices(key: &mut String, prices: PriceRange) {
    if prices.is_unbounded() {
        return;
    }
    key.push('$');
    for (end, mark) in [(prices.min(), ".."), (prices.max(), "")] {
        if let Some(price) = end {
            write!(key, "{}", price.hundredths()).expect("writing to a string does not fail");
        }
        key.push_str(mark);
    }
}

/// Words have no white space; with their length before them, nothing in them passes for what follows.
fn push_words(key: &mut String, words: &SearchWords) {
    if words.is_empty() {
        return;
    }
    let words = words.to_string();
    write!(key, "~{}:{words}", words.len()).expect("writing to a string does not fail");
}

/// A stretch of the list of a filter.
fn page(filter: &str, query: &ProductQuery) -> String {
    let (sort, order) = (query.sort.key, query.sort.order.as_str());
    match query.window {
        Window::Page(page) => format!("{sort}-{order}/{}x{}/{filter}", page.number(), page.size()),
        Window::After { place, size } => {
            format!("{sort}-{order}/{}.{}.{}+{size}/{filter}", place.first, place.second, place.id)
        }
    }
}

#[cfg(test)]
mod tests {
    use larder_domain::{Category, PageRequest, Price, Seek, Sort, SortKey, SortOrder};

    use super::*;

    fn words(text: &str) -> SearchWords {
        SearchWords::parse(text).expect("valid")
    }

    fn category(name: &str) -> Option<Category> {
        Some(Category::new(name).expect("valid"))
    }

    fn prices(min: Option<i64>, max: Option<i64>) -> PriceRange {
        let price = |hundredths: i64| Price::from_hundredths(hundredths).expect("valid");
        PriceRange::new(min.map(price), max.map(price)).expect("valid")
    }

    fn assert_all_differ(keys: &[String]) {
        for (position, key) in keys.iter().enumerate() {
            assert!(!keys[..position].contains(key), "{key}");
        }
    }

    #[test]
    fn keys_of_different_filters_differ() {
        let plain = ProductFilter::published();
        let of = |filter: ProductFilter| super::filter(&filter);
        assert_all_differ(&[
            of(plain.clone()),
            of(ProductFilter { visibility: Visibility::All, ..plain.clone() }),
            of(ProductFilter { featured: Some(true), ..plain.clone() }),
            of(ProductFilter { category: category("tea"), ..plain.clone() }),
            of(ProductFilter { words: words("tea"), ..plain.clone() }),
            of(ProductFilter { words: words("tea cup"), ..plain.clone() }),
            of(ProductFilter { prices: prices(Some(1), None), ..plain.clone() }),
            of(ProductFilter { prices: prices(None, Some(1)), ..plain.clone() }),
            of(ProductFilter { prices: prices(Some(1), Some(1)), ..plain.clone() }),
            of(ProductFilter { prices: prices(Some(11), None), ..plain }),
        ]);
    }

    #[test]
    fn what_one_part_of_a_filter_says_does_not_pass_for_another() {
        let plain = ProductFilter::published();
        let of = |filter: ProductFilter| super::filter(&filter);
        assert_all_differ(&[
            of(ProductFilter { words: words("a=b"), ..plain.clone() }),
            of(ProductFilter { words: words("a"), category: category("b"), ..plain.clone() }),
            of(ProductFilter { category: category("a~1:b"), ..plain.clone() }),
            of(ProductFilter { words: words("b"), category: category("a"), ..plain.clone() }),
            of(ProductFilter { words: words("$1..~1:b"), ..plain.clone() }),
            of(ProductFilter { words: words("b"), prices: prices(Some(1), None), ..plain.clone() }),
            of(ProductFilter { category: category("$1..=b"), ..plain.clone() }),
            of(ProductFilter { category: category("b"), prices: prices(Some(1), None), ..plain }),
        ]);
    }

    #[test]
    fn keys_of_different_pages_of_one_filter_differ_and_share_the_total() {
        let newest = ProductQuery::newest(ProductFilter::published(), PageRequest::new(1, 20).expect("valid"));
        let place = Seek { first: 1, second: 2, id: ProductId::new(3).expect("valid") };
        let after = |place| ProductQuery { window: Window::After { place, size: 20 }, ..newest.clone() };
        let mut queries = vec![newest.clone(), after(place), after(Seek { second: 3, ..place })];
        queries.push(ProductQuery { window: Window::After { place, size: 21 }, ..newest.clone() });
        queries.push(ProductQuery { window: Window::Page(PageRequest::new(2, 20).expect("valid")), ..newest.clone() });
        let sorts =
            SortKey::ALL.map(|key| [SortOrder::Ascending, SortOrder::Descending].map(|order| Sort { key, order }));
        let other = sorts.into_iter().flatten().filter(|sort| *sort != Sort::default());
        queries.extend(other.map(|sort| ProductQuery { sort, ..newest.clone() }));
        let keys: Vec<ListKeys> = queries.iter().map(ListKeys::of).collect();
        assert_all_differ(&keys.iter().map(|keys| keys.page.clone()).collect::<Vec<_>>());
        assert!(keys.iter().all(|each| each.filter == keys[0].filter));
    }

    #[test]
    fn the_longest_query_has_a_key_of_bounded_length() {
        let filter = ProductFilter {
            category: category(&"𝒜".repeat(64)),
            words: words(&"𝒜".repeat(SearchWords::MAX_CHARS)),
            prices: prices(Some(0), Some(Price::MAX_HUNDREDTHS)),
            ..ProductFilter::published()
        };
        let place = Seek { first: i64::MIN, second: i64::MIN, id: ProductId::new(i64::MAX).expect("valid") };
        let newest = ProductQuery::newest(filter, PageRequest::new(1, 1).expect("valid"));
        let keys = ListKeys::of(&ProductQuery { window: Window::After { place, size: 1_000 }, ..newest });
        assert!(keys.page.len() <= 2 << 10, "{} bytes", keys.page.len());
    }
}
