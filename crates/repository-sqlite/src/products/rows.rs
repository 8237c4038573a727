//! Rows of the database, read as what they mean.

use std::error::Error as StdError;

use jiff::Timestamp;
use larder_domain::{CatalogueStats, Category, Price, Product, ProductId, Rating, Version};
use rusqlite::{Row, Transaction, types::Type};

use crate::failure::Failure;

/// The columns in the order in which [`product`] reads them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, description, price, original_price, stock, sku, category, subcategory, brand, sales, popularity, ",
            "rating, review_count, is_published, is_featured, main_image_url, created_at, updated_at, version FROM products ",
            $rest
        )
    };
}

pub(super) const SELECT_ONE: &str = select!("WHERE id = ?1");
/// One look-up by primary key per different id.
pub(super) const SELECT_MANY: &str = select!("WHERE id IN (SELECT value FROM json_each(?1))");
pub(super) const COUNT: &str = "SELECT count(*) FROM products";
pub(super) const STATS: &str = "SELECT count(*), coalesce(sum(is_published), 0), coalesce(sum(is_featured), 0),
    coalesce(sum(stock), 0), coalesce(sum(sales), 0) FROM products INDEXED BY products_figures";

/// A row of [`SELECT_ONE`] or [`SELECT_MANY`].
pub(super) fn product(row: &Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        id: checked(row, 0, ProductId::new)?,
        name: row.get(1)?,
        description: row.get(2)?,
        price: checked(row, 3, Price::from_hundredths)?,
        original_price: optional(row, 4, Price::from_hundredths)?,
        stock: row.get(5)?,
        sku: row.get(6)?,
        category: checked(row, 7, |name: String| Category::new(name))?,
        subcategory: row.get(8)?,
        brand: row.get(9)?,
        sales: row.get(10)?,
        popularity: row.get(11)?,
        rating: checked(row, 12, Rating::from_hundredths)?,
        review_count: row.get(13)?,
        is_published: row.get(14)?,
        is_featured: row.get(15)?,
        main_image_url: row.get(16)?,
        created_at: checked(row, 17, Timestamp::from_microsecond)?,
        updated_at: checked(row, 18, Timestamp::from_microsecond)?,
        version: Version(row.get(19)?),
    })
}

pub(super) fn count(transaction: &Transaction<'_>) -> Result<u64, Failure> {
    Ok(transaction.prepare_cached(COUNT)?.query_row([], |row| natural(row, 0))?)
}

pub(super) fn stats(transaction: &Transaction<'_>) -> Result<CatalogueStats, Failure> {
    let stats = transaction.prepare_cached(STATS)?.query_row([], |row| {
        Ok(CatalogueStats {
            total: natural(row, 0)?,
            published: natural(row, 1)?,
            featured: natural(row, 2)?,
            total_stock: natural(row, 3)?,
            total_sales: natural(row, 4)?,
            counted_at: Timestamp::now(),
        })
    })?;
    Ok(stats)
}

/// A count, which is never negative.
pub(super) fn natural(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    checked(row, column, <u64 as TryFrom<i64>>::try_from)
}

/// A column whose type in the domain has rules of its own.
pub(super) fn checked<Raw, T, E>(
    row: &Row<'_>,
    column: usize,
    read: impl FnOnce(Raw) -> Result<T, E>,
) -> rusqlite::Result<T>
where
    Raw: rusqlite::types::FromSql,
    E: StdError + Send + Sync + 'static,
{
    read(row.get(column)?).map_err(|broken| unreadable(column, broken))
}

fn optional<T, E>(row: &Row<'_>, column: usize, read: impl FnOnce(i64) -> Result<T, E>) -> rusqlite::Result<Option<T>>
where
    E: StdError + Send + Sync + 'static,
{
    row.get::<_, Option<i64>>(column)?.map(read).transpose().map_err(|broken| unreadable(column, broken))
}

fn unreadable(column: usize, broken: impl StdError + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(broken))
}
