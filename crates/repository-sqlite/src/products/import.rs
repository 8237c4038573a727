//! Bulk import of products, in one transaction.

use larder_repository::ImportedProduct;
use rusqlite::Transaction;

use super::columns::Columns;
use crate::{failure::Failure, outbox};

const IS_THERE: &str = "SELECT EXISTS (SELECT 1 FROM products WHERE id = ?1)";

const INSERT: &str =
    "INSERT INTO products (name, description, price, original_price, stock, sku, category, subcategory, brand,
    sales, popularity, rating, review_count, is_published, is_featured, main_image_url, id, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

/// More new products than this are announced as one change of everything.
const MOST_ANNOUNCED: u64 = 1_000;

/// Adds the products that are not there; answers how many that were.
pub(super) fn import(transaction: &Transaction<'_>, products: &[ImportedProduct]) -> Result<u64, Failure> {
    let mut is_there = transaction.prepare_cached(IS_THERE)?;
    let mut insert = transaction.prepare_cached(INSERT)?;
    let before = outbox::position(transaction)?;
    let mut added = 0;
    for product in products {
        let (id, created_at) = (product.id.get(), product.created_at.as_microsecond());
        if is_there.query_row([id], |row| row.get::<_, bool>(0))? {
            continue;
        }
        let columns = Columns::of_new(&product.draft);
        let mut parameters = columns.parameters().to_vec();
        parameters.push(&id);
        parameters.push(&created_at);
        insert.execute(parameters.as_slice())?;
        added += 1;
    }
    if added > MOST_ANNOUNCED {
        outbox::collapse_after(transaction, before)?;
    }
    Ok(added)
}
