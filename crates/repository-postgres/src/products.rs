//! The product repository over PostgreSQL.

mod import;
mod lists;
mod read;
mod search;
mod statement;
mod write;

use async_trait::async_trait;
use larder_domain::{
    Adjustment, CatalogueStats, Encoded, Product, ProductDraft, ProductId, ProductPage, ProductPatch, ProductQuery,
};
use larder_repository::{Error, Freshness, Precondition, ProductChange, ProductRepository, Read, Written};

use crate::PostgresDatabase;

/// The products of a PostgreSQL database: [`ProductRepository`] and [`ProductImport`](larder_repository::ProductImport).
///
/// # Consistency
/// Every answer comes from the database, whatever [`Freshness`] is asked for. A page and its total are two statements: a product made in
/// between may be in one of them only.
///
/// # Cancellation
/// A write is one statement, and an import one transaction: dropped at any point it happens as a whole or not at all.
#[derive(Debug, Clone)]
pub struct PostgresProducts {
    database: PostgresDatabase,
}

impl PostgresProducts {
    /// The products of `database`, which must be migrated.
    pub fn new(database: &PostgresDatabase) -> Self {
        Self { database: database.clone() }
    }
}

#[async_trait]
impl ProductRepository for PostgresProducts {
    async fn get(&self, id: ProductId, _freshness: Freshness) -> Result<Read<Option<Encoded<Product>>>, Error> {
        let client = self.database.lend("get a product").await?;
        let found = client.term().bound(read::get(&client, id)).await?;
        Ok(Read::from_database(found))
    }

    async fn get_many(
        &self,
        ids: &[ProductId],
        _freshness: Freshness,
    ) -> Result<Read<Vec<Option<Encoded<Product>>>>, Error> {
        let client = self.database.lend("get products").await?;
        let found = client.term().bound(read::get_many(&client, ids)).await?;
        Ok(Read::from_database(found))
    }

    async fn find(&self, query: &ProductQuery, _freshness: Freshness) -> Result<Read<ProductPage>, Error> {
        let client = self.database.lend("find products").await?;
        let page = client.term().bound(lists::find(&client, query)).await?;
        Ok(Read::from_database(page))
    }

    async fn stats(&self, _freshness: Freshness) -> Result<Read<CatalogueStats>, Error> {
        let client = self.database.lend("count products").await?;
        let stats = client.term().bound(read::stats(&client)).await?;
        Ok(Read::from_database(stats))
    }

    async fn create(&self, draft: &ProductDraft) -> Result<Written, Error> {
        const ATTEMPTED: &str = "create a product";
        draft.validate().map_err(|broken| Error::invalid(ATTEMPTED, broken))?;
        let client = self.database.lend(ATTEMPTED).await?;
        client.term().bound(write::create(&client, draft)).await
    }

    async fn update(
        &self,
        id: ProductId,
        change: &ProductChange,
        precondition: Precondition,
    ) -> Result<Written, Error> {
        const ATTEMPTED: &str = "update a product";
        let replacement: ProductPatch;
        let patch = match change {
            ProductChange::Replace(draft) => {
                draft.validate().map_err(|broken| Error::invalid(ATTEMPTED, broken))?;
                replacement = write::replacement(draft);
                &replacement
            }
            ProductChange::Patch(patch) => {
                patch.validate().map_err(|broken| Error::invalid(ATTEMPTED, broken))?;
                patch
            }
        };
        let client = self.database.lend(ATTEMPTED).await?;
        client.term().bound(write::update(&client, id, patch, precondition)).await
    }

    async fn delete(&self, id: ProductId, precondition: Precondition) -> Result<Written, Error> {
        let client = self.database.lend("delete a product").await?;
        client.term().bound(write::delete(&client, id, precondition)).await
    }

    async fn adjust(&self, id: ProductId, adjustment: &Adjustment) -> Result<Written, Error> {
        const ATTEMPTED: &str = "adjust a product";
        adjustment.validate().map_err(|broken| Error::invalid(ATTEMPTED, broken))?;
        let client = self.database.lend(ATTEMPTED).await?;
        client.term().bound(write::adjust(&client, id, adjustment)).await
    }
}
