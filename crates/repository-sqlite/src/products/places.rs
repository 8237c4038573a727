//! What comes after a place in a list.

use larder_domain::{Seek, Sort, SortKey, SortOrder};
use rusqlite::types::Value;

/// A condition, and the values of its parameters.
pub(super) type Condition = (String, Vec<Value>);

/// The rows after `place` as stretches of an index, one behind the other: those that are equal to the place in all but the last column of the
/// order, then those that are equal in all but the last two, and so on. (SQLite's own comparison of rows would walk through all equals, because
/// in an index it does not take the id for a column like others.)
pub(super) fn stretches_after(place: Seek, sort: Sort) -> Vec<Condition> {
    let columns = columns(place, sort.key);
    let beyond = comparison(sort.order);
    let stretch = |equal: usize| {
        let mut texts: Vec<_> = columns[..equal].iter().map(|(column, _)| format!("{column} = ?")).collect();
        texts.push(format!("{} {beyond} ?", columns[equal].0));
        (texts.join(" AND "), columns[..=equal].iter().map(|(_, value)| Value::from(*value)).collect())
    };
    (0..columns.len()).rev().map(stretch).collect()
}

/// The rows after `place`, where no index holds them in their order.
pub(super) fn all_after(place: Seek, sort: Sort) -> Condition {
    let (names, values): (Vec<_>, Vec<_>) = columns(place, sort.key).into_iter().unzip();
    let parameters = vec!["?"; names.len()].join(", ");
    let text = format!("({}) {} ({parameters})", names.join(", "), comparison(sort.order));
    (text, values.into_iter().map(Value::from).collect())
}

/// The columns by which a list is sorted, with their values at the place.
fn columns(place: Seek, key: SortKey) -> Vec<(&'static str, i64)> {
    let first = (key.as_str(), place.first);
    let id = ("id", place.id.get());
    match key {
        SortKey::Sales => vec![first, ("popularity", place.second), id],
        SortKey::CreatedAt | SortKey::Price | SortKey::Popularity | SortKey::Rating => vec![first, id],
    }
}

fn comparison(order: SortOrder) -> &'static str {
    match order {
        SortOrder::Ascending => ">",
        SortOrder::Descending => "<",
    }
}
