//! Changes of one product, each within a transaction that holds the write lock from its beginning.
//!
//! Because of that lock, what a change reads first still holds when it writes.

use larder_domain::{Adjustment, Encoded, Product, ProductDraft, ProductId, Version};
use larder_repository::{ErrorKind, Listing, Precondition, ProductChange, Written};
use rusqlite::Transaction;

use super::{columns::Columns, get};
use crate::{failure::Failure, outbox};

const INSERT: &str =
    "INSERT INTO products (name, description, price, original_price, stock, sku, category, subcategory, brand,
    sales, popularity, rating, review_count, is_published, is_featured, main_image_url)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";

const UPDATE: &str =
    "UPDATE products SET name = ?1, description = ?2, price = ?3, original_price = ?4, stock = ?5, sku = ?6,
    category = ?7, subcategory = ?8, brand = ?9, sales = ?10, popularity = ?11, rating = ?12, review_count = ?13,
    is_published = ?14, is_featured = ?15, main_image_url = ?16 WHERE id = ?17";

const DELETE: &str = "DELETE FROM products WHERE id = ?1";
const LAST_VERSION: &str = "SELECT last FROM product_versions";
const ADJUST: &str = "UPDATE products SET stock = ?1, sales = ?2 WHERE id = ?3";
const KEEP_REASON: &str =
    "INSERT INTO product_adjustments (product_id, stock, sales, reason, version) VALUES (?1, ?2, ?3, ?4, ?5)";

/// The largest count that the domain allows.
pub(crate) const MAX_COUNT: i64 = 1_000_000_000_000;

pub(super) fn create(transaction: &Transaction<'_>, draft: &ProductDraft) -> Result<Written, Failure> {
    transaction.prepare_cached(INSERT)?.execute(&Columns::of_new(draft).parameters()[..])?;
    written(transaction, transaction.last_insert_rowid(), None)
}

pub(super) fn update(
    transaction: &Transaction<'_>,
    id: ProductId,
    change: &ProductChange,
    precondition: Precondition,
) -> Result<Written, Failure> {
    let current = current(transaction, id, precondition)?;
    let columns = match change {
        ProductChange::Replace(draft) => Columns::of_replaced(&current, draft),
        ProductChange::Patch(patch) => Columns::of_patched(&current, patch),
    };
    let id = id.get();
    let mut parameters = columns.parameters().to_vec();
    parameters.push(&id);
    transaction.prepare_cached(UPDATE)?.execute(parameters.as_slice())?;
    written(transaction, id, Some(Listing::from(&current)))
}

pub(super) fn delete(
    transaction: &Transaction<'_>,
    id: ProductId,
    precondition: Precondition,
) -> Result<Written, Failure> {
    let product = current(transaction, id, precondition)?;
    transaction.prepare_cached(DELETE)?.execute([id.get()])?;
    let version = transaction.prepare_cached(LAST_VERSION)?.query_row([], |row| row.get(0).map(Version))?;
    let before = Some(Listing::from(&product));
    let (position, changed) = outbox::last_change(transaction)?;
    Ok(Written { id, version, product: Encoded::from_value(product), before, after: None, changed, position })
}

pub(super) fn adjust(
    transaction: &Transaction<'_>,
    id: ProductId,
    adjustment: &Adjustment,
) -> Result<Written, Failure> {
    let current = current(transaction, id, Precondition::None)?;
    let stock = moved(current.stock, adjustment.stock, "stock")?;
    let sales = moved(current.sales, adjustment.sales, "sales")?;
    transaction.prepare_cached(ADJUST)?.execute([stock, sales, id.get()])?;
    let written = written(transaction, id.get(), Some(Listing::from(&current)))?;
    let Adjustment { stock, sales, reason } = adjustment;
    transaction.prepare_cached(KEEP_REASON)?.execute((id.get(), stock, sales, reason, written.version.0))?;
    Ok(written)
}

/// The product to change, if it is there and as the caller believes.
fn current(transaction: &Transaction<'_>, id: ProductId, precondition: Precondition) -> Result<Product, Failure> {
    let current = get(transaction, id)?.ok_or(ErrorKind::NotFound)?;
    match precondition {
        Precondition::Version(expected) if expected != current.version => Err(ErrorKind::PreconditionFailed.into()),
        Precondition::Version(_) | Precondition::None => Ok(current),
    }
}

fn moved(count: i64, delta: i64, field: &'static str) -> Result<i64, Failure> {
    let sum = count.checked_add(delta).filter(|sum| (0..=MAX_COUNT).contains(sum));
    sum.ok_or_else(|| Failure::invalid(field, "must stay from 0 to 1000000000000"))
}

/// Reads back what triggers and defaults made of a write.
fn written(transaction: &Transaction<'_>, id: i64, before: Option<Listing>) -> Result<Written, Failure> {
    let mut select = transaction.prepare_cached(super::rows::SELECT_ONE)?;
    let product = select.query_row([id], super::rows::product)?;
    let after = Some(Listing::from(&product));
    let (position, changed) = outbox::last_change(transaction)?;
    let version = product.version;
    Ok(Written { id: product.id, version, product: Encoded::from_value(product), before, after, changed, position })
}
