//! Relative changes of counters, with the reason for them.

use serde::Deserialize;

use crate::{ValidationError, error::Violations, text::TextRule};

const REASON: TextRule = TextRule::line("reason", 1, 200);
const MAX_DELTA: i64 = 1_000_000_000;

/// A relative change of stock or sales, such as a sale (`stock -1, sales +1`), kept with its reason.
///
/// Relative, because two writers who each read 10 and write 9 lose a piece.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    /// Added to the stock; the sum must not fall below zero.
    #[serde(default)]
    pub stock: i64,
    /// Added to the sales; the sum must not fall below zero.
    #[serde(default)]
    pub sales: i64,
    /// Why: 1 to 200 characters, kept beside the change.
    pub reason: String,
}

impl Adjustment {
    /// Checks the size of the deltas, that one of them is not zero, and the reason.
    ///
    /// # Errors
    /// Lists each field that breaks a rule.
    pub fn validate(&self) -> Result<(), ValidationError> {
        let mut violations = Violations::default();
        REASON.check(&self.reason, &mut violations);
        for (field, delta) in [("stock", self.stock), ("sales", self.sales)] {
            let in_range = (-MAX_DELTA..=MAX_DELTA).contains(&delta);
            violations.require(in_range, field, "must be from -1000000000 to 1000000000");
        }
        violations.require(self.stock != 0 || self.sales != 0, "stock", "or sales must change");
        violations.into_result()
    }
}
