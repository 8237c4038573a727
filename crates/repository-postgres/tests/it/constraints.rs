//! The schema keeps the rules of the domain against everybody, and rows that broke them are reported, never trusted.

use larder_repository::{ErrorKind, Freshness, ProductImport, ProductRepository};

use crate::databases::{Migrated, draft, id, imports, price, refusal};

#[tokio::test]
async fn whatever_the_domain_allows_the_schema_takes() {
    let shop = Migrated::new().await;
    let mut largest = draft("-");
    largest.name = "茶".repeat(200);
    largest.description = "\t茶\r\n".repeat(2_500);
    largest.price = price("9999999999.99");
    largest.original_price = Some(largest.price);
    largest.stock = 1_000_000_000_000;
    largest.sku = "é".repeat(64);
    largest.subcategory = Some("\u{200b}".repeat(64));
    largest.brand = Some("🍵".repeat(100));
    largest.sales = Some(largest.stock);
    largest.popularity = Some(largest.stock);
    largest.rating = Some("5".parse().expect("a rating"));
    largest.review_count = Some(largest.stock);
    largest.main_image_url = Some(format!("/{}", "x".repeat(2_047)));
    let mut smallest = draft("'");
    smallest.price = price("0");
    smallest.rating = Some("0".parse().expect("a rating"));
    for wanted in [largest, smallest] {
        let made = shop.create(&wanted).await;
        assert_eq!((made.name, made.description, made.sku), (wanted.name, wanted.description, wanted.sku));
        assert_eq!((made.price, made.original_price), (wanted.price, wanted.original_price));
        assert_eq!((made.brand, Some(made.rating)), (wanted.brand, wanted.rating));
    }
}

#[tokio::test]
async fn prices_come_back_to_the_hundredth() {
    let shop = Migrated::new().await;
    for text in ["0.00", "0.01", "0.10", "1.00", "100.00", "461.79", "9999.99", "10000.00", "9999999999.99"] {
        let mut wanted = draft(text);
        wanted.price = price(text);
        let made = shop.create(&wanted).await;
        assert_eq!(made.price.to_string(), text);
    }
}

#[tokio::test]
async fn what_the_domain_forbids_nobody_can_store() {
    let shop = Migrated::new().await;
    shop.create(&draft("A")).await;
    let outsider = shop.outsider().await;
    for broken in [
        "name = ''",
        "name = repeat('x', 201)",
        "name = E'\\u3000\\u00a0'",
        "name = E'a\\nb'",
        "name = E'a\\u0085b'",
        "description = repeat('x', 10001)",
        "description = E'\\x01'",
        "price = -0.01",
        "price = 1e10",
        "price = 'NaN'",
        "original_price = -1",
        "stock = -1",
        "stock = 1000000000001",
        "sku = ' '",
        "category = E'\\t'",
        "category = repeat('x', 65)",
        "subcategory = ''",
        "brand = ''",
        "sales = -1",
        "popularity = -1",
        "rating = 5.01",
        "rating = -1",
        "review_count = -1",
        "main_image_url = 'javascript:alert(1)'",
        "created_at = 'infinity'",
        "created_at = '0044-03-15 BC'",
    ] {
        outsider.batch_execute(&format!("UPDATE products SET {broken}")).await.expect_err(broken);
    }
    outsider
        .batch_execute("INSERT INTO products (id, name, price, sku, category) VALUES (0, 'x', 1, 'B', 'c')")
        .await
        .expect_err("an id is positive");
}

#[tokio::test]
async fn a_row_that_is_no_product_is_corrupt() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let outsider = shop.outsider().await;
    for (constraint, broken) in [
        ("category", "category = ''"),
        ("price", "price = -1"),
        ("rating", "rating = 9"),
        ("created_at", "created_at = 'infinity'"),
    ] {
        let undo = format!("ALTER TABLE products ADD CONSTRAINT products_{constraint}_check CHECK (true)");
        outsider
            .batch_execute(&format!(
                "BEGIN; ALTER TABLE products DROP CONSTRAINT products_{constraint}_check; UPDATE products SET {broken}; COMMIT"
            ))
            .await
            .expect("broken");
        assert_eq!(refusal(shop.products.get(product.id, Freshness::Latest).await), ErrorKind::Corrupt, "{broken}");
        assert_eq!(refusal(shop.products.get_many(&[product.id], Freshness::Latest).await), ErrorKind::Corrupt);
        outsider
            .batch_execute("UPDATE products SET category = 'c', price = 1, rating = 1, created_at = now()")
            .await
            .expect("mended");
        outsider.batch_execute(&undo).await.expect("mended");
    }
}

#[tokio::test]
async fn a_time_out_of_range_is_invalid() {
    let shop = Migrated::new().await;
    for second in [-100_000_000_000, -377_000_000_000, 253_380_000_000] {
        let mut rows = imports(1, |_| draft("A"));
        rows[0].created_at = jiff::Timestamp::from_second(second).expect("a time");
        let kind = refusal(shop.products.import(&rows).await);
        assert!(matches!(kind, ErrorKind::Invalid(broken) if broken.violations()[0].field == "created_at"));
    }
    assert_eq!(shop.get(id(1)).await, None);
}
