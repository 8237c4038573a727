//! Drafts, patches and filters that the cases begin with.

use larder_domain::{Adjustment, Category, Price, ProductDraft, ProductFilter, Rating, Visibility};

/// A valid draft with nothing but what it must have, in category `tea`.
pub(super) fn plain(sku: &str) -> ProductDraft {
    ProductDraft::new(format!("Product {sku}"), price(1_250), sku, category("tea"))
}

/// A valid draft in which every field is set.
pub(super) fn full(sku: &str) -> ProductDraft {
    with(ProductDraft::new("Iron Goddess", price(46_179), sku, category("tea")), |draft| {
        draft.description = "Rolled by hand.\nSecond infusion is the best.".into();
        draft.original_price = Some(price(59_900));
        draft.stock = 17;
        draft.subcategory = Some("oolong".into());
        draft.brand = Some("Misty Peak".into());
        draft.sales = Some(41);
        draft.popularity = Some(1_234);
        draft.rating = Some(rating(437));
        draft.review_count = Some(9);
        draft.is_published = true;
        draft.is_featured = true;
        draft.main_image_url = Some("/images/tea.jpg".into());
    })
}

/// So many plain drafts with different stock-keeping units.
pub(super) fn plain_drafts(count: usize) -> impl Iterator<Item = ProductDraft> {
    (1..=count).map(|number| plain(&format!("S-{number}")))
}

pub(super) fn price(hundredths: i64) -> Price {
    Price::from_hundredths(hundredths).expect("a valid price")
}

pub(super) fn rating(hundredths: i64) -> Rating {
    Rating::from_hundredths(hundredths).expect("a valid rating")
}

pub(super) fn category(name: &str) -> Category {
    Category::new(name).expect("a valid category")
}

pub(super) fn adjustment(stock: i64, sales: i64) -> Adjustment {
    Adjustment { stock, sales, reason: "stocktaking".into() }
}

/// Everything, published or not.
pub(super) fn all() -> ProductFilter {
    ProductFilter::of(Visibility::All)
}

/// Everything of one category, published or not.
pub(super) fn all_in(name: &str) -> ProductFilter {
    ProductFilter { category: Some(category(name)), ..all() }
}

/// The draft with some fields set.
pub(super) fn with(mut draft: ProductDraft, change: impl FnOnce(&mut ProductDraft)) -> ProductDraft {
    change(&mut draft);
    draft
}
