//! Prices and ratings: decimals with a fixed number of places and a range.

use std::{fmt, str::FromStr};

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{ValidationError, decimal};

/// Defines a decimal newtype with two places, a range, exact JSON and exact conversion from hundredths.
macro_rules! hundredths {
    ($(#[$doc:meta])* $name:ident, $field:literal, max $max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Decimal);

        impl $name {
            /// The largest value, in hundredths.
            pub const MAX_HUNDREDTHS: i64 = $max;

            /// Checks range and number of decimals.
            ///
            /// # Errors
            /// When `value` is negative, above the maximum, or has more than two decimals.
            pub fn new(value: Decimal) -> Result<Self, ValidationError> {
                decimal::fit(value, 2, Decimal::ZERO, Decimal::new(Self::MAX_HUNDREDTHS, 2))
                    .map(Self)
                    .map_err(|broken| ValidationError::new($field, broken.to_string()))
            }

            /// The value of so many hundredths.
            ///
            /// # Errors
            /// When `hundredths` is negative or above [`Self::MAX_HUNDREDTHS`].
            pub fn from_hundredths(hundredths: i64) -> Result<Self, ValidationError> {
                Self::new(Decimal::new(hundredths, 2))
            }

            /// The value in hundredths: exact, because a value has two places.
            #[expect(clippy::cast_possible_truncation, reason = "the mantissa is at most MAX_HUNDREDTHS, an i64")]
            pub fn hundredths(self) -> i64 {
                self.0.mantissa() as i64
            }

            /// The value as a decimal with two places.
            pub fn decimal(self) -> Decimal {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = ValidationError;

            fn from_str(text: &str) -> Result<Self, ValidationError> {
                decimal::parse(text)
                    .map_err(|broken| ValidationError::new($field, broken.to_string()))
                    .and_then(Self::new)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                decimal::serialize(self.0, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(decimal::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    };
}

hundredths! {
    /// An amount of money in the shop's one currency: 0.00 to 9999999999.99, exact.
    ///
    /// On the wire it is a JSON number with two decimals (`461.79`, `12.00`).
    Price, "price", max 999_999_999_999
}

hundredths! {
    /// An average rating from 0.00 to 5.00.
    Rating, "rating", max 500
}

impl Price {
    /// By how many percent this price lies below `original`, with two decimals: `0.00` if it does not.
    ///
    /// Half a hundredth is rounded away from zero.
    pub fn discount_from(self, original: Option<Self>) -> Decimal {
        let percent = match original {
            Some(original) if original > self => (original.0 - self.0) * Decimal::ONE_HUNDRED / original.0,
            _ => Decimal::ZERO,
        };
        decimal::round(percent, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().expect("a valid price")
    }

    #[test]
    fn json_numbers_keep_their_digits() {
        for (wire, canonical) in [
            ("461.79", "461.79"),
            ("0.1", "0.10"),
            ("12", "12.00"),
            ("1e2", "100.00"),
            ("461.790", "461.79"),
            ("9999999999.99", "9999999999.99"),
        ] {
            let parsed: Price = serde_json::from_str(wire).expect(wire);
            assert_eq!(serde_json::to_string(&parsed).expect("serializes"), canonical);
            assert_eq!(Price::from_hundredths(parsed.hundredths()), Ok(parsed));
        }
    }

    #[test]
    fn what_is_no_price_is_refused_with_its_reason() {
        for (wire, reason) in [
            ("1.999", "more than 2 decimals"),
            ("-0.01", "must be from 0 to 9999999999.99"),
            ("10000000000", "must be from 0"),
            ("\"1.00\"", "must be a decimal number"),
            ("null", "must be a decimal number"),
            ("[1]", "must be a decimal number"),
            ("1e400", "must be a decimal number"),
        ] {
            let error = serde_json::from_str::<Price>(wire).expect_err(wire).to_string();
            assert!(error.contains(reason), "{wire}: {error}");
        }
    }

    #[test]
    fn discount_is_a_percentage_with_two_decimals() {
        assert_eq!(price("461.79").discount_from(Some(price("599.00"))).to_string(), "22.91");
        assert_eq!(price("5").discount_from(Some(price("5"))).to_string(), "0.00");
        assert_eq!(price("6").discount_from(Some(price("5"))).to_string(), "0.00");
        assert_eq!(price("0").discount_from(Some(price("5"))).to_string(), "100.00");
        assert_eq!(price("5").discount_from(None).to_string(), "0.00");
    }
}
