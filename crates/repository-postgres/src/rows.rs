//! Reads rows, and refuses those that are no product.

use larder_domain::{Category, Price, Product, ProductId, Rating, Version};
use larder_repository::{Aspects, Listing, Position};
use rust_decimal::Decimal;
use tokio_postgres::{Row, types::FromSql};

use crate::failure::Failure;

/// How many columns a product has. Every query that answers products begins with them, in the order of [`product`].
pub(crate) const PRODUCT_COLUMNS: usize = 20;

/// Takes the columns of a row one after the other.
struct Columns<'row> {
    row: &'row Row,
    next: usize,
}

impl<'row> Columns<'row> {
    fn take<T: FromSql<'row>>(&mut self) -> Result<T, Failure> {
        let value = cell(self.row, self.next)?;
        self.next += 1;
        Ok(value)
    }

    fn price(&mut self) -> Result<Price, Failure> {
        Price::new(self.take()?).map_err(Failure::row)
    }

    fn optional_price(&mut self) -> Result<Option<Price>, Failure> {
        self.take::<Option<Decimal>>()?.map(Price::new).transpose().map_err(Failure::row)
    }

    fn category(&mut self) -> Result<Category, Failure> {
        Category::new(self.take::<String>()?).map_err(Failure::row)
    }
}

/// One value of a row. What cannot be read is the row's fault, not the query's.
pub(crate) fn cell<'row, T: FromSql<'row>>(row: &'row Row, column: usize) -> Result<T, Failure> {
    row.try_get(column).map_err(Failure::row)
}

/// The product that a row begins with.
pub(crate) fn product(row: &Row) -> Result<Product, Failure> {
    let mut columns = Columns { row, next: 0 };
    Ok(Product {
        id: ProductId::new(columns.take()?).map_err(Failure::row)?,
        name: columns.take()?,
        description: columns.take()?,
        price: columns.price()?,
        original_price: columns.optional_price()?,
        stock: columns.take()?,
        sku: columns.take()?,
        category: columns.category()?,
        subcategory: columns.take()?,
        brand: columns.take()?,
        sales: columns.take()?,
        popularity: columns.take()?,
        rating: Rating::new(columns.take()?).map_err(Failure::row)?,
        review_count: columns.take()?,
        is_published: columns.take()?,
        is_featured: columns.take()?,
        main_image_url: columns.take()?,
        created_at: columns.take()?,
        updated_at: columns.take()?,
        version: Version(columns.take()?),
    })
}

/// Where the product of a row was listed before: three columns after those of the product.
pub(crate) fn listing_before(row: &Row) -> Result<Listing, Failure> {
    let mut columns = Columns { row, next: PRODUCT_COLUMNS };
    Ok(Listing { category: columns.category()?, featured: columns.take()?, published: columns.take()? })
}

/// Which aspects of a product a change touched; where that was not written down, it may be any.
pub(crate) fn aspects(row: &Row, column: usize) -> Result<Aspects, Failure> {
    let Some(bits) = cell::<Option<i16>>(row, column)? else { return Ok(Aspects::ALL) };
    u8::try_from(bits).map(Aspects::from_bits).map_err(Failure::row)
}

/// The place of a write among all changes: the number of its transaction, and the timeline.
pub(crate) fn position(row: &Row, column: usize) -> Result<Position, Failure> {
    Ok(Position { number: number(cell(row, column)?)?, timeline: cell::<i64>(row, column + 1)?.cast_unsigned() })
}

/// A number that the server counts upwards.
pub(crate) fn number(value: i64) -> Result<u64, Failure> {
    u64::try_from(value).map_err(Failure::row)
}

/// A count, which is never negative.
pub(crate) fn count(row: &Row, column: usize) -> Result<u64, Failure> {
    number(cell(row, column)?)
}

/// A sum of 64-bit figures, which the server computes with more digits.
pub(crate) fn sum(row: &Row, column: usize) -> Result<u64, Failure> {
    u64::try_from(cell::<Decimal>(row, column)?).map_err(Failure::row)
}
