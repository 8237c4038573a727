//! The tags of lists: what a list depends on, and which lists a change concerns.
//!
//! What is written here is shared by all nodes: a change of form needs new names of the caches in `caches.rs`.

use larder_domain::{Category, ProductFilter, ProductQuery, SortKey};
use larder_repository::{Aspects, Listing};

/// The tag of every list.
pub(crate) const EVERY_LIST: &str = "every";

/// By what lists are filtered and sorted, with the first part of their tags. Stock is none of it.
const LISTED_BY: [(Aspects, &str); 5] = [
    (Aspects::TEXT, "text"),
    (Aspects::PRICE, "price"),
    (Aspects::SALES, "sales"),
    (Aspects::RATING, "rating"),
    (Aspects::POPULARITY, "popularity"),
];

/// By what lists are filtered, beyond where a product is listed: totals depend on no more.
const FILTERED_BY: Aspects = Aspects::from_bits(Aspects::TEXT.bits() | Aspects::PRICE.bits());

/// A tag that a change concerns.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Touch {
    pub(crate) tag: String,
    /// Whether totals carry it as well as pages.
    pub(crate) counts: bool,
}

/// The tags of a page of ids.
pub(crate) fn of_page(query: &ProductQuery) -> Vec<String> {
    tags(&query.filter, filtered_by(&query.filter) | sorted_by(query.sort.key))
}

/// The tags of the total of a filter.
pub(crate) fn of_total(filter: &ProductFilter) -> Vec<String> {
    tags(filter, filtered_by(filter))
}

/// What a change concerns: whatever its categories list if it is listed otherwise than before, else what is filtered or sorted by what changed.
pub(crate) fn touched(before: Option<&Listing>, after: Option<&Listing>, changed: Aspects) -> Vec<Touch> {
    let mut scopes = vec![scope(None)];
    scopes.extend([before, after].into_iter().flatten().map(|listing| scope(Some(&listing.category))));
    scopes.dedup();
    if before != after {
        return scopes.into_iter().map(|tag| Touch { tag, counts: true }).collect();
    }
    let aspects = LISTED_BY.iter().filter(|(aspect, _)| changed.has_any(*aspect));
    let touches = aspects.flat_map(|(aspect, name)| {
        let counts = FILTERED_BY.has_any(*aspect);
        scopes.iter().map(move |scope| Touch { tag: within(name, scope), counts })
    });
    touches.collect()
}

fn tags(filter: &ProductFilter, aspects: Aspects) -> Vec<String> {
    let scope = scope(filter.category.as_ref());
    let listed_by = LISTED_BY.iter().filter(|(aspect, _)| aspects.has_any(*aspect));
    let mut tags: Vec<String> = listed_by.map(|(_, name)| within(name, &scope)).collect();
    tags.extend([EVERY_LIST.to_owned(), scope]);
    tags
}

fn filtered_by(filter: &ProductFilter) -> Aspects {
    let words = if filter.words.is_empty() { Aspects::NONE } else { Aspects::TEXT };
    let prices = if filter.prices.is_unbounded() { Aspects::NONE } else { Aspects::PRICE };
    words | prices
}

fn sorted_by(key: SortKey) -> Aspects {
    match key {
        // When a product was made is a part of where it is listed.
        SortKey::CreatedAt => Aspects::NONE,
        SortKey::Price => Aspects::PRICE,
        SortKey::Sales => Aspects::SALES | Aspects::POPULARITY,
        SortKey::Popularity => Aspects::POPULARITY,
        SortKey::Rating => Aspects::RATING,
    }
}

/// All products, or those of one category. A tag has at most 200 bytes, and a name may have 256: names that are long in the same way share a tag.
fn scope(category: Option<&Category>) -> String {
    let Some(category) = category else { return "all".into() };
    let name = category.as_str();
    format!("category:{}", &name[..name.floor_char_boundary(180)])
}

fn within(aspect: &str, scope: &str) -> String {
    format!("{aspect}:{scope}")
}

#[cfg(test)]
mod tests {
    use larder_domain::{PageRequest, Price, PriceRange, SearchWords, Sort, SortOrder};

    use super::*;

    fn category(name: &str) -> Category {
        Category::new(name).expect("valid")
    }

