//! Lists: one statement and one index for each kind of filter.

use larder_domain::{PageParts, ProductFilter, ProductId, ProductPage, ProductQuery, Visibility};
use rusqlite::{ToSql, Transaction};

use super::rows;
use crate::failure::Failure;

/// Answers a list query.
pub(super) fn find(transaction: &Transaction<'_>, query: &ProductQuery) -> Result<ProductPage, Failure> {
    let (ids, total) = match query.parts {
        PageParts::IdsAndTotal => (ids(transaction, query)?, Some(total(transaction, &query.filter)?)),
        PageParts::Ids => (ids(transaction, query)?, None),
        PageParts::Total => (Vec::new(), Some(total(transaction, &query.filter)?)),
    };
    Ok(ProductPage { ids, total })
}

fn ids(transaction: &Transaction<'_>, query: &ProductQuery) -> Result<Vec<ProductId>, Failure> {
    // The offset is at most PageRequest::MAX_OFFSET.
    let (size, offset) = (query.page.size(), query.page.offset().cast_signed());
    let mut parameters: Vec<&dyn ToSql> = vec![&size, &offset];
    let category = query.filter.category.as_ref().map(larder_domain::Category::as_str);
    parameters.extend(category.as_ref().map(|category| category as &dyn ToSql));
    let mut select = transaction.prepare_cached(&select_ids(&query.filter))?;
    let found = select.query_map(parameters.as_slice(), |row| rows::checked(row, 0, ProductId::new))?;
    Ok(found.collect::<Result<_, _>>()?)
}

fn total(transaction: &Transaction<'_>, filter: &ProductFilter) -> Result<u64, Failure> {
    let category = filter.category.as_ref().map(larder_domain::Category::as_str);
    let parameters: Vec<&dyn ToSql> = category.iter().map(|category| category as &dyn ToSql).collect();
    let mut select = transaction.prepare_cached(&select_total(filter))?;
    Ok(select.query_row(parameters.as_slice(), |row| rows::natural(row, 0))?)
}

pub(super) fn select_ids(filter: &ProductFilter) -> String {
    let (index, conditions) = (index(filter), conditions(filter, 3));
    format!(
        "SELECT id FROM products INDEXED BY {index} {conditions} ORDER BY created_at DESC, id DESC LIMIT ?1 OFFSET ?2"
    )
}

pub(super) fn select_total(filter: &ProductFilter) -> String {
    let (index, conditions) = (index(filter), conditions(filter, 1));
    format!("SELECT count(*) FROM products INDEXED BY {index} {conditions}")
}

/// The index that holds the list in its order. It is named, because without statistics the planner would guess.
fn index(filter: &ProductFilter) -> &'static str {
    match (&filter.category, filter.featured, filter.visibility) {
        (None, Some(true), _) => "products_newest_featured",
        (None, _, Visibility::Published) => "products_newest_published",
        (None, _, Visibility::All) => "products_newest",
        (Some(_), Some(true), _) => "products_category_featured",
        (Some(_), _, Visibility::Published) => "products_category_published",
        (Some(_), _, Visibility::All) => "products_category",
    }
}

/// Flags stand in the text, because a partial index serves only a condition that is known when the statement is planned.
fn conditions(filter: &ProductFilter, category_parameter: usize) -> String {
    let category = filter.category.as_ref().map(|_| format!("category = ?{category_parameter}"));
    let featured = filter.featured.map(|featured| format!("is_featured = {}", u8::from(featured)));
    let published = (filter.visibility == Visibility::Published).then(|| "is_published = 1".to_owned());
    let all: Vec<_> = [category, featured, published].into_iter().flatten().collect();
    if all.is_empty() { String::new() } else { format!("WHERE {}", all.join(" AND ")) }
}
