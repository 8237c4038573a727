//! Every list and every search is served by an index, as the server itself counts it.

use std::collections::BTreeMap;

use larder_domain::{
    Category, PageRequest, Price, PriceRange, ProductDraft, ProductFilter, ProductQuery, Rating, SearchWords, Sort,
    SortKey, SortOrder, Visibility, Window,
};
use larder_repository::{Database, Freshness, ProductImport, ProductRepository};
use tokio_postgres::Client;

use crate::databases::{Migrated, PATIENCE, draft, id, imports, price, until_alone};

const ROWS: i64 = 60_000;
/// The tables that no question may go over.
const TABLES: [&str; 2] = ["products", "product_search"];
/// More than the five executions after which the server considers a plan that fits all parameters.
const EXECUTIONS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn no_list_reads_the_whole_table() {
    let shop = Migrated::with(|options| larder_repository_postgres::PostgresOptions { pool_size: 1, ..options }).await;
    shop.products.import(&imports(ROWS, assorted)).await.expect("imports");
    let outsider = shop.outsider().await;
    vacuum(&outsider).await;
    let before = scans(&outsider).await;

    for query in browsing().into_iter().chain(sorting()).chain(searching()) {
        ask(&shop, &query).await;
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
    for table in TABLES {
        assert_eq!(after[table], before[table], "sequential scans of {table}");
    }
    for (index, scans) in before.iter().filter(|(name, _)| !TABLES.contains(&name.as_str())) {
        let is_for_writes = index.starts_with("products_sku");
        assert!(is_for_writes || after[index] > *scans, "{index} serves nothing");
    }
}

/// Often enough for the server to settle on a plan: from the beginning, and after the place where that ends.
async fn ask(shop: &Migrated, query: &ProductQuery) {
    let mut next = None;
    for _ in 0..EXECUTIONS {
        let page = shop.products.find(query, Freshness::Latest).await.expect("finds").value;
        assert!(page.total > Some(0), "{query:?}");
        next = page.next;
    }
    let Some(place) = next else { return };
    let after = ProductQuery { window: Window::After { place, size: query.window.size() }, ..query.clone() };
    for _ in 0..EXECUTIONS {
        let page = shop.products.find(&after, Freshness::Latest).await.expect("finds").value;
        assert!(!page.ids.is_empty(), "{after:?}");
    }
}

/// Until every page is known to hold nothing but committed rows, which index-only scans need; another session's snapshot, such as that of
/// an automatic analyze, may put that off.
async fn vacuum(client: &Client) {
    let visible =
        "SELECT bool_and(relallvisible = relpages) FROM pg_class WHERE relname IN ('products', 'product_search')";
    let vacuum = async {
        loop {
            client.batch_execute("VACUUM (ANALYZE) products, product_search").await.expect("vacuumed");
            if client.query_one(visible, &[]).await.expect("an answer").get(0) {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, vacuum).await.expect("all pages become visible");
}

/// One in ten unpublished, one in twenty featured, twenty categories; words that are common, rare, and in between.
fn assorted(number: i64) -> ProductDraft {
    let mut product = draft(&format!("S-{number}"));
    product.category = Category::new(format!("category {}", number * 7 % 20)).expect("a category");
    product.description = "What a shop says of its goods. ".repeat(4);
    for (every, word) in [(2, "teapot"), (100, "蓝牙"), (300, "龙"), (10_000, "needle")] {
        if number % every == 1 {
            product.description.push_str(word);
        }
    }
    product.price = Price::from_hundredths(number * 37 % 100_000).expect("a price");
    product.sales = Some(number * 31 % 500);
    product.popularity = Some(number * 17 % 5_000);
    product.rating = Rating::from_hundredths(number * 13 % 501).ok();
    product.is_published = number % 10 != 0;
    product.is_featured = number % 20 == 0 || number % 37 == 0;
    product
}

/// Every filter, near and far pages.
fn browsing() -> Vec<ProductQuery> {
    let mut queries = Vec::new();
    for category in [None, Some(Category::new("category 3").expect("a category"))] {
        for featured in [None, Some(true), Some(false)] {
            for visibility in [Visibility::Published, Visibility::All] {
                for (number, size) in [(1, 20), (40, 20), (50, 1_000)] {
                    let filter =
                        ProductFilter { category: category.clone(), featured, ..ProductFilter::of(visibility) };
                    let page = PageRequest::new(number, size).expect("a page");
                    queries.push(ProductQuery::newest(filter, page));
                }
            }
        }
    }
    queries
}

fn sorted(filter: ProductFilter, key: SortKey, order: SortOrder) -> ProductQuery {
    ProductQuery { sort: Sort { key, order }, ..ProductQuery::newest(filter, PageRequest::new(2, 20).expect("a page")) }
}

/// Every order of everything, of a category, and of ranges of prices.
fn sorting() -> Vec<ProductQuery> {
    let category = ProductFilter { category: Category::new("category 3").ok(), ..ProductFilter::published() };
    let mut filters = vec![ProductFilter::published(), category];
    for (min, max) in [("10", "20"), ("0", "900")] {
        let prices = PriceRange::new(Some(price(min)), Some(price(max))).expect("a range");
        filters.extend(filters.clone()[..2].iter().map(|filter| ProductFilter { prices, ..filter.clone() }));
    }
    let mut queries = Vec::new();
    for key in SortKey::ALL {
        for order in [SortOrder::Ascending, SortOrder::Descending] {
            queries.extend(filters.iter().map(|filter| sorted(filter.clone(), key, order)));
        }
    }
    queries
}

/// Words of one, two and many characters, common and rare, alone and with other filters.
fn searching() -> Vec<ProductQuery> {
    let mut queries = Vec::new();
    for text in ["e", "龙", "蓝牙", "te", "teapot", "needle", "teapot shop", "product teapot what"] {
        let words = SearchWords::parse(text).expect("words");
        let everything = ProductFilter { words, ..ProductFilter::of(Visibility::All) };
        let published = ProductFilter { visibility: Visibility::Published, ..everything.clone() };
        let category = ProductFilter { category: Category::new("category 7").ok(), ..published.clone() };
        let prices = PriceRange::new(Some(price("1")), Some(price("700"))).expect("a range");
        let filters = if text == "needle" {
            vec![everything]
        } else {
            vec![ProductFilter { prices, ..everything.clone() }, everything, category, published]
        };
        queries.extend(filters.into_iter().map(|filter| sorted(filter, SortKey::Popularity, SortOrder::Descending)));
    }
    queries
}

/// Sequential scans of the tables and scans of their indexes since the database was made.
async fn scans(client: &Client) -> BTreeMap<String, i64> {
    let query = "SELECT relname::text, seq_scan FROM pg_stat_user_tables WHERE relname = ANY ($1)
        UNION ALL SELECT indexrelname::text, idx_scan FROM pg_stat_user_indexes WHERE relname = ANY ($1)";
    client.batch_execute("SELECT pg_stat_force_next_flush()").await.expect("flushed");
    let rows = client.query(query, &[&TABLES.as_slice()]).await.expect("an answer");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
