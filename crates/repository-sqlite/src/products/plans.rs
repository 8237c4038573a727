//! How SQLite runs each statement that reads: by which index, and never by sorting.

use larder_domain::{
    Category, PageRequest, Price, PriceRange, ProductFilter, ProductId, ProductQuery, SearchWords, Seek, Sort, SortKey,
    SortOrder, Window,
};
use rusqlite::{Connection, TransactionBehavior, params_from_iter, types::Value};

use super::{lists, rows};
use crate::migrations;

pub(super) fn migrated() -> Connection {
    let mut connection = Connection::open_in_memory().expect("memory is there");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).expect("a transaction");
    migrations::apply(&transaction).expect("the migrations apply");
    transaction.commit().expect("the transaction commits");
    connection
}

/// The steps of the plan, joined.
fn plan(connection: &Connection, statement: &str) -> String {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).expect("the statement is valid");
    let parameters = params_from_iter((0..explain.parameter_count()).map(|_| Value::Null));
    let steps = explain.query_map(parameters, |row| row.get::<_, String>("detail")).expect("the plan is there");
    steps.collect::<Result<Vec<_>, _>>().expect("the plan is readable").join("; ")
}

fn filters(words: &str) -> impl Iterator<Item = ProductFilter> {
    let words = SearchWords::parse(words).expect("valid words");
    let price = |hundredths| Price::from_hundredths(hundredths).ok();
    let prices = [PriceRange::default(), PriceRange::new(price(1), price(9)).expect("a valid range")];
    let categories = [None, Some(Category::new("tea").expect("a valid category"))];
    categories.into_iter().flat_map(move |category| {
        let base = ProductFilter { category, words: words.clone(), ..ProductFilter::published() };
        prices.map(|prices| ProductFilter { prices, ..base.clone() })
    })
}

/// Each order, once as a page and once after a place.
fn stretches(filter: &ProductFilter) -> impl Iterator<Item = ProductQuery> {
    let place = Seek { first: 5, second: 5, id: ProductId::new(5).expect("a valid id") };
    let page = PageRequest::new(2, 20).expect("a valid page");
    let orders = [SortOrder::Ascending, SortOrder::Descending];
    let sorts = SortKey::ALL.into_iter().flat_map(move |key| orders.map(|order| Sort { key, order }));
    let windows = [Window::Page(page), Window::After { place, size: 20 }];
    sorts.flat_map(move |sort| {
        windows.map(|window| ProductQuery { sort, window, ..ProductQuery::newest(filter.clone(), page) })
    })
}

#[test]
fn pages_are_read_from_a_covering_index_in_its_order() {
    let connection = migrated();
    for query in filters("").flat_map(|filter| stretches(&filter).collect::<Vec<_>>()) {
        for (statement, _) in lists::select_places(&query) {
            let plan = plan(&connection, &statement);
            assert!(plan.contains("USING COVERING INDEX products_"), "{statement}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{statement}: {plan}");
        }
    }
}

/// Whatever is equal to a place is skipped in the index as well; a range of prices ends the walk.
#[test]
fn what_follows_a_place_is_one_stretch_of_an_index_after_the_other() {
    let connection = migrated();
    for query in filters("").flat_map(|filter| stretches(&filter).collect::<Vec<_>>()) {
        let Window::After { .. } = query.window else { continue };
        let beyond = if query.sort.order == SortOrder::Ascending { ">" } else { "<" };
        let expected = match query.sort.key {
            SortKey::Sales => vec![
                format!("sales=? AND popularity=? AND id{beyond}?"),
                format!("sales=? AND popularity{beyond}?"),
                format!("sales{beyond}?"),
            ],
            SortKey::Price => vec![format!("price=? AND id{beyond}?"), "price>? AND price<?".to_owned()],
            key => vec![format!("{key}=? AND id{beyond}?"), format!("{key}{beyond}?")],
        };
        let category = if query.filter.category.is_some() { "category=? AND " } else { "" };
        let statements = lists::select_places(&query);
        assert_eq!(statements.len(), expected.len());
        for ((statement, _), expected) in statements.iter().zip(expected) {
            let plan = plan(&connection, statement);
            let step = format!(
                "SEARCH products USING COVERING INDEX products_{}by_{} ({category}{expected})",
                if category.is_empty() { "" } else { "in_category_" },
                query.sort.key
            );
            assert_eq!(plan, step, "{statement}");
        }
    }
}

#[test]
fn totals_are_counted_in_a_covering_index() {
    let connection = migrated();
    for filter in filters("") {
        let (statement, _) = lists::select_total(&filter);
        let plan = plan(&connection, &statement);
        assert!(plan.starts_with("SEARCH products USING COVERING INDEX products_"), "{statement}: {plan}");
        assert!(plan.contains("price>? AND price<?"), "{statement}: {plan}");
    }
}

#[test]
fn searches_read_only_rows_that_have_the_words() {
    let connection = migrated();
    for words in ["茶", "绿茶", "e", "tea", "tea 茶 e é", "a b", "é 茶"] {
        for filter in filters(words) {
            let places =
                stretches(&filter).flat_map(|query| lists::select_places(&query)).map(|(statement, _)| statement);
            for statement in places.chain([lists::select_total(&filter).0]) {
                let plan = plan(&connection, &statement);
                assert!(plan.starts_with("SEARCH products USING INTEGER PRIMARY KEY (rowid=?)"), "{statement}: {plan}");
                assert!(plan.contains("VIRTUAL TABLE INDEX"), "{statement}: {plan}");
            }
        }
    }
}

#[test]
fn products_are_found_by_primary_key() {
    let connection = migrated();
    for statement in [rows::SELECT_ONE, rows::SELECT_MANY] {
        let plan = plan(&connection, statement);
        assert!(plan.starts_with("SEARCH products USING INTEGER PRIMARY KEY (rowid=?)"), "{plan}");
    }
}

#[test]
fn figures_do_not_read_the_rows() {
    let connection = migrated();
    for statement in [rows::COUNT, rows::STATS] {
        let plan = plan(&connection, statement);
        assert!(plan.starts_with("SCAN products USING COVERING INDEX"), "{plan}");
    }
}
