//! Bulk import: arrays of columns, a few thousand rows at a time, in one transaction.

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Client, Transaction};
use jiff::Timestamp;
use larder_repository::{Error, ImportedProduct, ProductImport};
use rust_decimal::Decimal;

use crate::{PostgresProducts, failure::Failure, rows};

const COUNT: &str = include_str!("../../queries/count.sql");
const LOCK: &str = include_str!("../../queries/import_lock.sql");
const ROWS: &str = include_str!("../../queries/import_rows.sql");
const IDS: &str = include_str!("../../queries/import_ids.sql");
const INDEXED: &str = include_str!("../../queries/import_indexed.sql");

/// Rows per statement: enough to make round trips cheap, few enough to keep their arrays small.
const ROWS_PER_STATEMENT: usize = 5_000;
/// How long one import may take.
const LIMIT: Duration = Duration::from_secs(30 * 60);

#[async_trait]
impl ProductImport for PostgresProducts {
    async fn count(&self) -> Result<u64, Error> {
        let client = self.database.lend("count products").await?;
        client.term().bound(count(&client)).await
    }

    async fn import(&self, products: &[ImportedProduct]) -> Result<u64, Error> {
        const ATTEMPTED: &str = "import products";
        for product in products {
            product.draft.validate().map_err(|broken| Error::invalid(ATTEMPTED, broken))?;
        }
        let mut client = self.database.lend_for(ATTEMPTED, LIMIT).await?;
        client.term().bound(import(&mut client, products)).await
    }
}

async fn count(client: &Client) -> Result<u64, Failure> {
    let count = client.prepare_cached(COUNT).await?;
    rows::count(&client.query_one(&count, &[]).await?, 0)
}

async fn import(client: &mut Client, products: &[ImportedProduct]) -> Result<u64, Failure> {
    let Some(highest) = products.iter().map(|product| product.id).max() else { return Ok(0) };
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    // What is searched is indexed with each row, and the longest texts take longer than a write may. Many at a time take a third of it.
    let settings =
        format!("SET LOCAL statement_timeout = {}; SET LOCAL gin_pending_list_limit = '16MB'", LIMIT.as_millis());
    transaction.batch_execute(&settings).await?;
    let mut imported = 0;
    for chunk in products.chunks(ROWS_PER_STATEMENT) {
        imported += import_chunk(&transaction, chunk).await?;
    }
    let ids = transaction.prepare_cached(IDS).await?;
    transaction.execute(&ids, &[&highest.get()]).await?;
    transaction.batch_execute(INDEXED).await?;
    transaction.commit().await?;
    Ok(imported)
}

async fn import_chunk(transaction: &Transaction<'_>, chunk: &[ImportedProduct]) -> Result<u64, Failure> {
    let insert = transaction.prepare_cached(ROWS).await?;
    let drafts = || chunk.iter().map(|product| &product.draft);
    let ids: Vec<i64> = chunk.iter().map(|product| product.id.get()).collect();
    let times: Vec<Timestamp> = chunk.iter().map(|product| product.created_at).collect();
    let names: Vec<&str> = drafts().map(|draft| draft.name.as_str()).collect();
    let descriptions: Vec<&str> = drafts().map(|draft| draft.description.as_str()).collect();
    let prices: Vec<Decimal> = drafts().map(|draft| draft.price.decimal()).collect();
    let original_prices: Vec<Option<Decimal>> =
        drafts().map(|draft| draft.original_price.map(|price| price.decimal())).collect();
    let stocks: Vec<i64> = drafts().map(|draft| draft.stock).collect();
    let skus: Vec<&str> = drafts().map(|draft| draft.sku.as_str()).collect();
    let categories: Vec<&str> = drafts().map(|draft| draft.category.as_str()).collect();
    let subcategories: Vec<Option<&str>> = drafts().map(|draft| draft.subcategory.as_deref()).collect();
    let brands: Vec<Option<&str>> = drafts().map(|draft| draft.brand.as_deref()).collect();
    let sales: Vec<i64> = drafts().map(|draft| draft.sales.unwrap_or(0)).collect();
    let popularities: Vec<i64> = drafts().map(|draft| draft.popularity.unwrap_or(0)).collect();
    let ratings: Vec<Decimal> =
        drafts().map(|draft| draft.rating.map_or(Decimal::ZERO, |rating| rating.decimal())).collect();
    let review_counts: Vec<i64> = drafts().map(|draft| draft.review_count.unwrap_or(0)).collect();
    let published: Vec<bool> = drafts().map(|draft| draft.is_published).collect();
    let featured: Vec<bool> = drafts().map(|draft| draft.is_featured).collect();
    let images: Vec<Option<&str>> = drafts().map(|draft| draft.main_image_url.as_deref()).collect();
    let inserted = transaction
        .execute(
            &insert,
            &[
                &ids,
                &times,
                &names,
                &descriptions,
                &prices,
                &original_prices,
                &stocks,
                &skus,
                &categories,
                &subcategories,
                &brands,
                &sales,
                &popularities,
                &ratings,
                &review_counts,
                &published,
                &featured,
                &images,
            ],
        )
        .await?;
    Ok(inserted)
}
