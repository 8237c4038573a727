//! Which parts of a product a change touched.

use std::ops::BitOr;

/// A set of parts of a product, beyond those that say in which lists it is. Made by the database, for whoever has to forget lists.
///
/// Its bits stand in the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Aspects(u8);

impl Aspects {
    /// Nothing of these.
    pub const NONE: Self = Self(0);
    /// Name or description.
    pub const TEXT: Self = Self(1);
    /// The price.
    pub const PRICE: Self = Self(2);
    /// Pieces in stock.
    pub const STOCK: Self = Self(4);
    /// Pieces sold.
    pub const SALES: Self = Self(8);
    /// Average of the reviews.
    pub const RATING: Self = Self(16);
    /// How often it was looked at.
    pub const POPULARITY: Self = Self(32);
    /// All of them, or it is not known which.
    pub const ALL: Self = Self(63);

    /// The set with these bits; unknown ones are left out.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The set as bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether one of `others` is in this set.
    pub fn has_any(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

impl BitOr for Aspects {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
