//! How SQLite runs each statement that reads: by which index, and never by sorting.

use larder_domain::{Category, ProductFilter, Visibility};
use rusqlite::{Connection, TransactionBehavior, params_from_iter, types::Value};

use super::{lists, rows};
use crate::migrations;

fn migrated() -> Connection {
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

fn filters() -> impl Iterator<Item = ProductFilter> {
    let categories = [None, Some(Category::new("tea").expect("a valid category"))];
    let combine = |category: Option<Category>| {
        [None, Some(true), Some(false)].into_iter().flat_map(move |featured| {
            let category = category.clone();
            [Visibility::All, Visibility::Published].map(|visibility| ProductFilter {
                category: category.clone(),
                featured,
                visibility,
            })
        })
    };
    categories.into_iter().flat_map(combine)
}

#[test]
fn pages_and_totals_are_read_from_a_covering_index_in_its_order() {
    let connection = migrated();
    for filter in filters() {
        for statement in [lists::select_ids(&filter), lists::select_total(&filter)] {
            let plan = plan(&connection, &statement);
            assert!(plan.contains("USING COVERING INDEX products_"), "{statement}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{statement}: {plan}");
            let step = if filter.category.is_some() { "SEARCH products" } else { "SCAN products" };
            assert!(plan.starts_with(step), "{statement}: {plan}");
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
