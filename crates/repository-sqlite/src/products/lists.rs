//! Lists: an index for each order, or the words of a search.

use larder_domain::{
    PageParts, ProductFilter, ProductId, ProductPage, ProductQuery, Seek, Sort, SortKey, SortOrder, Window,
};
use rusqlite::{Row, Transaction, params_from_iter, types::Value};

use super::{
    conditions::Conditions,
    places::{self, Condition},
    rows,
};
use crate::failure::Failure;

/// In which order rows are counted: its index is the smallest, and a range of prices is a part of it.
const COUNTED: Sort = Sort { key: SortKey::Price, order: SortOrder::Ascending };

/// Answers a list query.
pub(super) fn find(transaction: &Transaction<'_>, query: &ProductQuery) -> Result<ProductPage, Failure> {
    let (ids, next) = match query.parts {
        PageParts::IdsAndTotal | PageParts::Ids => stretch(transaction, query)?,
        PageParts::Total => (Vec::new(), None),
    };
    let total = match query.parts {
        PageParts::IdsAndTotal | PageParts::Total => Some(total(transaction, &query.filter)?),
        PageParts::Ids => None,
    };
    Ok(ProductPage { ids, next, total })
}

/// Asks for one row more than is wanted, which tells whether others follow.
fn stretch(transaction: &Transaction<'_>, query: &ProductQuery) -> Result<(Vec<ProductId>, Option<Seek>), Failure> {
    let size = query.window.size() as usize;
    let mut places: Vec<Seek> = Vec::new();
    for (statement, values) in select_places(query) {
        let missing = i64::try_from(size + 1 - places.len()).unwrap_or(i64::MAX);
        let values = values.into_iter().chain([missing.into(), offset(query.window).into()]);
        let mut select = transaction.prepare_cached(&statement)?;
        for found in select.query_map(params_from_iter(values), place)? {
            places.push(found?);
        }
        if places.len() > size {
            break;
        }
    }
    let is_followed = places.len() > size;
    places.truncate(size);
    let next = places.last().copied().filter(|_| is_followed);
    Ok((places.into_iter().map(|place| place.id).collect(), next))
}

fn total(transaction: &Transaction<'_>, filter: &ProductFilter) -> Result<u64, Failure> {
    let (statement, values) = select_total(filter);
    let mut select = transaction.prepare_cached(&statement)?;
    Ok(select.query_row(params_from_iter(values), |row| rows::natural(row, 0))?)
}

fn place(row: &Row<'_>) -> rusqlite::Result<Seek> {
    Ok(Seek { first: row.get(0)?, second: row.get(1)?, id: rows::checked(row, 2, ProductId::new)? })
}

fn offset(window: Window) -> i64 {
    match window {
        // At most PageRequest::MAX_OFFSET.
        Window::Page(page) => page.offset().cast_signed(),
        Window::After { .. } => 0,
    }
}

/// The statements that read the places of a stretch of a list, each going on where the one before it ended, with the values of their
/// parameters; the last two, which are missing, are how many to read and how many to leave out before.
pub(super) fn select_places(query: &ProductQuery) -> Vec<(String, Vec<Value>)> {
    let ProductQuery { filter, sort, window, .. } = query;
    let stretches = match *window {
        Window::Page(_) => vec![None],
        Window::After { place, .. } if filter.words.is_empty() => {
            places::stretches_after(place, *sort).into_iter().map(Some).collect()
        }
        Window::After { place, .. } => vec![Some(places::all_after(place, *sort))],
    };
    stretches.into_iter().map(|stretch| select_stretch(filter, *sort, stretch)).collect()
}

fn select_stretch(filter: &ProductFilter, sort: Sort, stretch: Option<Condition>) -> (String, Vec<Value>) {
    let mut conditions = Conditions::of(filter);
    conditions.add_prices(filter.prices, sort, stretch.is_some());
    if let Some((text, values)) = stretch {
        conditions.add(text, values);
    }
    let (conditions, values) = conditions.into_parts();
    let (first, second) = (sort.key.as_str(), if sort.key == SortKey::Sales { "popularity" } else { "0" });
    let (source, order) = (source(filter, sort), order(sort));
    let statement = format!(
        "SELECT {first}, {second}, id FROM products {source} WHERE {conditions} ORDER BY {order} LIMIT ? OFFSET ?"
    );
    (statement, values)
}

/// The statement that counts the rows of a filter, with the values of its parameters.
pub(super) fn select_total(filter: &ProductFilter) -> (String, Vec<Value>) {
    let mut conditions = Conditions::of(filter);
    conditions.add_prices(filter.prices, COUNTED, false);
    let (conditions, values) = conditions.into_parts();
    (format!("SELECT count(*) FROM products {} WHERE {conditions}", source(filter, COUNTED)), values)
}

/// The index that holds the list in its order. It is named, because without statistics the planner would guess. A search reads the rows that
/// have its words, by their ids.
fn source(filter: &ProductFilter, sort: Sort) -> String {
    if !filter.words.is_empty() {
        return "NOT INDEXED".to_owned();
    }
    let within = if filter.category.is_some() { "in_category_" } else { "" };
    format!("INDEXED BY products_{within}by_{}", sort.key)
}

fn order(sort: Sort) -> String {
    let direction = match sort.order {
        SortOrder::Ascending => "ASC",
        SortOrder::Descending => "DESC",
    };
    match sort.key {
        SortKey::Sales => format!("sales {direction}, popularity {direction}, id {direction}"),
        key => format!("{key} {direction}, id {direction}"),
    }
}
