//! Exact decimals as JSON numbers: the digits on the wire are the digits of the value, with no binary float on the way.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// Why a text is not a decimal of the wanted form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecimalError {
    #[error("must be a decimal number")]
    NotANumber,
    #[error("must not have more than {0} decimals")]
    TooFine(u32),
    #[error("must be from {0} to {1}")]
    OutOfRange(Decimal, Decimal),
}

/// A part of a hundred, with two decimals, as a JSON number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(pub(crate) Decimal);

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self.0, serializer)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `value` with `scale` decimals; half of the last is rounded away from zero.
pub(crate) fn round(value: Decimal, scale: u32) -> Decimal {
    let mut rounded = value.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(scale);
    rounded
}

/// Brings `value` to exactly `scale` decimals, if that loses nothing and the range allows it.
pub(crate) fn fit(value: Decimal, scale: u32, min: Decimal, max: Decimal) -> Result<Decimal, DecimalError> {
    if value < min || value > max {
        return Err(DecimalError::OutOfRange(min, max));
    }
    let mut fitted = value.normalize();
    if fitted.scale() > scale {
        return Err(DecimalError::TooFine(scale));
    }
    fitted.rescale(scale);
    Ok(fitted)
}

/// Parses JSON number syntax, exponent included.
pub(crate) fn parse(text: &str) -> Result<Decimal, DecimalError> {
    let starts_as_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let parsed = if !starts_as_number {
        None
    } else if text.contains(['e', 'E']) {
        Decimal::from_scientific(text).ok()
    } else {
        Decimal::from_str_exact(text).ok()
    };
    parsed.ok_or(DecimalError::NotANumber)
}

pub(crate) fn serialize<S: Serializer>(value: Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(value.to_string()).map_err(ser::Error::custom)?.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let number = Box::<RawValue>::deserialize(deserializer)?;
    parse(number.get()).map_err(de::Error::custom)
}
