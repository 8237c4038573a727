//! What holds for any program that writes to the file with plain SQL.

use larder_domain::{Adjustment, Category, Price, Product, ProductDraft, ProductId};
use larder_repository::{Freshness, ProductRepository};
use larder_repository_sqlite::{SqliteDatabase, SqliteProducts};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::migrated;

/// A catalogue with one product, and a stranger's connection to its file.
async fn with_a_stranger() -> (TempDir, SqliteDatabase, Product, Connection) {
    let (folder, database) = migrated().await;
    let category = Category::new("tea").expect("a valid category");
    let draft = ProductDraft::new("Tea", Price::from_hundredths(100).expect("a valid price"), "A", category);
    let written = SqliteProducts::new(&database).create(&draft).await.expect("create succeeds");
    let stranger = Connection::open(folder.path().join("larder.db")).expect("the file opens");
    (folder, database, written.product.value().expect("a product").clone(), stranger)
}

async fn product(database: &SqliteDatabase, id: ProductId) -> Product {
    let read = SqliteProducts::new(database).get(id, Freshness::Latest).await.expect("get answers");
    read.value.expect("is there").value().expect("a product").clone()
}

#[tokio::test]
async fn a_strangers_update_is_seen_with_a_higher_version() {
    let (_folder, database, before, stranger) = with_a_stranger().await;
    stranger.execute("UPDATE products SET price = 250, version = 7, updated_at = 0", []).expect_err("no such version");
    stranger.execute("UPDATE products SET price = 250", []).expect("the update is allowed");
    let after = product(&database, before.id).await;
    assert_eq!(after.price.hundredths(), 250);
    assert!(after.version > before.version && after.updated_at >= before.updated_at);
    assert_eq!(after.created_at, before.created_at);
}

#[tokio::test]
async fn each_row_of_a_strangers_statement_takes_a_version_of_its_own() {
    let (_folder, database, first, stranger) = with_a_stranger().await;
    let rows = "INSERT INTO products (name, price, sku, category, version) VALUES
        ('Two', 1, 'B', 'tea', 900), ('Three', 1, 'C', 'tea', 900)";
    stranger.execute(rows, []).expect("the insert is allowed");
    stranger.execute("UPDATE products SET stock = stock + 1", []).expect("the update is allowed");
    let mut versions = Vec::new();
    for id in [1, 2, 3] {
        let product = product(&database, ProductId::new(id).expect("a valid id")).await;
        assert_eq!(product.stock, 1);
        versions.push(product.version.0);
    }
    versions.sort_unstable();
    let last = first.version.0 + 5;
    assert_eq!(versions, [last - 2, last - 1, last]);
}

#[tokio::test]
async fn a_removal_takes_a_version_whoever_removes() {
    let (_folder, database, before, stranger) = with_a_stranger().await;
    stranger.execute("DELETE FROM products", []).expect("the removal is allowed");
    let row = "INSERT INTO products (id, name, price, sku, category) VALUES (?1, 'Again', 1, 'A', 'tea')";
    stranger.execute(row, [before.id.get()]).expect("the insert is allowed");
    assert_eq!(product(&database, before.id).await.version.0, before.version.0 + 2);
}

#[tokio::test]
async fn the_schema_refuses_what_the_domain_refuses() {
    let (_folder, database, before, stranger) = with_a_stranger().await;
    for assignment in [
        "id = id + 1",
        "id = -1",
        "version = version + 1",
        "name = ''",
        "name = ' '",
        "name = 'two' || char(10) || 'lines'",
        "name = 'nul' || char(0)",
        "name = 'next' || char(133)",
        "name = substr(hex(zeroblob(101)), 1, 201)",
        "name = NULL",
        "description = hex(zeroblob(5001))",
        "price = -1",
        "price = 1000000000000",
        "price = 1.5",
        "price = 'cheap'",
        "original_price = -1",
        "stock = -1",
        "stock = 1000000000001",
        "sales = -1",
        "popularity = -1",
        "rating = 501",
        "review_count = -1",
        "sku = ''",
        "category = ''",
        "brand = ''",
        "subcategory = ' '",
        "is_published = 2",
        "is_featured = NULL",
        "main_image_url = 'javascript:alert(1)'",
        "created_at = 253370764800000000",
    ] {
        let update = stranger.execute(&format!("UPDATE products SET {assignment}"), []);
        assert!(update.is_err(), "{assignment}");
    }
    assert_eq!(product(&database, before.id).await, before);
}

#[tokio::test]
async fn an_adjustment_keeps_its_reason_and_a_refused_one_does_not() {
    let (_folder, database, before, stranger) = with_a_stranger().await;
    let products = SqliteProducts::new(&database);
    let delivery = Adjustment { stock: 5, sales: 0, reason: "到货".into() };
    let written = products.adjust(before.id, &delivery).await.expect("adjust succeeds");
    let too_much = Adjustment { stock: -6, sales: 6, reason: "sold".into() };
    products.adjust(before.id, &too_much).await.expect_err("five are there");
    products.delete(before.id, larder_repository::Precondition::None).await.expect("delete succeeds");

    let mut kept = stranger
        .prepare("SELECT product_id, stock, sales, reason, version FROM product_adjustments")
        .expect("the table is there");
    let kept: Vec<(i64, i64, i64, String, i64)> =
        kept.query_map([], |row| row.try_into()).and_then(Iterator::collect).expect("the rows are readable");
    assert_eq!(kept, [(before.id.get(), 5, 0, "到货".to_owned(), written.version.0)]);
}
