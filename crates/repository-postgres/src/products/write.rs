//! Writes: each one statement, and so a transaction of its own.

use deadpool_postgres::Client;
use larder_domain::{Adjustment, Encoded, Product, ProductDraft, ProductId, ProductPatch, Version};
use larder_repository::{Aspects, ErrorKind, Listing, Precondition, Written};
use tokio_postgres::Row;

use crate::{failure::Failure, rows};

const INSERT: &str = include_str!("../../queries/insert.sql");
const UPDATE: &str = include_str!("../../queries/update.sql");
const DELETE: &str = include_str!("../../queries/delete.sql");
const ADJUST: &str = include_str!("../../queries/adjust.sql");

pub(super) async fn create(client: &Client, draft: &ProductDraft) -> Result<Written, Failure> {
    let insert = client.prepare_cached(INSERT).await?;
    let row = client
        .query_one(
            &insert,
            &[
                &draft.name,
                &draft.description,
                &draft.price.decimal(),
                &draft.original_price.map(|price| price.decimal()),
                &draft.stock,
                &draft.sku,
                &draft.category.as_str(),
                &draft.subcategory,
                &draft.brand,
                &draft.sales,
                &draft.popularity,
                &draft.rating.map(|rating| rating.decimal()),
                &draft.review_count,
                &draft.is_published,
                &draft.is_featured,
                &draft.main_image_url,
            ],
        )
        .await?;
    changed(&row, rows::PRODUCT_COLUMNS, rows::product(&row)?, None, Aspects::NONE)
}

/// A replacement is a patch that sets everything but the figures that the draft leaves out.
pub(super) fn replacement(draft: &ProductDraft) -> ProductPatch {
    let draft = draft.clone();
    ProductPatch {
        name: Some(draft.name),
        description: Some(draft.description),
        price: Some(draft.price),
        original_price: Some(draft.original_price),
        stock: Some(draft.stock),
        sku: Some(draft.sku),
        category: Some(draft.category),
        subcategory: Some(draft.subcategory),
        brand: Some(draft.brand),
        sales: draft.sales,
        popularity: draft.popularity,
        rating: draft.rating,
        review_count: draft.review_count,
        is_published: Some(draft.is_published),
        is_featured: Some(draft.is_featured),
        main_image_url: Some(draft.main_image_url),
    }
}

pub(super) async fn update(
    client: &Client,
    id: ProductId,
    patch: &ProductPatch,
    precondition: Precondition,
) -> Result<Written, Failure> {
    let update = client.prepare_cached(UPDATE).await?;
    let row = client
        .query_opt(
            &update,
            &[
                &id.get(),
                &wanted_version(precondition),
                &patch.name,
                &patch.description,
                &patch.price.map(|price| price.decimal()),
                &patch.original_price.is_some(),
                &patch.original_price.flatten().map(|price| price.decimal()),
                &patch.stock,
                &patch.sku,
                &patch.category.as_ref().map(|category| category.as_str()),
                &patch.subcategory.is_some(),
                &patch.subcategory.as_ref().and_then(Option::as_ref),
                &patch.brand.is_some(),
                &patch.brand.as_ref().and_then(Option::as_ref),
                &patch.sales,
                &patch.popularity,
                &patch.rating.map(|rating| rating.decimal()),
                &patch.review_count,
                &patch.is_published,
                &patch.is_featured,
                &patch.main_image_url.is_some(),
                &patch.main_image_url.as_ref().and_then(Option::as_ref),
            ],
        )
        .await?
        .ok_or(ErrorKind::NotFound)?;
    if rows::cell::<Option<i64>>(&row, 0)?.is_none() {
        return Err(ErrorKind::PreconditionFailed.into());
    }
    let aspects = rows::aspects(&row, rows::PRODUCT_COLUMNS + 3)?;
    changed(&row, rows::PRODUCT_COLUMNS + 4, rows::product(&row)?, Some(rows::listing_before(&row)?), aspects)
}

pub(super) async fn delete(client: &Client, id: ProductId, precondition: Precondition) -> Result<Written, Failure> {
    let delete = client.prepare_cached(DELETE).await?;
    let row = client.query_opt(&delete, &[&id.get(), &wanted_version(precondition)]).await?;
    let row = row.ok_or(ErrorKind::NotFound)?;
    let version: Option<i64> = rows::cell(&row, rows::PRODUCT_COLUMNS)?;
    let version = version.ok_or(ErrorKind::PreconditionFailed)?;
    let product = rows::product(&row)?;
    let before = Some(Listing::from(&product));
    let position = rows::position(&row, rows::PRODUCT_COLUMNS + 1)?;
    Ok(Written {
        id,
        version: Version(version),
        product: Encoded::from_value(product),
        before,
        after: None,
        changed: Aspects::NONE,
        position,
    })
}

pub(super) async fn adjust(client: &Client, id: ProductId, adjustment: &Adjustment) -> Result<Written, Failure> {
    let adjust = client.prepare_cached(ADJUST).await?;
    let row = client
        .query_opt(&adjust, &[&id.get(), &adjustment.stock, &adjustment.sales, &adjustment.reason])
        .await?
        .ok_or(ErrorKind::NotFound)?;
    let product = rows::product(&row)?;
    let before = Some(Listing::from(&product));
    changed(&row, rows::PRODUCT_COLUMNS, product, before, adjusted(adjustment))
}

/// An adjustment adds, so what is not zero changes.
fn adjusted(adjustment: &Adjustment) -> Aspects {
    let stock = if adjustment.stock == 0 { Aspects::NONE } else { Aspects::STOCK };
    let sales = if adjustment.sales == 0 { Aspects::NONE } else { Aspects::SALES };
    stock | sales
}

fn wanted_version(precondition: Precondition) -> Option<i64> {
    match precondition {
        Precondition::None => None,
        Precondition::Version(version) => Some(version.0),
    }
}

/// The change that left `product` behind; its position stands in the row from `column` on.
fn changed(
    row: &Row,
    column: usize,
    product: Product,
    before: Option<Listing>,
    aspects: Aspects,
) -> Result<Written, Failure> {
    let after = Some(Listing::from(&product));
    let position = rows::position(row, column)?;
    let version = product.version;
    Ok(Written {
        id: product.id,
        version,
        product: Encoded::from_value(product),
        before,
        after,
        changed: aspects,
        position,
    })
}
