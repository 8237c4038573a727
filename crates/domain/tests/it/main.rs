//! The wire form of a product, pinned: a change here means a new wire version and a line in the changelog.

use larder_domain::{Category, Encoded, Price, Product, ProductId, Rating, Version};

const GOLDEN: &str = include_str!("golden/product.json");
const GOLDEN_MINIMAL: &str = include_str!("golden/product_minimal.json");

fn product() -> Product {
    Product {
        id: ProductId::new(122).expect("positive"),
        name: "便携式蓝牙音箱 \"Dusk\"".into(),
        description: "Plays for twenty hours.\n防水。".into(),
        price: "461.79".parse().expect("a price"),
        original_price: Some("599".parse().expect("a price")),
        stock: 17,
        sku: "AUD-000122".into(),
        category: Category::new("electronics").expect("valid"),
        subcategory: Some("speakers".into()),
        brand: Some("Nimbus".into()),
        sales: 1_204,
        popularity: 90_071_992_547_409,
        rating: "4.7".parse().expect("a rating"),
        review_count: 311,
        is_published: true,
        is_featured: false,
        main_image_url: Some("/images/122.jpg".into()),
        created_at: "2024-01-01T01:14:37.123456Z".parse().expect("a time"),
        updated_at: "2024-02-29T23:59:59Z".parse().expect("a time"),
        version: Version(9_007_199_254_740_993),
    }
}

fn minimal() -> Product {
    Product {
        description: String::new(),
        price: Price::from_hundredths(0).expect("a price"),
        original_price: None,
        subcategory: None,
        brand: None,
        rating: Rating::from_hundredths(0).expect("a rating"),
        main_image_url: None,
        ..product()
    }
}

fn json(product: Product) -> String {
    let encoded = Encoded::from_value(product);
    let json = encoded.json().expect("encodes").to_vec();
    String::from_utf8(json).expect("is UTF-8") + "\n"
}

#[test]
fn the_json_of_a_product_is_the_golden_one() {
    assert_eq!(json(product()), GOLDEN);
    assert_eq!(json(minimal()), GOLDEN_MINIMAL);
}

#[test]
fn the_golden_json_reads_back_exactly() {
    for (golden, expected) in [(GOLDEN, product()), (GOLDEN_MINIMAL, minimal())] {
        let read: Product = serde_json::from_str(golden).expect("is a product");
        assert_eq!(read, expected);
    }
}

/// The half of the tag of a changed product that tells edits; the other moves with every change.
fn edited(change: impl FnOnce(&mut Product)) -> String {
    let mut changed = product();
    change(&mut changed);
    let tag = |product: &Product| Encoded::from_value(product.clone()).facts().expect("encodes").tag().to_string();
    let (tag, unchanged) = (tag(&changed), tag(&product()));
    assert_eq!(tag[..17] == unchanged[..17], changed == product());
    tag[17..].to_owned()
}

#[test]
fn the_edited_half_of_a_tag_moves_with_each_member_but_what_views_move() {
    let before = edited(|_| {});
    for after in [
        edited(|product| product.popularity += 1),
        edited(|product| product.popularity = 0),
        edited(|product| product.version = Version(1)),
        edited(|product| product.updated_at = product.created_at),
    ] {
        assert_eq!(before, after);
    }
    let edits: [fn(&mut Product); 17] = [
        |product| product.id = ProductId::new(12).expect("positive"),
        |product| product.name.push('!'),
        |product| product.description.clear(),
        |product| product.price = product.original_price.expect("has one"),
        |product| product.original_price = None,
        |product| product.stock -= 1,
        |product| product.sku.push('0'),
        |product| product.category = Category::new("tea").expect("valid"),
        |product| product.subcategory = None,
        |product| product.brand = None,
        |product| product.sales += 1,
        |product| product.rating = Rating::from_hundredths(0).expect("a rating"),
        |product| product.review_count = 0,
        |product| product.is_published = false,
        |product| product.is_featured = true,
        |product| product.main_image_url = None,
        |product| product.created_at = product.updated_at,
    ];
    for (nth, edit) in edits.into_iter().enumerate() {
        assert_ne!(before, edited(edit), "edit {nth}");
    }
}
