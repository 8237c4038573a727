//! Lists: a stretch of ids in one of ten orders, and how many there are in all; the two travel together.

use deadpool_postgres::Client;
use jiff::Timestamp;
use larder_domain::{
    PageParts, Price, ProductFilter, ProductId, ProductPage, ProductQuery, Rating, Seek, Sort, SortKey, SortOrder,
    Visibility, Window,
};
use rust_decimal::Decimal;
use tokio_postgres::{Row, types::Type};

use super::{search, statement::Statement};
use crate::{failure::Failure, rows};

const FIND_IDS: &str = include_str!("../../queries/find_ids.sql");
const FIND_TOTAL: &str = include_str!("../../queries/find_total.sql");

/// The microseconds of the years 1 and 9999, between which the schema keeps times. A place outside comes before all of them, or after.
const TIMES: (i64, i64) = (-62_135_596_800_000_000, 253_370_764_800_000_000);

pub(super) async fn find(client: &Client, query: &ProductQuery) -> Result<ProductPage, Failure> {
    match query.parts {
        PageParts::Ids => stretch(client, query).await,
        PageParts::Total => Ok(ProductPage { total: Some(total(client, &query.filter).await?), ..Default::default() }),
        PageParts::IdsAndTotal => {
            // Polled together on one connection, the two queries are sent without waiting for each other's answer.
            let (page, total) = tokio::try_join!(stretch(client, query), total(client, &query.filter))?;
            Ok(ProductPage { total: Some(total), ..page })
        }
    }
}

async fn stretch(client: &Client, query: &ProductQuery) -> Result<ProductPage, Failure> {
    let rows = if query.filter.words.is_empty() {
        let mut find = Statement::new(FIND_IDS);
        let conditions = stretch_conditions(&mut find, "p", query)?;
        find.fill("{conditions}", &conditions);
        arrange(&mut find, query);
        run(&find, client, &query.filter).await?
    } else {
        search::stretch(client, query).await?
    };
    page(&rows, query)
}

async fn total(client: &Client, filter: &ProductFilter) -> Result<u64, Failure> {
    let rows = if filter.words.is_empty() {
        let mut count = Statement::new(FIND_TOTAL);
        let conditions = conditions(&mut count, "p", filter);
        count.fill("{conditions}", &conditions);
        run(&count, client, filter).await?
    } else {
        search::total(client, filter).await?
    };
    rows::count(rows.first().ok_or_else(|| Failure::row("a count without an answer"))?, 0)
}

/// There are few statements without prices, and one plan of each fits all categories. Which index is best for prices depends on them.
async fn run(statement: &Statement, client: &Client, filter: &ProductFilter) -> Result<Vec<Row>, Failure> {
    if filter.prices.is_unbounded() { statement.run_prepared(client).await } else { statement.run_once(client).await }
}

/// The ids of the rows; one row more than was asked for shows that others follow.
fn page(rows: &[Row], query: &ProductQuery) -> Result<ProductPage, Failure> {
    let size = usize::try_from(query.window.size()).unwrap_or(usize::MAX);
    let shown = &rows[..rows.len().min(size)];
    let ids = shown.iter().map(id).collect::<Result<_, _>>()?;
    let last = if rows.len() > size { shown.last() } else { None };
    Ok(ProductPage { ids, next: last.map(|row| place(row, query.sort.key)).transpose()?, total: None })
}

fn id(row: &Row) -> Result<ProductId, Failure> {
    ProductId::new(rows::cell(row, 0)?).map_err(Failure::row)
}

/// As [`Sort::place`]: the columns after the id are those that the list is sorted by.
fn place(row: &Row, key: SortKey) -> Result<Seek, Failure> {
    let first = match key {
        SortKey::CreatedAt => rows::cell::<Timestamp>(row, 1)?.as_microsecond(),
        SortKey::Price => Price::new(rows::cell(row, 1)?).map_err(Failure::row)?.hundredths(),
        SortKey::Rating => Rating::new(rows::cell(row, 1)?).map_err(Failure::row)?.hundredths(),
        SortKey::Sales | SortKey::Popularity => rows::cell(row, 1)?,
    };
    let second = if key == SortKey::Sales { rows::cell(row, 2)? } else { 0 };
    Ok(Seek { first, second, id: id(row)? })
}

