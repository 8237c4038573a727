//! What a stretch of a list costs: the same wherever in the list it is, however many products are equal, counted in SQLite's own steps.

use larder_domain::{
    Category, PageParts, PageRequest, Price, PriceRange, ProductFilter, ProductQuery, Sort, SortKey, SortOrder, Window,
};
use rusqlite::{Connection, StatementStatus, params_from_iter, types::Value};

use super::{lists, plans::migrated};

/// Half of the prices are equal, the others differ; ratings and sales are equal altogether.
const FILL: &str = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
    INSERT INTO products (name, price, sku, category, popularity, created_at)
    SELECT 'tea', max(n, 1500), 'S-' || n, 'tea', n % 3, n / 2 FROM n";

const SIZE: u32 = 20;
/// A score of rows, at a dozen or two steps each.
const FEW: i32 = 1_000;

/// How many steps the statements of a query take.
fn steps(connection: &Connection, query: &ProductQuery) -> i32 {
    let mut steps = 0;
    let mut missing = i64::from(SIZE) + 1;
    for (statement, values) in lists::select_places(query) {
        let mut select = connection.prepare(&statement).expect("the statement is valid");
        let values = values.into_iter().chain([Value::from(missing), Value::from(0)]);
        let found = select.query_map(params_from_iter(values), |_| Ok(())).expect("the rows are there").count();
        steps += select.get_status(StatementStatus::VmStep);
        missing -= i64::try_from(found).expect("few rows");
        if missing == 0 {
            break;
        }
    }
    steps
}

fn filters() -> [ProductFilter; 3] {
    let price = |hundredths| Price::from_hundredths(hundredths).ok();
    let prices = PriceRange::new(price(1), price(99_999)).expect("a valid range");
    let category = Some(Category::new("tea").expect("a valid category"));
    let all = ProductFilter::published();
    [ProductFilter { prices, ..all.clone() }, ProductFilter { category, prices, ..all.clone() }, all]
}

#[test]
fn what_follows_a_place_costs_the_same_wherever_the_place_is() {
    let mut connection = migrated();
    connection.execute(FILL, []).expect("the products are made");
    let orders = [SortOrder::Ascending, SortOrder::Descending];
    for sort in SortKey::ALL.into_iter().flat_map(|key| orders.map(|order| Sort { key, order })) {
        for (filter, number) in filters().iter().flat_map(|filter| [1, 40, 75, 120, 149].map(|number| (filter, number)))
        {
            let page = Window::Page(PageRequest::new(number, SIZE).expect("a valid page"));
            let query = ProductQuery { filter: filter.clone(), sort, window: page, parts: PageParts::Ids };
            let transaction = connection.transaction().expect("a transaction");
            let place = lists::find(&transaction, &query).ok().and_then(|page| page.next).expect("more follow");
            let query = ProductQuery { window: Window::After { place, size: SIZE }, ..query };
            let cost = steps(&transaction, &query);
            assert!(cost < FEW, "{cost} steps after page {number} of {filter:?} {sort:?}");
        }
    }
}
