//! Figures over the whole catalogue.

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::decimal::{self, Percent};

/// Counts and sums over all products, published or not, at one moment.
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
    /// When they were counted.
    pub counted_at: Timestamp,
}

impl CatalogueStats {
    /// How many percent of the products are published; 0.00 without products.
    pub fn publish_rate(&self) -> Percent {
        self.share(self.published)
    }

    /// How many percent of the products are featured; 0.00 without products.
    pub fn featured_rate(&self) -> Percent {
        self.share(self.featured)
    }

    fn share(&self, part: u64) -> Percent {
        let percent = if self.total == 0 {
            Decimal::ZERO
        } else {
            Decimal::from(part) * Decimal::ONE_HUNDRED / Decimal::from(self.total)
        };
        Percent(decimal::round(percent, 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent_with_two_decimals() {
        let stats = CatalogueStats { total: 3, published: 2, featured: 3, ..CatalogueStats::default() };
        let rates = [stats.publish_rate(), stats.featured_rate(), CatalogueStats::default().publish_rate()];
        assert_eq!(serde_json::to_string(&rates).expect("encodes"), "[66.67,100.00,0.00]");
    }
}
