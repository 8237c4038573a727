//! What changes touch: which products, lists and figures have to be forgotten. Writer, tail and relay ask here alike.

use std::collections::HashMap;

use larder_cache::{Change, News};
use larder_domain::{ProductId, Version};
use larder_repository::{Announced, Changed, Listing, Written};

use crate::keys::{self, EVERY_LIST, FIGURES, ProductKey};

/// All that some changes touch together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    is_everything: bool,
    products: HashMap<ProductKey, Latest>,
    /// Tags of lists, each with the number of the one change that touched it; `None` if several did, or its number is not known.
    lists: HashMap<String, Option<u64>>,
    /// The same for the figures.
    stats: Option<Option<u64>>,
}

/// The newest change of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Latest {
    version: Option<u64>,
    is_gone: bool,
}

impl Touched {
    /// A write of this node.
    pub(crate) fn by_write(written: &Written) -> Self {
        let mut touched = Self::default();
        touched.add(written.id, written.version, written.before.as_ref(), written.after.as_ref());
        touched
    }

    /// A write that may have been committed although no answer came; `id` is the product that it was about, if it existed before.
    pub(crate) fn in_doubt(id: Option<ProductId>) -> Self {
        let product = id.map(|id| (ProductKey(id), Latest { version: None, is_gone: false }));
        Self {
            is_everything: false,
            products: product.into_iter().collect(),
            lists: HashMap::from([(EVERY_LIST.to_owned(), None)]),
            stats: Some(None),
        }
    }

    /// Whatever there is.
    pub(crate) fn everything() -> Self {
        Self { is_everything: true, ..Self::default() }
    }

    /// What the outbox announced, each product and each tag once.
    pub(crate) fn announced<'a>(changes: impl IntoIterator<Item = &'a Announced>) -> Self {
        let mut touched = Self::default();
        for change in changes {
            match &change.what {
                Changed::Product { id, version, before, after } => {
                    touched.add(*id, *version, before.as_ref(), after.as_ref());
                }
                Changed::Everything => touched.is_everything = true,
            }
        }
        touched
    }

    fn add(&mut self, id: ProductId, version: Version, before: Option<&Listing>, after: Option<&Listing>) {
        let change = u64::try_from(version.0).ok();
        let this = Latest { version: change, is_gone: after.is_none() };
        let latest = self.products.entry(ProductKey(id)).or_insert(this);
        *latest = latest.newer(this);
        for tag in keys::tags_moved(before, after) {
            self.lists.entry(tag).and_modify(|known| *known = same(*known, change)).or_insert(change);
        }
        self.stats = Some(self.stats.map_or(change, |known| same(known, change)));
    }

    pub(crate) fn products(&self) -> Vec<News<ProductKey>> {
        if self.is_everything {
            return vec![News::Everything];
        }
        self.products.iter().map(|(key, latest)| News::Key(*key, latest.change())).collect()
    }

    /// For pages and totals.
    pub(crate) fn lists(&self) -> Vec<News<String>> {
        if self.is_everything {
            return vec![News::Everything];
        }
        self.lists.iter().map(|(tag, change)| News::Tag { tag: tag.clone(), change: *change }).collect()
    }

    pub(crate) fn stats(&self) -> Vec<News<String>> {
        if self.is_everything {
            return vec![News::Everything];
        }
        self.stats.iter().map(|change| News::Tag { tag: FIGURES.to_owned(), change: *change }).collect()
    }
}

/// The number of both, if they are the same change.
fn same(known: Option<u64>, change: Option<u64>) -> Option<u64> {
    known.filter(|_| known == change)
}

impl Latest {
    /// Without a version nothing is known of the order: then neither has one.
    fn newer(self, other: Self) -> Self {
        match (self.version, other.version) {
            (Some(known), Some(new)) if known >= new => self,
            (Some(_), Some(_)) => other,
            _ => Self { version: None, is_gone: false },
        }
    }

    fn change(self) -> Change {
        match self.version {
            Some(version) if self.is_gone => Change::removed(version),
            Some(version) => Change::updated(version),
            None => Change::unversioned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use larder_domain::Category;

    use super::*;

    fn listing(name: &str) -> Option<Listing> {
        Some(Listing { category: Category::new(name).expect("valid"), featured: false, published: true })
    }

    fn change(id: i64, version: i64, before: Option<Listing>, after: Option<Listing>) -> Announced {
        let what =
            Changed::Product { id: ProductId::new(id).expect("valid"), version: Version(version), before, after };
        Announced { row: 1, what, taken_by: None }
    }

    fn key(id: i64) -> ProductKey {
        ProductKey(ProductId::new(id).expect("valid"))
    }

    fn tag(tag: &str, change: Option<u64>) -> News<String> {
        News::Tag { tag: tag.into(), change }
    }

    #[test]
    fn a_change_that_leaves_the_listing_touches_the_product_and_the_figures() {
        let touched = Touched::announced(&[change(1, 7, listing("tea"), listing("tea"))]);
        assert_eq!(touched.products(), [News::Key(key(1), Change::updated(7))]);
        assert_eq!((touched.lists(), touched.stats()), (vec![], vec![tag("stats", Some(7))]));
    }

    #[test]
    fn a_removal_touches_the_lists_that_the_product_was_in() {
        let touched = Touched::announced(&[change(1, 7, listing("tea"), None)]);
        assert_eq!(touched.products(), [News::Key(key(1), Change::removed(7))]);
        let lists = touched.lists();
        assert!(lists.contains(&tag("all", Some(7))) && lists.contains(&tag("category:tea", Some(7))), "{lists:?}");
    }

    #[test]
    fn a_batch_names_each_thing_once_and_a_tag_of_several_changes_without_a_number() {
        let batch = [
            change(1, 8, listing("tea"), None),
            change(1, 7, None, listing("tea")),
            change(2, 9, None, listing("cups")),
        ];
        let touched = Touched::announced(&batch);
        assert_eq!(touched.products().len(), 2);
        assert!(touched.products().contains(&News::Key(key(1), Change::removed(8))), "the newest counts");
        let lists = touched.lists();
        assert_eq!(lists.len(), 3);
        assert!(lists.contains(&tag("all", None)) && lists.contains(&tag("category:cups", Some(9))), "{lists:?}");
        assert_eq!(touched.stats(), [tag("stats", None)]);
    }

    #[test]
    fn a_change_of_everything_touches_every_cache() {
        let everything = Announced { row: 1, what: Changed::Everything, taken_by: None };
        let touched = Touched::announced(&[change(1, 7, None, listing("tea")), everything]);
        assert_eq!(touched.products(), [News::Everything]);
        assert_eq!((touched.lists(), touched.stats()), (vec![News::Everything], vec![News::Everything]));
    }
}
