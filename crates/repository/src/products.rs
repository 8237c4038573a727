//! The contract that every product repository keeps.

use std::fmt;

use async_trait::async_trait;
use larder_domain::{
    Adjustment, CatalogueStats, Category, Encoded, Product, ProductDraft, ProductId, ProductPage, ProductPatch,
    ProductQuery, Version,
};

use crate::{Aspects, Error, Freshness, Position, Read};

/// Reads and writes the products of one catalogue. Used as `Arc<dyn ProductRepository>`.
///
/// Each method is a whole use case: one transaction, all or nothing. A method means the same in every implementation, decorators
/// included; the conformance suite checks it.
///
/// # Errors
/// Every method fails with [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) or
/// [`Timeout`](crate::ErrorKind::Timeout) when the database does not answer, and with
/// [`Corrupt`](crate::ErrorKind::Corrupt) when what it answers is no product. What else a method fails with stands beside it.
///
/// # Cancellation
/// Dropping the future of a read changes nothing. Dropping the future of a write leaves either the whole change or none.
#[async_trait]
pub trait ProductRepository: fmt::Debug + Send + Sync {
    /// The product `id`, published or not; `None` if there is none.
    async fn get(&self, id: ProductId, freshness: Freshness) -> Result<Read<Option<Encoded<Product>>>, Error>;

    /// The products `ids` in the order asked, `None` where there is none. An id asked twice is answered twice. One query.
    async fn get_many(
        &self,
        ids: &[ProductId],
        freshness: Freshness,
    ) -> Result<Read<Vec<Option<Encoded<Product>>>>, Error>;

    /// One page of ids and the exact total, as far as `query.parts` asks for them. A page after the last one is empty.
    async fn find(&self, query: &ProductQuery, freshness: Freshness) -> Result<Read<ProductPage>, Error>;

    /// Counts and sums over all products.
    async fn stats(&self, freshness: Freshness) -> Result<Read<CatalogueStats>, Error>;

    /// Adds a product.
    ///
    /// # Errors
    /// `Invalid` when the draft breaks a rule, `SkuTaken` when another product has its stock-keeping unit.
    async fn create(&self, draft: &ProductDraft) -> Result<Written, Error>;

    /// Replaces or patches a product.
    ///
    /// # Errors
    /// `NotFound`, `PreconditionFailed`, `Invalid`, `SkuTaken`; nothing is written then.
    async fn update(&self, id: ProductId, change: &ProductChange, precondition: Precondition)
    -> Result<Written, Error>;

    /// Removes a product; answers what it was, under the version of its removal.
    ///
    /// # Errors
    /// `NotFound`, `PreconditionFailed`; nothing is removed then.
    async fn delete(&self, id: ProductId, precondition: Precondition) -> Result<Written, Error>;

    /// Changes stock or sales relatively, and keeps the reason beside the change.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when the adjustment breaks a rule or a counter would fall below zero.
    async fn adjust(&self, id: ProductId, adjustment: &Adjustment) -> Result<Written, Error>;
}

/// How [`ProductRepository::update`] changes a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductChange {
    /// All fields become those of the draft; figures that it leaves out stay.
    Replace(ProductDraft),
    /// Only the fields that the patch sets change.
    Patch(ProductPatch),
}

/// What must hold for a write to happen; checked in the write's own transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    None,
    /// The product still has this version.
    Version(Version),
}

/// A committed change of one product, with what a cache must know to forget what it touched.
#[derive(Debug, Clone)]
pub struct Written {
    /// The product's id.
    pub id: ProductId,
    /// The version that the change took. For a removal it is higher than any version that the product had.
    pub version: Version,
    /// The product after the change; for a removal, as it was before.
    pub product: Encoded<Product>,
    /// Where it was listed before; `None` if it did not exist.
    pub before: Option<Listing>,
    /// Where it is listed now; `None` if it no longer exists.
    pub after: Option<Listing>,
    /// What else changed of it; nothing for a product that came or went.
    pub changed: Aspects,
    /// Where the change stands among all changes: what a read must be at least as new as to see it.
    pub position: Position,
}

/// Which lists a product is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Its category.
    pub category: Category,
    /// Whether it is featured.
    pub featured: bool,
    /// Whether it is published.
    pub published: bool,
}

impl From<&Product> for Listing {
    fn from(product: &Product) -> Self {
        Self { category: product.category.clone(), featured: product.is_featured, published: product.is_published }
    }
}
