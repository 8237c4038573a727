//! Why a configuration is refused: the key, the rule, and where the value came from.

use std::fmt;

/// A configuration that cannot be used. Never shows a value that may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    key: String,
    rule: String,
    origin: Option<String>,
}

impl ConfigFault {
    /// `key` (as `server.bind`; empty for the whole) breaks `rule`.
    pub(crate) fn new(key: impl Into<String>, rule: impl Into<String>) -> Self {
        Self { key: key.into(), rule: rule.into(), origin: None }
    }

    /// The same, with the file or the variable that it came from.
    pub(crate) fn given_by(self, origin: impl Into<String>) -> Self {
        Self { origin: Some(origin.into()), ..self }
    }

    /// The key that is at fault, as `server.bind`; empty if it is a whole file.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration: ")?;
        if !self.key.is_empty() {
            write!(f, "{} ", self.key)?;
        }
        f.write_str(&self.rule)?;
        self.origin.as_ref().map_or(Ok(()), |origin| write!(f, " (from {origin})"))
    }
}

impl std::error::Error for ConfigFault {}
