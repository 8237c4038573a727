//! Reads of products, and the figures over all of them: each one query.

use std::collections::HashMap;

use deadpool_postgres::Client;
use larder_domain::{CatalogueStats, Encoded, Product, ProductId};

use crate::{failure::Failure, rows};

const GET: &str = include_str!("../../queries/get.sql");
const GET_MANY: &str = include_str!("../../queries/get_many.sql");
const STATS: &str = include_str!("../../queries/stats.sql");

pub(super) async fn get(client: &Client, id: ProductId) -> Result<Option<Encoded<Product>>, Failure> {
    let get = client.prepare_cached(GET).await?;
    let row = client.query_opt(&get, &[&id.get()]).await?;
    row.map(|row| rows::product(&row).map(Encoded::from_value)).transpose()
}

pub(super) async fn get_many(client: &Client, ids: &[ProductId]) -> Result<Vec<Option<Encoded<Product>>>, Failure> {
    let get_many = client.prepare_cached(GET_MANY).await?;
    let keys: Vec<i64> = ids.iter().map(|id| id.get()).collect();
    let mut found = HashMap::with_capacity(ids.len());
    for row in client.query(&get_many, &[&keys]).await? {
        let product = rows::product(&row)?;
        found.insert(product.id, Encoded::from_value(product));
    }
    Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
}

pub(super) async fn stats(client: &Client) -> Result<CatalogueStats, Failure> {
    let stats = client.prepare_cached(STATS).await?;
    let row = client.query_one(&stats, &[]).await?;
    Ok(CatalogueStats {
        total: rows::count(&row, 0)?,
        published: rows::count(&row, 1)?,
        featured: rows::count(&row, 2)?,
        total_stock: rows::sum(&row, 3)?,
        total_sales: rows::sum(&row, 4)?,
        counted_at: jiff::Timestamp::now(),
    })
}
