//! Rules for texts that come from outside: length, no NUL, no stray control characters.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{ValidationError, error::Violations};

/// How long a text may be, in characters, and whether it may hold line breaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextRule {
    pub(crate) field: &'static str,
    pub(crate) min_chars: usize,
    pub(crate) max_chars: usize,
    pub(crate) multiline: bool,
}

impl TextRule {
    pub(crate) const fn line(field: &'static str, min_chars: usize, max_chars: usize) -> Self {
        Self { field, min_chars, max_chars, multiline: false }
    }

    pub(crate) fn check(&self, text: &str, violations: &mut Violations) {
        let chars = text.chars().count();
        if chars < self.min_chars || chars > self.max_chars {
            violations
                .add(self.field, format!("must have {} to {} characters, has {chars}", self.min_chars, self.max_chars));
        }
        if self.min_chars > 0 && chars > 0 && text.trim().is_empty() {
            violations.add(self.field, "must not be blank");
        }
        let allowed =
            |character: char| !character.is_control() || (self.multiline && matches!(character, '\n' | '\r' | '\t'));
        violations.require(text.chars().all(allowed), self.field, "must not contain control characters");
    }
}

/// The category of a product: 1 to 64 characters on one line, compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Category(String);

impl Category {
    /// Checks length and characters.
    ///
    /// # Errors
    /// When `name` is empty, blank, longer than 64 characters or contains control characters.
    pub fn new(name: impl Into<String>) -> Result<Self, ValidationError> {
        let name = name.into();
        let mut violations = Violations::default();
        TextRule::line("category", 1, 64).check(&name, &mut violations);
        violations.into_result().map(|()| Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Category {
    type Error = ValidationError;

    fn try_from(name: String) -> Result<Self, ValidationError> {
        Self::new(name)
    }
}

impl From<Category> for String {
    fn from(category: Category) -> Self {
        category.0
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
