//! Every list is served by an index, as the server itself counts it.

use std::collections::BTreeMap;

use larder_domain::{Category, PageParts, PageRequest, ProductDraft, ProductFilter, ProductQuery, Visibility};
use larder_repository::{Database, Freshness, ProductImport, ProductRepository};
use tokio_postgres::Client;

use crate::databases::{Migrated, PATIENCE, draft, id, imports, until_alone};

const ROWS: i64 = 100_000;
/// More than the five executions after which the server considers a plan that fits all parameters.
const EXECUTIONS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn no_list_reads_the_whole_table() {
    let shop = Migrated::with(|options| larder_repository_postgres::PostgresOptions { pool_size: 1, ..options }).await;
    shop.products.import(&imports(ROWS, assorted)).await.expect("imports");
    let outsider = shop.outsider().await;
    vacuum(&outsider).await;
    let before = scans(&outsider).await;

    for query in all_queries() {
        for _ in 0..EXECUTIONS {
            let page = shop.products.find(&query, Freshness::Latest).await.expect("finds").value;
            assert!(page.total > Some(0), "{query:?}");
        }
    }
    for number in 1..=10 {
        assert!(shop.products.get(id(number), Freshness::Latest).await.expect("gets").value.is_some());
        let ids = [id(number), id(ROWS - number), id(ROWS + number)];
        shop.products.get_many(&ids, Freshness::Latest).await.expect("gets");
    }
    // A session hands its counters in when it ends.
    shop.database.close().await;
    until_alone(&outsider).await;

    let after = scans(&outsider).await;
    assert_eq!(after["products"], before["products"], "sequential scans of products");
    for index in [
        "products_newest",
        "products_newest_published",
        "products_newest_featured",
        "products_category",
        "products_category_published",
        "products_category_featured",
        "products_pkey",
    ] {
        assert!(after[index] > before[index], "{index} serves nothing");
    }
}

/// Until every page is known to hold nothing but committed rows, which index-only scans need; another session's snapshot, such as that of
/// an automatic analyze, may put that off.
async fn vacuum(client: &Client) {
    let visible = "SELECT relallvisible = relpages FROM pg_class WHERE oid = 'products'::regclass";
    let vacuum = async {
        loop {
            client.batch_execute("VACUUM (ANALYZE) products").await.expect("vacuumed");
            if client.query_one(visible, &[]).await.expect("an answer").get(0) {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, vacuum).await.expect("all pages become visible");
}

/// One in ten unpublished, one in twenty featured, twenty categories.
fn assorted(number: i64) -> ProductDraft {
    let mut product = draft(&format!("S-{number}"));
    product.category = Category::new(format!("category {}", number * 7 % 20)).expect("a category");
    product.description = "What a shop says of its goods. ".repeat(8);
    product.is_published = number % 10 != 0;
    product.is_featured = number % 20 == 0 || number % 37 == 0;
    product
}

/// Every filter, near and far pages.
fn all_queries() -> Vec<ProductQuery> {
    let mut queries = Vec::new();
    for category in [None, Some(Category::new("category 3").expect("a category"))] {
        for featured in [None, Some(true), Some(false)] {
            for visibility in [Visibility::Published, Visibility::All] {
                for (number, size) in [(1, 20), (40, 20), (90, 1_000)] {
                    let filter = ProductFilter { category: category.clone(), featured, visibility };
                    let page = PageRequest::new(number, size).expect("a page");
                    queries.push(ProductQuery { filter, page, parts: PageParts::IdsAndTotal });
                }
            }
        }
    }
    queries
}

/// Sequential scans of the table and scans of its indexes since the database was made.
async fn scans(client: &Client) -> BTreeMap<String, i64> {
    let query = "SELECT relname::text, seq_scan FROM pg_stat_user_tables WHERE relname = 'products'
        UNION ALL SELECT indexrelname::text, idx_scan FROM pg_stat_user_indexes WHERE relname = 'products'";
    client.batch_execute("SELECT pg_stat_force_next_flush()").await.expect("flushed");
    let rows = client.query(query, &[]).await.expect("an answer");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
