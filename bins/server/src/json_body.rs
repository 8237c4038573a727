//! JSON bodies, read strictly: media type, size, time, UTF-8, syntax, then types.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderMap, HeaderName},
    web::{Bytes, Payload},
};
use serde::de::DeserializeOwned;

use crate::api_error::{ApiError, ApiErrorKind};

mod fault;

/// Limits on a body.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// Its most bytes.
    pub bytes: usize,
    /// How long it may take to arrive.
    pub time: Duration,
}

/// Reads the body of `request` as a `T`.
///
/// # Errors
/// 415 for another media type or an encoding, 413 for too many bytes, 408 when they come too slowly; 400 when they are not UTF-8,
/// no JSON, or have one key twice; 422 naming the field when the JSON is no `T`.
pub(crate) async fn read<T: DeserializeOwned>(
    request: &HttpRequest,
    body: Payload,
    limits: BodyLimits,
) -> Result<T, ApiError> {
    require_json(request.headers())?;
    let announced = text_of(request.headers(), &header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.bytes as u64) {
        return Err(too_large(limits.bytes));
    }
    let collected = tokio::time::timeout(limits.time, collect(body, limits.bytes)).await;
    let bytes = collected.map_err(|_elapsed| ApiError::new(ApiErrorKind::BodyTooSlow, ""))??;
    parse(&bytes)
}

async fn collect(body: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let bytes = body.to_bytes_limited(limit).await.map_err(|_exceeded| too_large(limit))?;
    bytes.map_err(|cause| ApiError::malformed("body", "could not be read to its end").caused_by(cause.to_string()))
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(ApiErrorKind::BodyTooLarge, format!("at most {limit} bytes are accepted"))
}

/// `application/json`, or a type of that syntax (RFC 6839), in UTF-8 and not compressed.
fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let wrong = |detail| Err(ApiError::new(ApiErrorKind::UnsupportedMediaType, detail));
    if text_of(headers, &header::CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return wrong("compressed bodies are not accepted");
    }
    let mut parts = text_of(headers, &header::CONTENT_TYPE).unwrap_or_default().split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
        return wrong("send Content-Type: application/json");
    }
    let charset = parts.filter_map(|parameter| parameter.split_once('=')).find(|(name, _)| *name == "charset");
    if charset.is_some_and(|(_, charset)| !charset.trim_matches('"').eq_ignore_ascii_case("utf-8")) {
        return wrong("only UTF-8 is accepted");
    }
    Ok(())
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // Checked as a whole, as serde_json does not look into the strings of fields that are ignored.
    let text = std::str::from_utf8(bytes).map_err(|_wrong| ApiError::malformed("body", "must be UTF-8"))?;
    // Following the path to each value costs as much as reading it, and only a fault asks for it.
    serde_json::from_str(text).or_else(|_fault| explain(text))
}

/// Reads `text` once more, to say where its fault is.
fn explain<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| fault::explain(&error))?;
    json.end().map_err(|_more| ApiError::malformed("body", "must be one JSON value"))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use actix_web::http::{StatusCode, header::HeaderValue};
    use larder_domain::{Adjustment, ProductDraft, ProductId};

    use super::*;

    fn refused<T: DeserializeOwned + std::fmt::Debug>(body: &[u8]) -> (StatusCode, String, String) {
        let error = parse::<T>(body).expect_err("refused");
        (error.kind.row().0, error.fields[0].field.clone(), error.fields[0].rule.clone())
    }

    #[test]
    fn broken_syntax_is_malformed() {
        for body in
            [&b""[..], b"{", b"{\"stock\":}", b"{\"reason\":\"x\"} {}", b"\xff", b"{\"reason\":\"\xc3\"}", b"nul"]
        {
            let (status, field, _) = refused::<Adjustment>(body);
            assert_eq!((status, field.as_str()), (StatusCode::BAD_REQUEST, "body"), "{body:?}");
        }
        let deep = "[".repeat(100_000);
        assert_eq!(refused::<Vec<ProductId>>(deep.as_bytes()).0, StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn a_field_given_twice_is_malformed_and_named() {
        let (status, field, rule) = refused::<Adjustment>(br#"{"stock":1,"stock":2,"reason":"x"}"#);
        assert_eq!((status, field.as_str(), rule.as_str()), (StatusCode::BAD_REQUEST, "stock", "must be given once"));
    }

    #[test]
    fn a_wrong_field_is_named_with_its_rule() {
        let draft = |fields: &str| format!(r#"{{"name":"Tea","sku":"T-1","category":"tea"{fields}}}"#);
        for (body, field, rule) in [
            (draft(""), "price", "is missing"),
            (draft(r#","price":1.999"#), "price", "must not have more than 2 decimals"),
            (draft(r#","price":"1""#), "price", "must be a decimal number"),
            (draft(r#","price":1,"stock":"many""#), "stock", "invalid type"),
            (draft(r#","price":1,"colour":"red""#), "colour", "is not a known field"),
            ("[]".into(), "body", "invalid"),
        ] {
            let (status, found, found_rule) = refused::<ProductDraft>(body.as_bytes());
            assert_eq!((status, found.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, field), "{body}");
            assert!(found_rule.contains(rule) && !found_rule.contains(" at line "), "{body}: {found_rule}");
        }
        let (_, field, rule) = refused::<Vec<ProductId>>(b"[1,0]");
        assert_eq!((field.as_str(), rule.as_str()), ("[1]", "must be a positive integer"));
    }

    #[test]
    fn only_plain_json_in_utf8_is_accepted() {
        let accepts = |content_type: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            require_json(&headers).is_ok()
        };
        for good in ["application/json", "Application/JSON; charset=UTF-8", "application/merge-patch+json"] {
            assert!(accepts(good), "{good}");
        }
        for bad in ["text/plain", "application/json; charset=latin1", "", "application/x-www-form-urlencoded"] {
            assert!(!accepts(bad), "{bad}");
        }
        assert!(require_json(&HeaderMap::new()).is_err());
    }
}
