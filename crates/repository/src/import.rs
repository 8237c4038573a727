//! Bulk import: whole products under ids chosen by the importer.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use larder_domain::{ProductDraft, ProductId};

use crate::Error;

/// A product to import, with what the database gives to a created one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedProduct {
    /// Its id; ids given later are higher than any imported one.
    pub id: ProductId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The rest.
    pub draft: ProductDraft,
}

/// Imports products in bulk, as seeding and moving a catalogue need it. Used as `Arc<dyn ProductImport>`.
#[async_trait]
pub trait ProductImport: fmt::Debug + Send + Sync {
    /// Number of products in the catalogue.
    ///
    /// # Errors
    /// `Unavailable`, `Timeout`.
    async fn count(&self) -> Result<u64, Error>;

    /// Adds the products; those whose id is there already are left as they are, and counted out of the result.
    ///
    /// One transaction: all or nothing.
    ///
    /// # Errors
    /// `Invalid` when a draft breaks a rule, `SkuTaken` when a new product has the stock-keeping unit of another.
    async fn import(&self, products: &[ImportedProduct]) -> Result<u64, Error>;
}
