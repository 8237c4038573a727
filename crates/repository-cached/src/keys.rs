//! Names of cached things, and the tags of lists.
//!
//! What these functions write is shared by all nodes: a change of form needs a new name of the cache in `caches.rs`.

use std::fmt::Write;

use larder_cache::CacheKey;
use larder_domain::{Category, PageRequest, ProductFilter, ProductId, Visibility};
use larder_repository::Listing;

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

/// The tag of every list.
pub(crate) const EVERY_LIST: &str = "every";

/// The tag of the figures, and the key of their one entry.
pub(crate) const FIGURES: &str = "stats";

fn all_categories() -> String {
    "all".into()
}

/// A tag has at most 200 bytes, and a name may have 256: names that are long in the same way share a tag.
fn category(category: &Category) -> String {
    let name = category.as_str();
    format!("category:{}", &name[..name.floor_char_boundary(180)])
}

/// The tags of the lists of a filter.
pub(crate) fn tags_of(filter: &ProductFilter) -> [String; 2] {
    [EVERY_LIST.into(), filter.category.as_ref().map_or_else(all_categories, category)]
}

/// The tags of the lists that a change of listing concerns: none if the product is listed as before.
pub(crate) fn tags_moved(before: Option<&Listing>, after: Option<&Listing>) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let mut moved = vec![all_categories()];
    moved.extend([before, after].into_iter().flatten().map(|listing| category(&listing.category)));
    moved.dedup();
    moved
}

/// What tells lists of the same page apart.
///
/// The category comes last, because it may contain any character but controls.
pub(crate) fn filter(filter: &ProductFilter) -> String {
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
    if let Some(category) = &filter.category {
        write!(key, "={category}").expect("writing to a string does not fail");
    }
    key
}

/// A page of a filter.
pub(crate) fn page(filter: &str, page: PageRequest) -> String {
    format!("{}x{}/{filter}", page.number(), page.size())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(name: &str, featured: bool) -> Listing {
        Listing { category: Category::new(name).expect("valid"), featured, published: true }
    }

    #[test]
    fn only_a_changed_listing_concerns_lists() {
        let (tea, tea_featured, cups) = (listing("tea", false), listing("tea", true), listing("cups", false));
        assert!(tags_moved(Some(&tea), Some(&tea)).is_empty());
        assert_eq!(tags_moved(Some(&tea), Some(&tea_featured)), ["all", "category:tea"]);
        assert_eq!(tags_moved(Some(&tea), Some(&cups)), ["all", "category:tea", "category:cups"]);
        assert_eq!(tags_moved(None, Some(&cups)), ["all", "category:cups"]);
    }

    #[test]
    fn keys_of_different_filters_differ() {
        let plain = ProductFilter::published();
        let all = ProductFilter { visibility: Visibility::All, ..plain.clone() };
        let featured = ProductFilter { featured: Some(true), ..plain.clone() };
        let tea = ProductFilter { category: Category::new("tea").ok(), ..plain.clone() };
        let keys = [&plain, &all, &featured, &tea].map(filter);
        for (position, key) in keys.iter().enumerate() {
            assert!(!keys[..position].contains(key), "{key}");
        }
    }
}
