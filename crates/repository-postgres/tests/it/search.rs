//! What is searched is kept beside the products, folded alike in every locale.

use larder_domain::{PageRequest, ProductFilter, ProductId, ProductQuery, SearchWords};
use larder_repository::{Database, Freshness, ProductImport, ProductRepository};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions};
use larder_test_support::Postgres;
use tokio_postgres::Client;

use crate::databases::{Migrated, connect, draft, id, imports};

async fn found(shop: &Migrated, text: &str) -> Vec<ProductId> {
    let filter = ProductFilter { words: SearchWords::parse(text).expect("words"), ..ProductFilter::published() };
    let query = ProductQuery::newest(filter, PageRequest::new(1, 20).expect("a page"));
    let page = shop.products.find(&query, Freshness::Latest).await.expect("finds").value;
    assert_eq!(page.total, Some(page.ids.len() as u64), "{text}");
    page.ids
}

/// The letters that the schema folds, of which each has one small letter.
fn letters() -> impl Iterator<Item = char> {
    let blocks = ['\0'..='\u{24f}', '\u{370}'..='\u{58f}', '\u{1e00}'..='\u{1eff}', '\u{ff21}'..='\u{ff3a}'];
    blocks.into_iter().flatten().filter(|letter| *letter != '\0')
}

async fn assert_folded(client: &Client, locale: &str) {
    for letter in letters() {
        let text = letter.to_string();
        let folded: String = client.query_one("SELECT fold_case($1)", &[&text]).await.expect("an answer").get(0);
        assert_eq!(folded, text.to_lowercase().replace('ς', "σ"), "{letter} in {locale}");
    }
}

#[tokio::test]
async fn letters_are_folded_as_words_are_in_every_locale() {
    let server = Postgres::shared().await.expect("a server");
    let admin = connect(&server.url()).await;
    for locale in ["C", "C.UTF-8"] {
        let name = format!("folding_{}_{}", std::process::id(), locale.len());
        let make = format!(
            "CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0 LC_COLLATE '{locale}' LC_CTYPE '{locale}'"
        );
        admin.batch_execute(&make).await.expect("created");
        let url = server.url_at(server.address(), &name);
        let options = PostgresOptions { pool_size: 1, ..PostgresOptions::new(&url) };
        let database = PostgresDatabase::new(options).expect("usable options");
        database.migrate().await.expect("migrates");
        assert_folded(&connect(&url).await, locale).await;
        database.close().await;
        admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("dropped");
    }
}

#[tokio::test]
async fn words_of_many_scripts_are_found_in_any_case() {
    let shop = Migrated::new().await;
    let names = ["ÉCLAIR Ёлка", "ΟΔΟΣ Οδός", "İstanbul", "ＴＥＡ 茶壶", "Straße ẞ"];
    let made = imports(names.len() as i64, |number| {
        let mut product = draft(&format!("S-{number}"));
        product.name = names[usize::try_from(number).expect("small") - 1].to_owned();
        product
    });
    shop.products.import(&made).await.expect("imports");
    let cases = [
        ("éclair", 1),
        ("éCL", 1),
        ("É", 1),
        ("ёлКА", 1),
        ("οδος", 2),
        ("ΟΔΌΣ", 2),
        ("ός", 2),
        ("σ", 2),
        ("İSTANBUL", 3),
        ("ｔｅａ", 4),
        ("壶", 4),
        ("茶壶", 4),
        ("STRAßE", 5),
        ("ẞ", 5),
    ];
    for (text, number) in cases {
        assert_eq!(found(&shop, text).await, [id(number)], "{text}");
    }
    assert_eq!(found(&shop, "éclair 茶").await, []);
}

/// Past every process of ours, and in sessions that play a replica.
#[tokio::test]
async fn changes_by_sql_are_searched_at_once() {
    let shop = Migrated::new().await;
    let product = shop.create(&draft("A")).await;
    let outsider = shop.outsider().await;
    for (change, text) in [
        ("UPDATE products SET name = 'Grüner Tee'", "grüner"),
        ("UPDATE products SET description = '100% a_b c\\d'", "100% a_b c\\d"),
        ("SET session_replication_role = replica; UPDATE products SET name = '铁观音'", "铁观音"),
        ("UPDATE products SET category = 'oolong', price = 7, is_featured = true", "观音"),
    ] {
        outsider.batch_execute(change).await.expect("updated");
        assert_eq!(found(&shop, text).await, [product.id], "{change}");
    }
    for nothing in ["grüner", "a%b", "0_", "c\\\\"] {
        assert_eq!(found(&shop, nothing).await, [], "{nothing}");
    }
    let kept = "SELECT count(*) FROM product_search JOIN products ON products.id = product_id
        WHERE product_search.category = products.category AND product_search.price = products.price
        AND product_search.is_featured = products.is_featured";
    assert_eq!(outsider.query_one(kept, &[]).await.expect("an answer").get::<_, i64>(0), 1);
    outsider.batch_execute("TRUNCATE products").await.expect("truncated");
    assert_eq!(found(&shop, "观音").await, []);
}

/// A change of a figure that is counted often does not write the index of texts.
#[tokio::test]
async fn what_is_searched_is_not_written_for_a_view_or_a_sale() {
    let shop = Migrated::new().await;
    shop.create(&draft("A")).await;
    let outsider = shop.outsider().await;
    let place = "SELECT ctid::text FROM product_search";
    let before: String = outsider.query_one(place, &[]).await.expect("an answer").get(0);
    outsider.batch_execute("UPDATE products SET popularity = 5, sales = 6, stock = 7, rating = 4").await.expect("set");
    assert_eq!(outsider.query_one(place, &[]).await.expect("an answer").get::<_, String>(0), before);
}
