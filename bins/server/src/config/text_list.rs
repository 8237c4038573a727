//! Lists of texts: an array in a file, separated by commas in the environment.

use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged, expecting = "a list of texts")]
enum Spelled {
    Array(Vec<String>),
    Text(String),
}

/// Reads a list in either spelling; empty elements of a text are left out.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Spelled::deserialize(deserializer)? {
        Spelled::Array(texts) => texts,
        Spelled::Text(text) => text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(Into::into).collect(),
    })
}
