//! What the demo products promise: the same rows for ever, valid ones, and such as a shop has.

use std::collections::{BTreeMap, HashSet};

use larder_repository::ImportedProduct;

/// Enough to tell a share of five percent from one of six.
const MANY: u32 = 50_000;

fn share(belongs: impl Fn(&ImportedProduct) -> bool) -> f64 {
    let count = larder_demo_data::products(MANY).filter(belongs).count();
    f64::from(u32::try_from(count).expect("a small number")) / f64::from(MANY)
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character))
}

/// All fields of a product, each on a line of its own.
fn described(product: &ImportedProduct) -> String {
    let draft = &product.draft;
    let figures =
        [draft.stock, draft.sales.unwrap_or(-1), draft.popularity.unwrap_or(-1), draft.review_count.unwrap_or(-1)];
    let lines = [
        format!("{} of {}", product.id, product.created_at),
        draft.name.clone(),
        draft.description.clone(),
        format!("price {}, before {:?}", draft.price, draft.original_price.map(|price| price.to_string())),
        format!("sku {}, category {}, subcategory {:?}", draft.sku, draft.category, draft.subcategory),
        format!("brand {:?}, picture {:?}", draft.brand, draft.main_image_url),
        format!(
            "stock, sales, popularity, reviews {figures:?}, rating {:?}",
            draft.rating.map(|rating| rating.to_string())
        ),
        format!("published {}, featured {}", draft.is_published, draft.is_featured),
    ];
    lines.join("\n") + "\n\n"
}

#[test]
fn some_rows_are_pinned() {
    let pinned = [1, 2, 3, 4, 122, 1_000, 10_000];
    let rows: String = larder_demo_data::products(10_000)
        .filter(|product| pinned.contains(&product.id.get()))
        .map(|product| described(&product))
        .collect();
    assert_eq!(rows, include_str!("golden.txt"), "the demo products changed; no release may do that lightly");
}

#[test]
fn more_products_change_none_of_the_first() {
    let few: Vec<_> = larder_demo_data::products(500).collect();
    let many: Vec<_> = larder_demo_data::products(2_000).take(500).collect();
    assert_eq!(few, many);
    assert_eq!(few.len(), 500);
    assert_eq!(larder_demo_data::products(0).count(), 0);
}

#[test]
fn ids_count_from_one_and_later_ones_are_newer() {
    let products: Vec<_> = larder_demo_data::products(MANY).collect();
    assert!(products.iter().zip(1..).all(|(product, id)| product.id.get() == id));
    assert!(products.is_sorted_by(|earlier, later| earlier.created_at < later.created_at));
}

#[test]
fn every_product_keeps_the_rules_of_the_domain() {
    for product in larder_demo_data::products(MANY) {
        assert_eq!(product.draft.validate(), Ok(()), "{product:?}");
    }
}

#[test]
fn no_two_products_have_one_sku() {
    let skus: HashSet<_> = larder_demo_data::products(MANY).map(|product| product.draft.sku).collect();
    assert_eq!(skus.len(), usize::try_from(MANY).expect("a small number"));
    // Beyond these as well, because each ends in its id.
    for product in larder_demo_data::products(MANY) {
        let number = product.draft.sku.rsplit('-').next().and_then(|digits| digits.parse::<i64>().ok());
        assert_eq!(number, Some(product.id.get()));
    }
}

/// A name, the share of all products, and what belongs to it.
type Share = (&'static str, f64, fn(&ImportedProduct) -> bool);

#[test]
fn shares_are_those_of_a_shop() {
    let expected: [Share; 6] = [
        ("Chinese", 0.50, |product| is_chinese(&product.draft.name)),
        ("published", 0.95, |product| product.draft.is_published),
        ("featured", 0.08, |product| product.draft.is_featured),
        ("reduced", 0.25, |product| product.draft.original_price.is_some()),
        ("sold out", 0.04, |product| product.draft.stock == 0),
        ("unrated", 0.06, |product| product.draft.rating.is_some_and(|rating| rating.hundredths() == 0)),
    ];
    for (name, share_of_all, belongs) in expected {
        let found = share(belongs);
        assert!((found - share_of_all).abs() < 0.01, "{name}: {found}");
    }
}

#[test]
fn a_product_speaks_one_language() {
    for product in larder_demo_data::products(MANY) {
        let draft = product.draft;
        let chinese = is_chinese(&draft.name);
        assert_eq!(is_chinese(&draft.description), chinese, "{}: {}", draft.name, draft.description);
        assert_eq!(draft.brand.as_deref().map(is_chinese), Some(chinese), "{}", draft.name);
    }
}

#[test]
fn reductions_are_reductions() {
    for product in larder_demo_data::products(MANY) {
        if let Some(original) = product.draft.original_price {
            let percent = product.draft.price.discount_from(Some(original));
            assert!(percent >= 4.into() && percent <= 60.into(), "{percent} percent of {original}");
        }
    }
}

#[test]
fn twelve_categories_of_plain_words_are_about_equally_full() {
    let mut sizes = BTreeMap::new();
    for product in larder_demo_data::products(MANY) {
        *sizes.entry(product.draft.category).or_insert(0_u32) += 1;
    }
    assert_eq!(sizes.len(), 12);
    for (category, size) in sizes {
        assert!(category.as_str().bytes().all(|byte| byte.is_ascii_lowercase()), "{category}");
        assert!((MANY / 14..MANY / 10).contains(&size), "{category}: {size}");
    }
}

#[test]
fn a_few_products_draw_most_of_the_views() {
    let mut views: Vec<_> = larder_demo_data::products(MANY).filter_map(|product| product.draft.popularity).collect();
    views.sort_unstable_by(|left, right| right.cmp(left));
    let (all, top): (i64, i64) = (views.iter().sum(), views[..views.len() / 10].iter().sum());
    assert!(top * 10 > all * 6, "a tenth of the products has {top} of {all} views");
}

#[test]
fn product_122_is_one_to_show() {
    let product = larder_demo_data::products(122).last().expect("there are 122").draft;
    assert_eq!(product.name, "潮雀便携式蓝牙音箱 午夜蓝");
    assert!(product.is_published && product.is_featured && product.stock > 0 && product.original_price.is_some());
    assert!(product.rating.is_some_and(|rating| rating.hundredths() > 400));
}
