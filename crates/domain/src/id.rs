//! Typed ids: a product's id and its version cannot be mixed up.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ValidationError;

/// Identifies a product: a positive 64-bit integer, given by the database and never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct ProductId(i64);

impl ProductId {
    /// Checks that `id` is positive.
    ///
    /// # Errors
    /// When `id` is zero or negative.
    pub fn new(id: i64) -> Result<Self, ValidationError> {
        if id > 0 { Ok(Self(id)) } else { Err(ValidationError::new("id", "must be a positive integer")) }
    }

    /// The id as an integer.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for ProductId {
    type Error = ValidationError;

    fn try_from(id: i64) -> Result<Self, ValidationError> {
        Self::new(id)
    }
}

impl From<ProductId> for i64 {
    fn from(id: ProductId) -> Self {
        id.0
    }
}

impl FromStr for ProductId {
    type Err = ValidationError;

    /// Parses plain decimal digits, as they stand in a path: no sign, no space.
    fn from_str(text: &str) -> Result<Self, ValidationError> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let id = if digits { text.parse().ok() } else { None };
        id.and_then(|id| Self::new(id).ok())
            .ok_or_else(|| ValidationError::new("id", "must be an integer from 1 to 9223372036854775807"))
    }
}

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Orders the changes of one product: each change takes the next number of one database-wide sequence.
///
/// A higher version of the same product is newer. Versions of different products say nothing about their order in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_segment_is_an_id_only_if_it_is_a_positive_integer() {
        assert_eq!("122".parse::<ProductId>().map(ProductId::get), Ok(122));
        assert_eq!("9223372036854775807".parse::<ProductId>().map(ProductId::get), Ok(i64::MAX));
        for bad in ["", "0", "-1", "+1", " 1", "1.0", "1e3", "abc", "9223372036854775808", "１"] {
            assert!(bad.parse::<ProductId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn json_ids_are_checked_as_well() {
        assert!(serde_json::from_str::<Vec<ProductId>>("[1,2]").is_ok());
        for bad in ["[0]", "[-1]", "[1.5]", "[\"1\"]", "[9223372036854775808]", "[null]"] {
            assert!(serde_json::from_str::<Vec<ProductId>>(bad).is_err(), "{bad}");
        }
    }
}
