//! The schemas of bodies, by name.

mod operators;
mod product;

use serde_json::{Map, Value, json};

pub(super) use self::product::{draft_example, product_example};
use super::problems;

/// All of them.
pub(super) fn all() -> Value {
    let mut schemas = Map::new();
    schemas.insert("Problem".to_owned(), problems::schema());
    for (name, schema) in product::schemas().into_iter().chain(operators::schemas()) {
        schemas.insert(name.to_owned(), schema);
    }
    schemas.into()
}

/// An object of these members, all of them required, and no others.
fn object(description: &str, members: Value) -> Value {
    let required: Vec<String> = members.as_object().into_iter().flat_map(Map::keys).cloned().collect();
    json!({
        "type": "object",
        "description": description,
        "required": required,
        "properties": members,
        "additionalProperties": false,
    })
}

/// The same schema, or null.
fn nullable(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    schema
}

/// A count, which is never negative.
fn count(description: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 0, "description": description })
}

fn number(description: &str) -> Value {
    json!({ "type": "number", "minimum": 0, "description": description })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

fn one_of(words: &[&str], description: &str) -> Value {
    json!({ "type": "string", "enum": words, "description": description })
}

fn list(items: Value, description: &str) -> Value {
    json!({ "type": "array", "items": items, "description": description })
}

fn time(description: &str) -> Value {
    json!({ "type": "string", "format": "date-time", "description": description })
}
