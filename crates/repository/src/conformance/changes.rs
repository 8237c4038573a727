//! Creating, replacing, patching, removing and adjusting, as long as nothing stands against it.

use larder_domain::{Price, ProductDraft, ProductPatch};

use super::{
    Subject,
    samples::{adjustment, category, full, plain, price, rating, with},
};
use crate::Precondition;

pub async fn a_minimal_draft_starts_with_defaults_and_zeroes(subject: Subject) {
    let made = subject.create(&plain("A")).await;
    assert_eq!((made.name.as_str(), made.description.as_str(), made.sku.as_str()), ("Product A", "", "A"));
    assert_eq!((made.price, made.original_price, made.category), (price(1_250), None, category("tea")));
    assert_eq!((made.stock, made.sales, made.popularity, made.review_count), (0, 0, 0, 0));
    assert_eq!(made.rating, rating(0));
    assert_eq!((made.subcategory, made.brand, made.main_image_url), (None, None, None));
    assert!(made.is_published && !made.is_featured);
    assert_eq!(made.created_at, made.updated_at);
    assert!(made.id.get() > 0 && made.version.0 > 0);
}

pub async fn a_full_draft_is_kept_field_by_field(subject: Subject) {
    let made = subject.create(&full("A")).await;
    assert_eq!(draft_of(&made), full("A"));
    assert_eq!(made.discount_rate().to_string(), "22.91");
}

pub async fn figures_of_a_new_product_are_taken_from_the_draft(subject: Subject) {
    let made = subject
        .create(&with(plain("A"), |draft| {
            draft.sales = Some(5);
            draft.rating = Some(rating(500));
        }))
        .await;
    assert_eq!((made.sales, made.popularity, made.rating, made.review_count), (5, 0, rating(500), 0));
}

pub async fn replacing_sets_every_field_of_the_draft(subject: Subject) {
    let made = subject.create(&plain("A")).await;
    let replaced = subject.replace(made.id, &with(full("B"), |draft| draft.is_published = false)).await;
    assert_eq!(draft_of(&replaced), with(full("B"), |draft| draft.is_published = false));
}

pub async fn replacing_keeps_figures_left_out_and_clears_the_rest(subject: Subject) {
    let made = subject.create(&with(full("A"), |draft| draft.is_published = false)).await;
    let replaced = subject.replace(made.id, &plain("A")).await;
    assert_eq!((replaced.sales, replaced.popularity, replaced.review_count), (41, 1_234, 9));
    assert_eq!(replaced.rating, rating(437));
    assert_eq!((replaced.original_price, replaced.subcategory, replaced.brand), (None, None, None));
    assert_eq!((replaced.main_image_url, replaced.description.as_str(), replaced.stock), (None, "", 0));
    assert!(replaced.is_published && !replaced.is_featured);

    let replaced = subject.replace(made.id, &with(plain("A"), |draft| draft.popularity = Some(0))).await;
    assert_eq!((replaced.sales, replaced.popularity), (41, 0));
}

pub async fn a_patch_sets_one_field_and_keeps_the_rest(subject: Subject) {
    let id = subject.create(&full("A")).await.id;
    let mut expected = full("A");
    for (patch, change) in single_field_patches() {
        change(&mut expected);
        let patched = subject.patch(id, patch.clone()).await;
        assert_eq!(draft_of(&patched), expected, "{patch:?}");
    }
}

pub async fn a_patch_clears_what_may_be_absent(subject: Subject) {
    let id = subject.create(&full("A")).await.id;
    let patch = ProductPatch {
        original_price: Some(None),
        subcategory: Some(None),
        brand: Some(None),
        main_image_url: Some(None),
        ..ProductPatch::default()
    };
    let expected = with(full("A"), |draft| {
        draft.original_price = None;
        draft.subcategory = None;
        draft.brand = None;
        draft.main_image_url = None;
    });
    assert_eq!(draft_of(&subject.patch(id, patch.clone()).await), expected);
    assert_eq!(draft_of(&subject.patch(id, patch).await), expected, "clearing what is clear");
}

pub async fn a_patch_of_every_field_is_a_replacement(subject: Subject) {
    let id = subject.create(&plain("A")).await.id;
    let draft = full("B");
    let patch = ProductPatch {
        name: Some(draft.name.clone()),
        description: Some(draft.description.clone()),
        price: Some(draft.price),
        original_price: Some(draft.original_price),
        stock: Some(draft.stock),
        sku: Some(draft.sku.clone()),
        category: Some(draft.category.clone()),
        subcategory: Some(draft.subcategory.clone()),
        brand: Some(draft.brand.clone()),
        sales: draft.sales,
        popularity: draft.popularity,
        rating: draft.rating,
        review_count: draft.review_count,
        is_published: Some(draft.is_published),
        is_featured: Some(draft.is_featured),
        main_image_url: Some(draft.main_image_url.clone()),
    };
    assert_eq!(draft_of(&subject.patch(id, patch).await), draft);
}

