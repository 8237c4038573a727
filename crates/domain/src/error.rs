//! What is wrong with a value that came from outside.

use std::fmt;

/// One broken rule: which field, and what it demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Name of the field as the wire spells it, such as `original_price`.
    pub field: &'static str,
    /// The rule that the value breaks, such as `must not be negative`. Safe to show to a client.
    pub rule: String,
}

/// A value that breaks at least one rule of the domain.
///
/// Every violation found is listed, so that a client can mend all of them at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ValidationError {
    violations: Vec<Violation>,
}

impl ValidationError {
    /// An error about one field.
    pub fn new(field: &'static str, rule: impl Into<String>) -> Self {
        Self { violations: vec![Violation { field, rule: rule.into() }] }
    }

    /// All broken rules; never empty.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, violation) in self.violations.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", violation.field, violation.rule)?;
        }
        Ok(())
    }
}

/// Gathers violations while a value is checked field by field.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<Violation>);

impl Violations {
    pub(crate) fn add(&mut self, field: &'static str, rule: impl Into<String>) {
        self.0.push(Violation { field, rule: rule.into() });
    }

    pub(crate) fn require(&mut self, holds: bool, field: &'static str, rule: &str) {
        if !holds {
            self.add(field, rule);
        }
    }

    pub(crate) fn into_result(self) -> Result<(), ValidationError> {
        if self.0.is_empty() { Ok(()) } else { Err(ValidationError { violations: self.0 }) }
    }
}
