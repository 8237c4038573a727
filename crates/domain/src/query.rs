//! Which products a client asks for, and the page of ids that answers.

use serde::{Deserialize, Serialize};

use crate::{Category, PriceRange, ProductId, SearchWords, Seek, Sort, ValidationError, error::Violations};

/// Whether a query sees only what anonymous readers see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Published products only.
    Published,
    /// All products.
    All,
}

/// Which products belong to a list. Two equal filters have the same total.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProductFilter {
    /// Only this category.
    pub category: Option<Category>,
    /// Only featured, or only not featured, products.
    pub featured: Option<bool>,
    /// Whether unpublished products count.
    pub visibility: Visibility,
    /// Only products with all of these words.
    pub words: SearchWords,
    /// Only products of these prices.
    pub prices: PriceRange,
}

impl ProductFilter {
    /// Everything that anonymous readers see.
    pub fn published() -> Self {
        Self::of(Visibility::Published)
    }

    /// Everything that a reader of this kind sees.
    pub fn of(visibility: Visibility) -> Self {
        Self {
            category: None,
            featured: None,
            visibility,
            words: SearchWords::default(),
            prices: PriceRange::default(),
        }
    }
}

/// A page of a list: its number and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageRequest {
    number: u32,
    size: u32,
}

impl PageRequest {
    /// The largest size of a page, in products.
    pub const MAX_SIZE: u32 = 1_000;
    /// How many products may come before a page.
    pub const MAX_OFFSET: u64 = 1_000_000;

    /// The page `number`, counted from 1, of `size` products, 1 to [`Self::MAX_SIZE`].
    ///
    /// # Errors
    /// When the number or the size is out of range, or the page begins after [`Self::MAX_OFFSET`] products.
    pub fn new(number: u32, size: u32) -> Result<Self, ValidationError> {
        let mut violations = Violations::default();
        violations.require(number >= 1, "page", "must be at least 1");
        violations.require((1..=Self::MAX_SIZE).contains(&size), "size", "must be from 1 to 1000");
        let page = Self { number, size };
        violations.require(page.offset() <= Self::MAX_OFFSET, "page", "must begin within the first 1000000 products");
        violations.into_result().map(|()| page)
    }

    /// The page's number, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many products a full page has.
    pub fn size(self) -> u32 {
        self.size
    }

    /// How many products come before the page.
    pub fn offset(self) -> u64 {
        u64::from(self.number.saturating_sub(1)) * u64::from(self.size)
    }
}

/// Which parts of the answer are wanted: a cache keeps pages and totals apart and asks only for what it lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageParts {
    /// The ids of the page and the total of the filter.
    IdsAndTotal,
    /// The ids of the page only.
    Ids,
    /// The total only.
    Total,
}

/// Which stretch of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// The page of a number: the deeper, the dearer.
    Page(PageRequest),
    /// The first products after a place, at a cost that does not depend on the place.
    After {
        /// The place.
        place: Seek,
        /// How many products, 1 to [`PageRequest::MAX_SIZE`].
        size: u32,
    },
}

impl Window {
    /// How many products a full page has.
    pub fn size(self) -> u32 {
        match self {
            Self::Page(page) => page.size(),
            Self::After { size, .. } => size,
        }
    }
}

/// A list query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductQuery {
    /// Which products.
    pub filter: ProductFilter,
    /// In which order.
    pub sort: Sort,
    /// Which stretch of them.
    pub window: Window,
    /// Which parts of the answer.
    pub parts: PageParts,
}

impl ProductQuery {
    /// A page of the newest products of `filter`, with the total.
    pub fn newest(filter: ProductFilter, page: PageRequest) -> Self {
        Self { filter, sort: Sort::default(), window: Window::Page(page), parts: PageParts::IdsAndTotal }
    }
}

/// The answer to a [`ProductQuery`]: ids, because lists hold ids and entities hold data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductPage {
    /// The ids of the page, in order; empty if they were not asked for.
    pub ids: Vec<ProductId>,
    /// The place of the last of these ids, if products follow it.
    pub next: Option<Seek>,
    /// How many products the filter selects; `None` if that was not asked for.
    pub total: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_out_of_range_name_what_is_wrong() {
        for (number, size, field) in [(0, 20, "page"), (1, 0, "size"), (1, 1_001, "size"), (u32::MAX, 1_000, "page")] {
            let error = PageRequest::new(number, size).expect_err("out of range");
            assert_eq!(error.violations()[0].field, field);
        }
    }

    #[test]
    fn the_offset_counts_what_comes_before() {
        assert_eq!(PageRequest::new(3, 20).map(PageRequest::offset), Ok(40));
        assert_eq!(PageRequest::new(1_001, 1_000).map(PageRequest::offset), Ok(1_000_000));
    }
}