/// The columns that a list is sorted by before the id.
fn columns(key: SortKey) -> &'static [&'static str] {
    match key {
        SortKey::CreatedAt => &["p.created_at"],
        SortKey::Price => &["p.price"],
        SortKey::Sales => &["p.sales", "p.popularity"],
        SortKey::Popularity => &["p.popularity"],
        SortKey::Rating => &["p.rating"],
    }
}

/// How many rows are asked for: one more than are shown.
pub(super) fn limit(window: Window) -> i64 {
    i64::from(window.size()) + 1
}

/// How many rows come before them.
pub(super) fn offset(window: Window) -> i64 {
    match window {
        Window::Page(page) => i64::try_from(page.offset()).unwrap_or(i64::MAX),
        Window::After { .. } => 0,
    }
}

/// Fills in the columns, the order, and which stretch of it.
pub(super) fn arrange(statement: &mut Statement, query: &ProductQuery) {
    let Sort { key, order } = query.sort;
    let direction = match order {
        SortOrder::Ascending => "",
        SortOrder::Descending => " DESC",
    };
    let sorted = columns(key).iter().chain(&["p.id"]).map(|column| format!("{column}{direction}"));
    statement.fill("{keys}", &columns(key).join(", "));
    statement.fill("{order}", &sorted.collect::<Vec<_>>().join(", "));
    statement.fill_with("{limit}", limit(query.window), Type::INT8);
    statement.fill_with("{offset}", offset(query.window), Type::INT8);
}

/// What holds for the products of a list. The parts are constants, so that each combination has a plan of its own.
pub(super) fn conditions(statement: &mut Statement, table: &str, filter: &ProductFilter) -> String {
    let mut conditions = vec!["true".to_owned()];
    if filter.visibility == Visibility::Published {
        conditions.push(format!("{table}.is_published"));
    }
    if let Some(featured) = filter.featured {
        conditions.push(format!("{}{table}.is_featured", if featured { "" } else { "NOT " }));
    }
    if let Some(category) = &filter.category {
        let category = statement.bind(category.as_str().to_owned(), Type::TEXT);
        conditions.push(format!("{table}.category = {category}"));
    }
    for (comparison, price) in [(">=", filter.prices.min()), ("<=", filter.prices.max())] {
        if let Some(price) = price {
            let price = statement.bind(price.decimal(), Type::NUMERIC);
            conditions.push(format!("{table}.price {comparison} {price}"));
        }
    }
    conditions.join(" AND ")
}

/// As [`conditions`], and what holds after the place where the stretch begins.
pub(super) fn stretch_conditions(
    statement: &mut Statement,
    table: &str,
    query: &ProductQuery,
) -> Result<String, Failure> {
    let conditions = conditions(statement, table, &query.filter);
    let Window::After { place, .. } = query.window else { return Ok(conditions) };
    let comparison = match query.sort.order {
        SortOrder::Ascending => ">",
        SortOrder::Descending => "<",
    };
    let columns = columns(query.sort.key).join(", ");
    let values = bind_place(statement, query.sort.key, place)?.join(", ");
    Ok(format!("{conditions} AND ({columns}, p.id) {comparison} ({values})"))
}

fn bind_place(statement: &mut Statement, key: SortKey, place: Seek) -> Result<Vec<String>, Failure> {
    let mut values = vec![match key {
        SortKey::CreatedAt => {
            let time = Timestamp::from_microsecond(place.first.clamp(TIMES.0, TIMES.1));
            statement.bind(time.map_err(Failure::row)?, Type::TIMESTAMPTZ)
        }
        SortKey::Price | SortKey::Rating => statement.bind(Decimal::new(place.first, 2), Type::NUMERIC),
        SortKey::Sales | SortKey::Popularity => statement.bind(place.first, Type::INT8),
    }];
    if key == SortKey::Sales {
        values.push(statement.bind(place.second, Type::INT8));
    }
    values.push(statement.bind(place.id.get(), Type::INT8));
    Ok(values)
}
