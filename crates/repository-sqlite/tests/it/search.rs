//! The index of words, whoever changes the texts: a stranger's statements keep it right.

use larder_domain::{PageRequest, ProductFilter, ProductId, ProductQuery, SearchWords, Visibility};
use larder_repository::{Freshness, ProductRepository};
use larder_repository_sqlite::{SqliteDatabase, SqliteProducts};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::migrated;

/// A catalogue with a teapot and a kettle, and a stranger's connection to its file.
async fn with_a_stranger() -> (TempDir, SqliteDatabase, Connection) {
    let (folder, database) = migrated().await;
    let stranger = Connection::open(folder.path().join("larder.db")).expect("the file opens");
    let rows = "INSERT INTO products (id, name, price, sku, category) VALUES
        (1, 'Teapot 茶壶', 1, 'A', 'tea'), (2, 'Kettle 水壶', 1, 'B', 'tea')";
    stranger.execute(rows, []).expect("the insert is allowed");
    (folder, database, stranger)
}

/// What a search answers, the newest first, with its total checked.
async fn found(database: &SqliteDatabase, text: &str) -> Vec<i64> {
    let words = SearchWords::parse(text).expect("valid words");
    let filter = ProductFilter { words, ..ProductFilter::of(Visibility::All) };
    let query = ProductQuery::newest(filter, PageRequest::new(1, 100).expect("a valid page"));
    let page = SqliteProducts::new(database).find(&query, Freshness::Latest).await.expect("find answers").value;
    assert_eq!(page.total, Some(page.ids.len() as u64), "{text}");
    let mut ids: Vec<_> = page.ids.into_iter().map(ProductId::get).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn a_strangers_rows_are_found() {
    let (_folder, database, stranger) = with_a_stranger().await;
    for (text, ids) in [("茶壶", vec![1]), ("壶", vec![1, 2]), ("pot", vec![1]), ("水", vec![2]), ("t", vec![1, 2])]
    {
        assert_eq!(found(&database, text).await, ids, "{text}");
    }
    stranger.execute("DELETE FROM products WHERE id = 1", []).expect("the removal is allowed");
    assert_eq!(found(&database, "壶").await, [2]);
}

#[tokio::test]
async fn a_strangers_update_moves_a_product_from_old_words_to_new_ones() {
    let (_folder, database, stranger) = with_a_stranger().await;
    stranger.execute("UPDATE products SET name = upper(name), description = '绿茶' WHERE id = 1", []).expect("updated");
    stranger.execute("UPDATE products SET name = 'Cup 杯' WHERE id = 2", []).expect("updated");
    let expected =
        [("壶", vec![1]), ("kettle", vec![]), ("ke", vec![]), ("杯", vec![2]), ("茶", vec![1]), ("teapot", vec![1])];
    for (text, ids) in expected {
        assert_eq!(found(&database, text).await, ids, "{text}");
    }
}

/// The index keeps one form of each letter; short words are looked up in that form.
#[tokio::test]
async fn other_forms_of_a_letter_are_that_letter() {
    let (_folder, database, stranger) = with_a_stranger().await;
    stranger.execute("UPDATE products SET name = 'ΛΟΓΟΣ 5µ' WHERE id = 1", []).expect("updated");
    for text in ["ΟΣ", "ος", "οσ", "Σ", "ς", "λογος", "ΛΟΓΟΣ", "µ", "5μ"] {
        assert_eq!(found(&database, text).await, [1], "{text}");
    }
}

/// Nothing is fired for a row that OR REPLACE removes: its words may stay behind, but they find nothing, nor the next product of its id.
#[tokio::test]
async fn the_words_of_a_replaced_row_find_nothing() {
    let (_folder, database, stranger) = with_a_stranger().await;
    for statement in [
        "REPLACE INTO products (id, name, price, sku, category) VALUES (2, 'Cup 杯', 1, 'C', 'tea')",
        "REPLACE INTO products (id, name, price, sku, category) VALUES (9, 'Jug 罐', 1, 'A', 'tea')",
        "INSERT INTO products (id, name, price, sku, category) VALUES (1, 'Bowl 碗', 1, 'D', 'tea')",
        "UPDATE OR REPLACE products SET sku = 'C', name = 'Bowls 碗' WHERE id = 1",
    ] {
        stranger.execute(statement, []).expect("it is allowed");
        for gone in ["kettle", "水", "水壶", "teapot", "茶壶"] {
            assert!(!found(&database, gone).await.contains(&2), "{gone} after {statement}");
        }
    }
    for (text, ids) in
        [("壶", vec![]), ("cup", vec![]), ("罐", vec![9]), ("碗", vec![1]), ("teapot", vec![]), ("bowls", vec![1])]
    {
        assert_eq!(found(&database, text).await, ids, "{text}");
    }
}

#[tokio::test]
async fn a_row_that_is_ignored_leaves_the_words_of_the_other() {
    let (_folder, database, stranger) = with_a_stranger().await;
    let ignored = "INSERT OR IGNORE INTO products (id, name, price, sku, category) VALUES (7, 'Cup', 1, 'A', 'tea')";
    assert_eq!(stranger.execute(ignored, []).expect("it is allowed"), 0);
    let merged = "INSERT INTO products (id, name, price, sku, category) VALUES (8, 'Jug 罐', 1, 'B', 'tea')
        ON CONFLICT (sku) DO UPDATE SET name = excluded.name";
    stranger.execute(merged, []).expect("it is allowed");
    for (text, ids) in [("teapot", vec![1]), ("cup", vec![]), ("kettle", vec![]), ("罐", vec![2])] {
        assert_eq!(found(&database, text).await, ids, "{text}");
    }
}

#[tokio::test]
async fn a_rollback_leaves_the_words_as_they_were() {
    let (_folder, database, stranger) = with_a_stranger().await;
    stranger.execute_batch("BEGIN; UPDATE products SET name = 'Cup'; DELETE FROM products; ROLLBACK").expect("undone");
    assert_eq!(found(&database, "壶").await, [1, 2]);
    assert_eq!(found(&database, "cup").await, Vec::<i64>::new());
}

#[tokio::test]
async fn the_index_is_whole_after_many_changes() {
    let (_folder, database, stranger) = with_a_stranger().await;
    let fill = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
        INSERT INTO products (name, description, price, sku, category) SELECT '茶 ' || n, 'tea', 1, 'S-' || n, 'tea' FROM n";
    stranger.execute(fill, []).expect("the insert is allowed");
    stranger.execute("UPDATE products SET name = '绿茶 ' || id WHERE id % 3 = 0", []).expect("updated");
    stranger.execute("DELETE FROM products WHERE id % 7 = 0", []).expect("removed");
    stranger.execute("INSERT INTO products_text (products_text) VALUES ('integrity-check')", []).expect("it is whole");
    stranger.execute("INSERT INTO products_text (products_text) VALUES ('optimize')", []).expect("it is merged");
    let count = |condition: &str| -> i64 {
        let count = format!("SELECT count(*) FROM products WHERE {condition}");
        stranger.query_row(&count, [], |row| row.get(0)).expect("a count")
    };
    let expected = count("name LIKE '%绿茶%'");
    assert!((500..700).contains(&expected));
    let words = SearchWords::parse("绿茶").expect("valid words");
    let filter = ProductFilter { words, ..ProductFilter::of(Visibility::All) };
    let query = ProductQuery::newest(filter, PageRequest::new(1, 1).expect("a valid page"));
    let page = SqliteProducts::new(&database).find(&query, Freshness::Latest).await.expect("find answers").value;
    assert_eq!(page.total, Some(expected.cast_unsigned()));
}
