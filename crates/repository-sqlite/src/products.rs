//! Products in SQLite.

mod columns;
mod conditions;
#[cfg(test)]
mod costs;
mod import;
mod lists;
mod places;
#[cfg(test)]
mod plans;
mod rows;
mod words;
mod writes;

use std::collections::HashMap;

use async_trait::async_trait;
use larder_domain::{
    Adjustment, CatalogueStats, Encoded, Product, ProductDraft, ProductId, ProductPage, ProductQuery, ValidationError,
};
use larder_repository::{
    Error, Freshness, ImportedProduct, Precondition, ProductChange, ProductImport, ProductRepository, Read, Written,
};
use rusqlite::{OptionalExtension, Transaction};

pub(crate) use self::writes::MAX_COUNT;
use crate::{SqliteDatabase, failure::Failure};

/// The products of a SQLite database, not cached: any [`Freshness`] is the latest.
#[derive(Debug, Clone)]
pub struct SqliteProducts {
    database: SqliteDatabase,
}

impl SqliteProducts {
    /// The products of `database`, which must be migrated.
    pub fn new(database: &SqliteDatabase) -> Self {
        Self { database: database.clone() }
    }
}

#[async_trait]
impl ProductRepository for SqliteProducts {
    async fn get(&self, id: ProductId, _: Freshness) -> Result<Read<Option<Encoded<Product>>>, Error> {
        let product = self.database.read("read a product", move |transaction| get(transaction, id)).await?;
        Ok(Read::from_database(product.map(Encoded::from_value)))
    }

    async fn get_many(&self, ids: &[ProductId], _: Freshness) -> Result<Read<Vec<Option<Encoded<Product>>>>, Error> {
        let wanted = json_array(ids);
        let found = self.database.read("read products", move |transaction| get_many(transaction, &wanted)).await?;
        Ok(Read::from_database(ids.iter().map(|id| found.get(id).cloned()).collect()))
    }

    async fn find(&self, query: &ProductQuery, _: Freshness) -> Result<Read<ProductPage>, Error> {
        let query = query.clone();
        let page = self.database.read("list products", move |transaction| lists::find(transaction, &query)).await?;
        Ok(Read::from_database(page))
    }

    async fn stats(&self, _: Freshness) -> Result<Read<CatalogueStats>, Error> {
        let stats = self.database.read("sum up the catalogue", rows::stats).await?;
        Ok(Read::from_database(stats))
    }

    async fn create(&self, draft: &ProductDraft) -> Result<Written, Error> {
        const ATTEMPTED: &str = "create a product";
        valid(draft.validate(), ATTEMPTED)?;
        let draft = draft.clone();
        self.database.write(ATTEMPTED, move |transaction| writes::create(transaction, &draft)).await
    }

    async fn update(
        &self,
        id: ProductId,
        change: &ProductChange,
        precondition: Precondition,
    ) -> Result<Written, Error> {
        const ATTEMPTED: &str = "update a product";
        let checked = match change {
            ProductChange::Replace(draft) => draft.validate(),
            ProductChange::Patch(patch) => patch.validate(),
        };
        valid(checked, ATTEMPTED)?;
        let change = change.clone();
        self.database.write(ATTEMPTED, move |transaction| writes::update(transaction, id, &change, precondition)).await
    }

    async fn delete(&self, id: ProductId, precondition: Precondition) -> Result<Written, Error> {
        let delete = move |transaction: &Transaction<'_>| writes::delete(transaction, id, precondition);
        self.database.write("delete a product", delete).await
    }

    async fn adjust(&self, id: ProductId, adjustment: &Adjustment) -> Result<Written, Error> {
        const ATTEMPTED: &str = "adjust a product";
        valid(adjustment.validate(), ATTEMPTED)?;
        let adjustment = adjustment.clone();
        self.database.write(ATTEMPTED, move |transaction| writes::adjust(transaction, id, &adjustment)).await
    }
}

#[async_trait]
impl ProductImport for SqliteProducts {
    async fn count(&self) -> Result<u64, Error> {
        self.database.read("count the products", rows::count).await
    }

    async fn import(&self, products: &[ImportedProduct]) -> Result<u64, Error> {
        const ATTEMPTED: &str = "import products";
        for product in products {
            valid(product.draft.validate(), ATTEMPTED)?;
        }
        let products = products.to_vec();
        self.database.write(ATTEMPTED, move |transaction| import::import(transaction, &products)).await
    }
}

fn valid(checked: Result<(), ValidationError>, attempted: &'static str) -> Result<(), Error> {
    checked.map_err(|broken| Error::invalid(attempted, broken))
}

fn get(transaction: &Transaction<'_>, id: ProductId) -> Result<Option<Product>, Failure> {
    let mut select = transaction.prepare_cached(rows::SELECT_ONE)?;
    Ok(select.query_row([id.get()], rows::product).optional()?)
}

fn get_many(transaction: &Transaction<'_>, ids: &str) -> Result<HashMap<ProductId, Encoded<Product>>, Failure> {
    let mut select = transaction.prepare_cached(rows::SELECT_MANY)?;
    let found = select.query_map([ids], rows::product)?;
    Ok(found.map(|row| row.map(|product| (product.id, Encoded::from_value(product)))).collect::<Result<_, _>>()?)
}

/// The ids as one parameter, so that any number of them is the same statement.
fn json_array(ids: &[ProductId]) -> String {
    let ids: Vec<_> = ids.iter().map(ProductId::to_string).collect();
    format!("[{}]", ids.join(","))
}
