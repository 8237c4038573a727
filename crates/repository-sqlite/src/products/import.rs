//! Bulk import of products, in one transaction.

use larder_domain::ProductId;
use larder_repository::ImportedProduct;
use rusqlite::Transaction;

use super::{columns::Columns, json_array};
use crate::{failure::Failure, outbox};

const IS_THERE: &str = "SELECT EXISTS (SELECT 1 FROM products WHERE id = ?1)";

const INSERT: &str =
    "INSERT INTO products (name, description, price, original_price, stock, sku, category, subcategory, brand,
    sales, popularity, rating, review_count, is_published, is_featured, main_image_url, id, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

const DEFER: &str = "UPDATE products_text_state SET is_deferred = ?1";
/// What a replaced product left behind under an id that comes again.
const CLEAR: &str = "DELETE FROM products_text WHERE rowid IN (SELECT value FROM json_each(?1))";
const INDEX: &str = "INSERT INTO products_text (rowid, name, description)
    SELECT id, name || char(1, 1), description || char(1, 1) FROM products
    WHERE id IN (SELECT value FROM json_each(?1))";

/// More new products than this are announced as one change of everything.
const MOST_ANNOUNCED: u64 = 1_000;

/// Adds the products that are not there; answers how many that were.
pub(super) fn import(transaction: &Transaction<'_>, products: &[ImportedProduct]) -> Result<u64, Failure> {
    let before = outbox::position(transaction)?;
    transaction.prepare_cached(DEFER)?.execute([true])?;
    let added = insert(transaction, products)?;
    let ids = json_array(&added);
    transaction.prepare_cached(CLEAR)?.execute([&ids])?;
    transaction.prepare_cached(INDEX)?.execute([&ids])?;
    transaction.prepare_cached(DEFER)?.execute([false])?;
    let added = added.len() as u64;
    if added > MOST_ANNOUNCED {
        outbox::collapse_after(transaction, before)?;
    }
    Ok(added)
}

/// Inserts the products that are not there; answers which ones.
fn insert(transaction: &Transaction<'_>, products: &[ImportedProduct]) -> Result<Vec<ProductId>, Failure> {
    let mut is_there = transaction.prepare_cached(IS_THERE)?;
    let mut insert = transaction.prepare_cached(INSERT)?;
    let mut added = Vec::new();
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
        added.push(product.id);
    }
    Ok(added)
}
