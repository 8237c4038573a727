//! In which order a list is answered, and where a page goes on.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Product, ProductId, ValidationError};

/// By what a list is sorted. Products that are equal in it are sorted by id, in the same direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// When the product was made.
    #[default]
    CreatedAt,
    /// What it costs.
    Price,
    /// Pieces sold; among equals, how often it was looked at.
    Sales,
    /// How often it was looked at.
    Popularity,
    /// Average of its reviews.
    Rating,
}

impl SortKey {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::CreatedAt, Self::Price, Self::Sales, Self::Popularity, Self::Rating];

    /// The name as the wire spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::Price => "price",
            Self::Sales => "sales",
            Self::Popularity => "popularity",
            Self::Rating => "rating",
        }
    }
}

impl FromStr for SortKey {
    type Err = ValidationError;

    fn from_str(name: &str) -> Result<Self, ValidationError> {
        let known = Self::ALL.into_iter().find(|key| key.as_str() == name);
        known.ok_or_else(|| ValidationError::new("sort_by", "must be created_at, price, sales, popularity or rating"))
    }
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// The smallest.
    Ascending,
    /// The largest.
    #[default]
    Descending,
}

impl SortOrder {
    /// The name as the wire spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

impl FromStr for SortOrder {
    type Err = ValidationError;

    fn from_str(name: &str) -> Result<Self, ValidationError> {
        match name {
            "asc" => Ok(Self::Ascending),
            "desc" => Ok(Self::Descending),
            _ => Err(ValidationError::new("sort_order", "must be asc or desc")),
        }
    }
}

/// A total order of products; by default the newest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// In which direction; ascending is exactly the reverse of descending.
    pub order: SortOrder,
}

impl Sort {
    /// Best sold first, among equals those that are looked at most.
    pub const HOT: Self = Self { key: SortKey::Sales, order: SortOrder::Descending };

    /// Where `product` stands in a list of this order.
    pub fn place(self, product: &Product) -> Seek {
        let (first, second) = match self.key {
            SortKey::CreatedAt => (product.created_at.as_microsecond(), 0),
            SortKey::Price => (product.price.hundredths(), 0),
            SortKey::Sales => (product.sales, product.popularity),
            SortKey::Popularity => (product.popularity, 0),
            SortKey::Rating => (product.rating.hundredths(), 0),
        };
        Seek { first, second, id: product.id }
    }
}

/// A place in a sorted list: what comes after it does not depend on how much comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seek {
    /// By what the list is sorted: microseconds since 1970, hundredths, or a count.
    pub first: i64,
    /// The popularity, in a list sorted by sales; else 0.
    pub second: i64,
    /// The id, which tells equals apart.
    pub id: ProductId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for key in SortKey::ALL {
            assert_eq!(key.as_str().parse(), Ok(key));
        }
        for order in [SortOrder::Ascending, SortOrder::Descending] {
            assert_eq!(order.as_str().parse(), Ok(order));
        }
        assert!("name".parse::<SortKey>().is_err() && "up".parse::<SortOrder>().is_err());
    }
}