    fn listing(name: &str, featured: bool) -> Listing {
        Listing { category: category(name), featured, published: true }
    }

    fn query(filter: ProductFilter, key: SortKey) -> ProductQuery {
        let sort = Sort { key, order: SortOrder::Descending };
        ProductQuery { sort, ..ProductQuery::newest(filter, PageRequest::new(1, 20).expect("valid")) }
    }

    /// Every filter and order, over one category.
    fn queries() -> Vec<ProductQuery> {
        let price = Price::from_hundredths(1).ok();
        let plain = ProductFilter { category: Some(category("tea")), ..ProductFilter::published() };
        let words = ProductFilter { words: SearchWords::parse("green").expect("valid"), ..plain.clone() };
        let prices = ProductFilter { prices: PriceRange::new(price, None).expect("valid"), ..plain.clone() };
        let both = ProductFilter { prices: prices.prices, ..words.clone() };
        let filters = [plain, words, prices, both];
        filters.iter().flat_map(|filter| SortKey::ALL.map(|key| query(filter.clone(), key))).collect()
    }

    fn tags(touches: Vec<Touch>) -> Vec<String> {
        touches.into_iter().map(|touch| touch.tag).collect()
    }

    #[test]
    fn a_changed_listing_concerns_all_lists_of_its_categories() {
        let (tea, tea_featured, cups) = (listing("tea", false), listing("tea", true), listing("cups", false));
        let moved = |before, after| tags(touched(before, after, Aspects::ALL));
        assert_eq!(moved(Some(&tea), Some(&tea_featured)), ["all", "category:tea"]);
        assert_eq!(moved(Some(&tea), Some(&cups)), ["all", "category:tea", "category:cups"]);
        assert_eq!(moved(None, Some(&cups)), ["all", "category:cups"]);
        for query in queries() {
            let carried = of_page(&query);
            assert!(
                carried.contains(&"category:tea".to_owned()) && carried.contains(&EVERY_LIST.to_owned()),
                "{query:?}"
            );
        }
    }

    #[test]
    fn what_changed_concerns_what_is_filtered_or_sorted_by_it_and_nothing_else() {
        let tea = listing("tea", false);
        for (aspect, name) in LISTED_BY {
            assert_eq!(
                tags(touched(Some(&tea), Some(&tea), aspect)),
                [format!("{name}:all"), format!("{name}:category:tea")]
            );
        }
        assert!(touched(Some(&tea), Some(&tea), Aspects::STOCK).is_empty());
        for query in queries() {
            let (filter, key) = (&query.filter, query.sort.key);
            let page = |aspect| {
                let touched = tags(touched(Some(&tea), Some(&tea), aspect));
                of_page(&query).iter().any(|carried| touched.contains(carried))
            };
            assert_eq!(page(Aspects::TEXT), !filter.words.is_empty(), "{query:?}");
            assert_eq!(page(Aspects::PRICE), !filter.prices.is_unbounded() || key == SortKey::Price, "{query:?}");
            assert_eq!(page(Aspects::SALES), key == SortKey::Sales, "{query:?}");
            assert_eq!(page(Aspects::RATING), key == SortKey::Rating, "{query:?}");
            let by_popularity = matches!(key, SortKey::Sales | SortKey::Popularity);
            assert_eq!(page(Aspects::POPULARITY), by_popularity, "{query:?}");
        }
    }

    #[test]
    fn a_total_carries_exactly_the_tags_that_count_of_those_that_are_touched() {
        let tea = listing("tea", false);
        for query in queries() {
            let carried = of_total(&query.filter);
            for touch in touched(Some(&tea), Some(&tea), Aspects::ALL) {
                assert!(touch.counts || !carried.contains(&touch.tag), "{touch:?} of {query:?}");
            }
            assert!(carried.iter().all(|tag| of_page(&query).contains(tag)), "{query:?}");
        }
    }

    #[test]
    fn tags_of_the_longest_category_are_not_too_long() {
        let longest = listing(&"𝒜".repeat(64), false);
        let touches = touched(Some(&longest), Some(&longest), Aspects::ALL);
        assert!(touches.iter().all(|touch| touch.tag.len() <= 200), "{touches:?}");
    }
}