pub async fn a_change_leaves_other_products_alone(subject: Subject) {
    let other = subject.create(&full("A")).await;
    let id = subject.create(&full("B")).await.id;
    subject.replace(id, &plain("B")).await;
    subject
        .patch(id, ProductPatch { price: Some(Price::from_hundredths(1).expect("valid")), ..Default::default() })
        .await;
    subject.adjust(id, &adjustment(3, 0)).await;
    subject.delete(id, Precondition::None).await;
    assert_eq!(subject.product(other.id).await, other);
}

pub async fn a_stock_keeping_unit_is_free_again_after_removal_or_change(subject: Subject) {
    let first = subject.create(&plain("A")).await;
    subject.replace(first.id, &plain("B")).await;
    let second = subject.create(&plain("A")).await;
    subject.delete(second.id, Precondition::None).await;
    let third = subject.create(&plain("A")).await;
    subject.replace(third.id, &with(plain("A"), |draft| draft.name = "Own sku".into())).await;
}

pub async fn adjusting_moves_both_counters_and_nothing_else(subject: Subject) {
    let made = subject.create(&full("A")).await;
    let sold = subject.adjust(made.id, &adjustment(-2, 2)).await;
    assert_eq!((sold.stock, sold.sales), (15, 43));
    assert_eq!(
        draft_of(&sold),
        with(full("A"), |draft| {
            draft.stock = 15;
            draft.sales = Some(43);
        })
    );
    let delivered = subject.adjust(made.id, &adjustment(100, 0)).await;
    assert_eq!((delivered.stock, delivered.sales), (115, 43));
    let returned = subject.adjust(made.id, &adjustment(0, -43)).await;
    assert_eq!((returned.stock, returned.sales), (115, 0));
    let sold_out = subject.adjust(made.id, &adjustment(-115, 0)).await;
    assert_eq!((sold_out.stock, sold_out.sales), (0, 0));
    assert_eq!(subject.stats().await.total_stock, 0);
}

type PatchAndEffect = (ProductPatch, fn(&mut ProductDraft));

/// A patch per field, with what it does to a draft.
fn single_field_patches() -> [PatchAndEffect; 16] {
    let none = ProductPatch::default;
    [
        (ProductPatch { name: Some("Name".into()), ..none() }, |draft| draft.name = "Name".into()),
        (ProductPatch { description: Some(String::new()), ..none() }, |draft| draft.description = String::new()),
        (ProductPatch { price: Some(price(7)), ..none() }, |draft| draft.price = price(7)),
        (ProductPatch { original_price: Some(Some(price(8))), ..none() }, |draft| {
            draft.original_price = Some(price(8));
        }),
        (ProductPatch { stock: Some(3), ..none() }, |draft| draft.stock = 3),
        (ProductPatch { sku: Some("Z".into()), ..none() }, |draft| draft.sku = "Z".into()),
        (ProductPatch { category: Some(category("cups")), ..none() }, |draft| draft.category = category("cups")),
        (ProductPatch { subcategory: Some(Some("green".into())), ..none() }, |draft| {
            draft.subcategory = Some("green".into());
        }),
        (ProductPatch { brand: Some(Some("Brook".into())), ..none() }, |draft| draft.brand = Some("Brook".into())),
        (ProductPatch { sales: Some(4), ..none() }, |draft| draft.sales = Some(4)),
        (ProductPatch { popularity: Some(5), ..none() }, |draft| draft.popularity = Some(5)),
        (ProductPatch { rating: Some(rating(1)), ..none() }, |draft| draft.rating = Some(rating(1))),
        (ProductPatch { review_count: Some(6), ..none() }, |draft| draft.review_count = Some(6)),
        (ProductPatch { is_published: Some(false), ..none() }, |draft| draft.is_published = false),
        (ProductPatch { is_featured: Some(false), ..none() }, |draft| draft.is_featured = false),
        (ProductPatch { main_image_url: Some(Some("/a".into())), ..none() }, |draft| {
            draft.main_image_url = Some("/a".into());
        }),
    ]
}

/// The draft that would make this product again.
fn draft_of(product: &larder_domain::Product) -> ProductDraft {
    let product = product.clone();
    with(ProductDraft::new(product.name, product.price, product.sku, product.category), |draft| {
        draft.description = product.description;
        draft.original_price = product.original_price;
        draft.stock = product.stock;
        draft.subcategory = product.subcategory;
        draft.brand = product.brand;
        draft.sales = Some(product.sales);
        draft.popularity = Some(product.popularity);
        draft.rating = Some(product.rating);
        draft.review_count = Some(product.review_count);
        draft.is_published = product.is_published;
        draft.is_featured = product.is_featured;
        draft.main_image_url = product.main_image_url;
    })
}
