//! Whether a peer answers what Larder answers.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What moves when Larder counts the views of those who ask before: these need to be there only.
const MOVED_BY_VIEWS: [&str; 3] = ["popularity", "updated_at", "version"];

/// Compares the JSON of these products, as values: spaces, and zeros at the end of a number or of a second, are nobody's mistake.
///
/// # Errors
/// When one does not answer, or differs; the message has the field.
pub(crate) async fn agree(larder: SocketAddr, peer: SocketAddr, ids: &[u64]) -> Result<()> {
    ensure!(!ids.is_empty(), "no product to compare");
    for id in ids {
        let (ours, theirs) = (product(larder, *id).await?, product(peer, *id).await?);
        if let Some(field) = difference(&ours, &theirs) {
            anyhow::bail!("product {id}: {field} is {} at Larder, {} at the peer", ours[&field], theirs[&field]);
        }
    }
    Ok(())
}

async fn product(server: SocketAddr, id: u64) -> Result<Value> {
    let url = format!("http://{server}/api/v1/products/{id}");
    let answer = reqwest::get(&url).await.and_then(reqwest::Response::error_for_status);
    let text = answer.with_context(|| format!("ask {url}"))?.text().await.with_context(|| format!("read {url}"))?;
    serde_json::from_str(&text).with_context(|| format!("{url} answers no JSON"))
}

/// The first field that differs, or that only one has.
fn difference(ours: &Value, theirs: &Value) -> Option<String> {
    let (Value::Object(mine), Value::Object(other)) = (ours, theirs) else { return Some("the whole".into()) };
    let differs = |name: &&String| match (mine.get(*name), other.get(*name)) {
        (Some(a), Some(b)) => !MOVED_BY_VIEWS.contains(&name.as_str()) && canonical(a) != canonical(b),
        _ => true,
    };
    mine.keys().chain(other.keys()).find(differs).cloned()
}

/// Times differ in how many zeros end them.
fn canonical(value: &Value) -> Value {
    let trimmed = value.as_str().and_then(|text| text.strip_suffix('Z')?.split_once('.'));
    match trimmed {
        Some((second, fraction)) if fraction.bytes().all(|byte| byte.is_ascii_digit()) => {
            let fraction = fraction.trim_end_matches('0');
            let point = if fraction.is_empty() { "" } else { "." };
            format!("{second}{point}{fraction}Z").into()
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_compared_and_not_their_spelling() {
        let parsed = |text| serde_json::from_str::<Value>(text).unwrap();
        let ours = parsed(r#"{"price":12.50,"at":"2026-01-01T00:00:00.12Z"}"#);
        assert_eq!(difference(&ours, &parsed(r#"{"at": "2026-01-01T00:00:00.120000Z", "price": 12.5}"#)), None);
        assert_eq!(difference(&ours, &json!({ "price": 12.5 })), Some("at".into()));
        assert_eq!(difference(&json!({ "price": 12.5 }), &ours), Some("at".into()));
        assert_eq!(difference(&ours, &json!({ "price": 12.51, "at": ours["at"] })), Some("price".into()));
        assert_eq!(difference(&json!({ "version": 1 }), &json!({ "version": 2 })), None);
        assert_eq!(difference(&json!({ "version": 1 }), &json!({})), Some("version".into()));
        assert!(difference(&ours, &json!([])).is_some());
    }
}
