//! Names the field and the rule of a JSON body that is refused.

use serde_json::error::Category;

use crate::api_error::ApiError;

/// 400 for broken syntax and fields given twice, 422 for everything else.
pub(super) fn explain(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let message = error.inner().to_string();
    if matches!(error.inner().classify(), Category::Syntax | Category::Eof | Category::Io) {
        return ApiError::malformed("body", format!("must be JSON: {message}"));
    }
    let message = without_position(&message);
    // serde tells of whole objects only by these words; the tests of `json_body` hold them.
    if let Some(field) = quoted_after(message, "duplicate field ") {
        return ApiError::malformed(field, "must be given once");
    }
    if let Some(field) = quoted_after(message, "missing field ") {
        return ApiError::invalid(field, "is missing");
    }
    if let Some(field) = quoted_after(message, "unknown field ") {
        return ApiError::invalid(field, "is not a known field");
    }
    let path = error.path().to_string();
    let field = if path == "." { "body" } else { path.as_str() };
    ApiError::invalid(field, without_name(message, field))
}

/// A position means little for a value of the wrong type, and the field is named.
fn without_position(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message)
}

/// Rules of the domain begin with the field that they are about: it is named beside the rule already.
fn without_name<'a>(message: &'a str, field: &str) -> &'a str {
    let rule = message.strip_prefix(field).or_else(|| message.strip_prefix("id")).unwrap_or(message);
    rule.trim_start()
}

fn quoted_after<'a>(message: &'a str, words: &str) -> Option<&'a str> {
    message.strip_prefix(words)?.strip_prefix('`')?.split('`').next()
}
