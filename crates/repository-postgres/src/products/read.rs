//! Reads: each one query, and a page with its total two that travel together.

use std::collections::HashMap;

use deadpool_postgres::Client;
use larder_domain::{
    CatalogueStats, Category, Encoded, PageParts, Product, ProductFilter, ProductId, ProductPage, ProductQuery,
    Visibility,
};
use tokio_postgres::types::ToSql;

use crate::{failure::Failure, rows};

const GET: &str = include_str!("../../queries/get.sql");
const GET_MANY: &str = include_str!("../../queries/get_many.sql");
const FIND_IDS: &str = include_str!("../../queries/find_ids.sql");
const FIND_TOTAL: &str = include_str!("../../queries/find_total.sql");
const STATS: &str = include_str!("../../queries/stats.sql");
/// Where the conditions of a list go in the queries of lists.
const FILTER: &str = "{filter}";

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

pub(super) async fn find(client: &Client, query: &ProductQuery) -> Result<ProductPage, Failure> {
    match query.parts {
        PageParts::Ids => Ok(ProductPage { ids: find_ids(client, query).await?, total: None }),
        PageParts::Total => Ok(ProductPage { ids: Vec::new(), total: Some(find_total(client, &query.filter).await?) }),
        PageParts::IdsAndTotal => {
            // Polled together on one connection, the two queries are sent without waiting for each other's answer.
            let (ids, total) = tokio::try_join!(find_ids(client, query), find_total(client, &query.filter))?;
            Ok(ProductPage { ids, total: Some(total) })
        }
    }
}

async fn find_ids(client: &Client, query: &ProductQuery) -> Result<Vec<ProductId>, Failure> {
    let size = i64::from(query.page.size());
    let offset = i64::try_from(query.page.offset()).unwrap_or(i64::MAX);
    let category = query.filter.category.as_ref().map(Category::as_str);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&size, &offset];
    parameters.extend(category.iter().map(|category| category as &(dyn ToSql + Sync)));
    let find = client.prepare_cached(&FIND_IDS.replace(FILTER, &conditions(&query.filter, 3))).await?;
    let rows = client.query(&find, &parameters).await?;
    rows.iter().map(|row| ProductId::new(rows::cell(row, 0)?).map_err(Failure::row)).collect()
}

async fn find_total(client: &Client, filter: &ProductFilter) -> Result<u64, Failure> {
    let category = filter.category.as_ref().map(Category::as_str);
    let parameters: Vec<&(dyn ToSql + Sync)> = category.iter().map(|category| category as _).collect();
    let count = client.prepare_cached(&FIND_TOTAL.replace(FILTER, &conditions(filter, 1))).await?;
    rows::count(&client.query_one(&count, &parameters).await?, 0)
}

/// The conditions of a list: constants, of which there are twelve combinations, so that each has a plan of its own; the category, which
/// comes from outside, is the parameter of the given number.
fn conditions(filter: &ProductFilter, category_parameter: usize) -> String {
    let mut conditions = Vec::with_capacity(3);
    if filter.visibility == Visibility::Published {
        conditions.push("is_published".to_owned());
    }
    if let Some(featured) = filter.featured {
        conditions.push(if featured { "is_featured" } else { "NOT is_featured" }.to_owned());
    }
    if filter.category.is_some() {
        conditions.push(format!("category = ${category_parameter}"));
    }
    if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") }
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
    })
}
