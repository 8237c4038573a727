//! Names of cached things, and the generations that lists depend on.
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
}

/// The generation that every list depends on.
pub(crate) const EVERY_LIST: &str = "every";

fn all_categories() -> String {
    "all".into()
}

fn category(category: &Category) -> String {
    format!("category:{category}")
}

/// The generations that the lists of a filter depend on.
pub(crate) fn generations_of(filter: &ProductFilter) -> [String; 2] {
    [EVERY_LIST.into(), filter.category.as_ref().map_or_else(all_categories, category)]
}

/// The generations that a change of listing moves: none if the product is listed as before.
pub(crate) fn generations_moved(before: Option<&Listing>, after: Option<&Listing>) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let mut moved = vec![all_categories()];
    moved.extend([before, after].into_iter().flatten().map(|listing| category(&listing.category)));
    moved.dedup();
    moved
}

/// What tells lists of the same page apart: the generations, then the filter.
///
/// The category comes last, because it may contain any character but controls.
pub(crate) fn filter(generations: &[u64], filter: &ProductFilter) -> String {
    let mut key = String::with_capacity(64);
    for generation in generations {
        write!(key, "{generation:016x}.").expect("writing to a string does not fail");
    }
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
    fn only_a_changed_listing_moves_generations() {
        let (tea, tea_featured, cups) = (listing("tea", false), listing("tea", true), listing("cups", false));
        assert!(generations_moved(Some(&tea), Some(&tea)).is_empty());
        assert_eq!(generations_moved(Some(&tea), Some(&tea_featured)), ["all", "category:tea"]);
        assert_eq!(generations_moved(Some(&tea), Some(&cups)), ["all", "category:tea", "category:cups"]);
        assert_eq!(generations_moved(None, Some(&cups)), ["all", "category:cups"]);
    }

    #[test]
    fn keys_of_different_filters_differ() {
        let plain = ProductFilter::published();
        let all = ProductFilter { visibility: Visibility::All, ..plain.clone() };
        let featured = ProductFilter { featured: Some(true), ..plain.clone() };
        let tea = ProductFilter { category: Category::new("tea").ok(), ..plain.clone() };
        let keys = [&plain, &all, &featured, &tea].map(|one| filter(&[1, 2], one));
        for (position, key) in keys.iter().enumerate() {
            assert!(!keys[..position].contains(key), "{key}");
        }
        assert_ne!(filter(&[1, 2], &plain), filter(&[1, 3], &plain));
    }
}
