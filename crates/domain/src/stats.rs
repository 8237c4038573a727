//! Figures over the whole catalogue.

/// Counts and sums over all products, published or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CatalogueStats {
    /// Number of products.
    pub total: u64,
    /// Number of those that anonymous readers see.
    pub published: u64,
    /// Number of those that are put forward.
    pub featured: u64,
    /// Pieces in stock, over all products.
    pub total_stock: u64,
    /// Pieces sold, over all products.
    pub total_sales: u64,
}
