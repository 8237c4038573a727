//! What a client sets of a product, in the order of the statements that write it.

use larder_domain::{Price, Product, ProductDraft, ProductPatch};
use rusqlite::ToSql;

/// The columns that a client sets. The parameters of a statement that writes them are numbered from 1 in this order.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    name: &'a str,
    description: &'a str,
    price: i64,
    original_price: Option<i64>,
    stock: i64,
    sku: &'a str,
    category: &'a str,
    subcategory: Option<&'a str>,
    brand: Option<&'a str>,
    sales: i64,
    popularity: i64,
    rating: i64,
    review_count: i64,
    is_published: bool,
    is_featured: bool,
    main_image_url: Option<&'a str>,
}

impl<'a> Columns<'a> {
    /// A new product.
    pub(super) fn of_new(draft: &'a ProductDraft) -> Self {
        Self::of_draft(draft, None)
    }

    /// A product that is replaced: figures that the draft leaves out stay.
    pub(super) fn of_replaced(current: &Product, draft: &'a ProductDraft) -> Self {
        Self::of_draft(draft, Some(current))
    }

    fn of_draft(draft: &'a ProductDraft, current: Option<&Product>) -> Self {
        let kept = |figure: fn(&Product) -> i64| current.map_or(0, figure);
        Self {
            name: &draft.name,
            description: &draft.description,
            price: draft.price.hundredths(),
            original_price: draft.original_price.map(Price::hundredths),
            stock: draft.stock,
            sku: &draft.sku,
            category: draft.category.as_str(),
            subcategory: draft.subcategory.as_deref(),
            brand: draft.brand.as_deref(),
            sales: draft.sales.unwrap_or_else(|| kept(|product| product.sales)),
            popularity: draft.popularity.unwrap_or_else(|| kept(|product| product.popularity)),
            rating: draft
                .rating
                .map_or_else(|| kept(|product| product.rating.hundredths()), |rating| rating.hundredths()),
            review_count: draft.review_count.unwrap_or_else(|| kept(|product| product.review_count)),
            is_published: draft.is_published,
            is_featured: draft.is_featured,
            main_image_url: draft.main_image_url.as_deref(),
        }
    }

    /// A product of which some fields change.
    pub(super) fn of_patched(current: &'a Product, patch: &'a ProductPatch) -> Self {
        let text = |set: &'a Option<String>, kept: &'a String| set.as_ref().unwrap_or(kept).as_str();
        let clearable =
            |set: &'a Option<Option<String>>, kept: &'a Option<String>| set.as_ref().unwrap_or(kept).as_deref();
        Self {
            name: text(&patch.name, &current.name),
            description: text(&patch.description, &current.description),
            price: patch.price.unwrap_or(current.price).hundredths(),
            original_price: patch.original_price.unwrap_or(current.original_price).map(Price::hundredths),
            stock: patch.stock.unwrap_or(current.stock),
            sku: text(&patch.sku, &current.sku),
            category: patch.category.as_ref().unwrap_or(&current.category).as_str(),
            subcategory: clearable(&patch.subcategory, &current.subcategory),
            brand: clearable(&patch.brand, &current.brand),
            sales: patch.sales.unwrap_or(current.sales),
            popularity: patch.popularity.unwrap_or(current.popularity),
            rating: patch.rating.unwrap_or(current.rating).hundredths(),
            review_count: patch.review_count.unwrap_or(current.review_count),
            is_published: patch.is_published.unwrap_or(current.is_published),
            is_featured: patch.is_featured.unwrap_or(current.is_featured),
            main_image_url: clearable(&patch.main_image_url, &current.main_image_url),
        }
    }

    /// The parameters 1 to 16.
    pub(super) fn parameters(&self) -> [&dyn ToSql; 16] {
        [
            &self.name,
            &self.description,
            &self.price,
            &self.original_price,
            &self.stock,
            &self.sku,
            &self.category,
            &self.subcategory,
            &self.brand,
            &self.sales,
            &self.popularity,
            &self.rating,
            &self.review_count,
            &self.is_published,
            &self.is_featured,
            &self.main_image_url,
        ]
    }
}
