//! What changes touch: which products, lists and figures have to be forgotten. Writer, tail and relay ask here alike.

use std::collections::HashMap;

use larder_cache::{Change, News};
use larder_domain::{ProductId, Version};
use larder_repository::{Announced, Aspects, Changed, Listing, Written};

use crate::{
    keys::{FIGURES, ProductKey},
    list_tags::{self, EVERY_LIST, Touch},
};

/// What the figures sum up, beyond where products are listed.
const SUMMED_UP: Aspects = Aspects::from_bits(Aspects::STOCK.bits() | Aspects::SALES.bits());

/// All that some changes touch together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    is_everything: bool,
    products: HashMap<ProductKey, Latest>,
    lists: HashMap<String, ListTag>,
    /// For the figures, what [`ListTag::change`] is for a list.
    stats: Option<Option<u64>>,
}

/// A touched tag of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ListTag {
    /// Number of the one change that touched it; `None` if several did, or its number is not known.
    change: Option<u64>,
    /// Whether totals carry it as well as pages.
    counts: bool,
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
        let Written { id, version, before, after, changed, .. } = written;
        touched.add(*id, *version, (before.as_ref(), after.as_ref()), *changed);
        touched
    }

    /// A write that may have been committed although no answer came; `id` is the product that it was about, if it existed before.
    pub(crate) fn in_doubt(id: Option<ProductId>) -> Self {
        let product = id.map(|id| (ProductKey(id), Latest { version: None, is_gone: false }));
        Self {
            is_everything: false,
            products: product.into_iter().collect(),
            lists: HashMap::from([(EVERY_LIST.to_owned(), ListTag { change: None, counts: true })]),
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
                Changed::Product { id, version, before, after, changed } => {
                    touched.add(*id, *version, (before.as_ref(), after.as_ref()), *changed);
                }
                Changed::Everything => touched.is_everything = true,
            }
        }
        touched
    }

    fn add(
        &mut self,
        id: ProductId,
        version: Version,
        (before, after): (Option<&Listing>, Option<&Listing>),
        changed: Aspects,
    ) {
        let change = u64::try_from(version.0).ok();
        let this = Latest { version: change, is_gone: after.is_none() };
        let latest = self.products.entry(ProductKey(id)).or_insert(this);
        *latest = latest.newer(this);
        for Touch { tag, counts } in list_tags::touched(before, after, changed) {
            let tag = self.lists.entry(tag).or_insert(ListTag { change, counts });
            tag.change = same(tag.change, change);
        }
        if before != after || changed.has_any(SUMMED_UP) {
            self.stats = Some(self.stats.map_or(change, |known| same(known, change)));
        }
    }

    pub(crate) fn products(&self) -> Vec<News<ProductKey>> {
        if self.is_everything {
            return vec![News::Everything];
        }
        self.products.iter().map(|(key, latest)| News::Key(*key, latest.change())).collect()
    }

    pub(crate) fn pages(&self) -> Vec<News<String>> {
        self.lists(|_| true)
    }

    /// Fewer than those of pages: in which order products are listed does not change their number.
    pub(crate) fn totals(&self) -> Vec<News<String>> {
        self.lists(|tag| tag.counts)
    }

    fn lists(&self, wanted: impl Fn(&ListTag) -> bool) -> Vec<News<String>> {
        if self.is_everything {
            return vec![News::Everything];
        }
        let wanted = self.lists.iter().filter(|(_, tag)| wanted(tag));
        wanted.map(|(name, tag)| News::Tag { tag: name.clone(), change: tag.change }).collect()
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
        change_of(id, version, (before, after), Aspects::NONE)
    }

    fn change_of(
        id: i64,
        version: i64,
        (before, after): (Option<Listing>, Option<Listing>),
        changed: Aspects,
    ) -> Announced {
        let id = ProductId::new(id).expect("valid");
        let what = Changed::Product { id, version: Version(version), before, after, changed };
        Announced { row: 1, what, taken_by: None }
    }

    fn key(id: i64) -> ProductKey {
        ProductKey(ProductId::new(id).expect("valid"))
    }

    fn tag(tag: &str, change: Option<u64>) -> News<String> {
        News::Tag { tag: tag.into(), change }
    }

    fn names(news: &[News<String>]) -> Vec<&str> {
        let mut names: Vec<&str> =
            news.iter().map(|news| if let News::Tag { tag, .. } = news { tag } else { "" }).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_change_that_leaves_the_listing_touches_the_product_and_what_depends_on_what_changed() {
        let touched = |changed| Touched::announced(&[change_of(1, 7, (listing("tea"), listing("tea")), changed)]);
        let none = touched(Aspects::NONE);
        assert_eq!(none.products(), [News::Key(key(1), Change::updated(7))]);
        assert_eq!((none.pages(), none.totals(), none.stats()), (vec![], vec![], vec![]));
        let stock = touched(Aspects::STOCK);
        assert_eq!((stock.pages(), stock.totals(), stock.stats()), (vec![], vec![], vec![tag("stats", Some(7))]));
        let price = touched(Aspects::PRICE);
        assert_eq!(names(&price.pages()), ["price:all", "price:category:tea"]);
        assert_eq!(names(&price.totals()), names(&price.pages()));
        assert!(price.stats().is_empty());
        let sales = touched(Aspects::SALES);
        assert_eq!(names(&sales.pages()), ["sales:all", "sales:category:tea"]);
        assert_eq!((sales.totals(), sales.stats()), (vec![], vec![tag("stats", Some(7))]));
    }

    #[test]
    fn a_batch_of_views_touches_each_category_once_and_neither_totals_nor_figures() {
        let views = (1..=500).map(|id| {
            let listing = listing(if id % 2 == 0 { "tea" } else { "cups" });
            change_of(id, id, (listing.clone(), listing), Aspects::POPULARITY)
        });
        let touched = Touched::announced(&views.collect::<Vec<_>>());
        assert_eq!(touched.products().len(), 500);
        assert_eq!(names(&touched.pages()), ["popularity:all", "popularity:category:cups", "popularity:category:tea"]);
        assert_eq!((touched.totals(), touched.stats()), (vec![], vec![]));
    }

    #[test]
    fn a_removal_touches_the_lists_that_the_product_was_in() {
        let touched = Touched::announced(&[change(1, 7, listing("tea"), None)]);
        assert_eq!(touched.products(), [News::Key(key(1), Change::removed(7))]);
        let lists = touched.pages();
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
        let lists = touched.pages();
        assert_eq!(lists.len(), 3);
        assert!(lists.contains(&tag("all", None)) && lists.contains(&tag("category:cups", Some(9))), "{lists:?}");
        assert_eq!(touched.stats(), [tag("stats", None)]);
    }

    #[test]
    fn a_change_of_everything_touches_every_cache() {
        let everything = Announced { row: 1, what: Changed::Everything, taken_by: None };
        let touched = Touched::announced(&[change(1, 7, None, listing("tea")), everything]);
        assert_eq!(touched.products(), [News::Everything]);
        assert_eq!(
            (touched.pages(), touched.totals(), touched.stats()),
            (vec![News::Everything], vec![News::Everything], vec![News::Everything])
        );
    }
}
