//! The caches: what they count, what they hold for one key, and how to make them forget.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use larder_cache::Statistics;
use larder_repository_cached::Forget;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use super::{admit, json};
use crate::{
    api_error::{ApiError, ApiErrorKind},
    json_body,
    key_report::KeyReport,
    live::HitRatio,
    services::Services,
};

const HOTTEST: usize = 20;
/// The cache that a key is of when none is named.
const USUAL: &str = "product";

/// `GET /admin/cache`: what each cache counted since the start, what it holds, and which products are hot.
pub(in crate::routes) async fn statistics(
    request: HttpRequest,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request)?;
    let caches = services.caches.statistics();
    let caches = caches.into_iter().map(|(name, statistics)| CacheReport {
        name,
        hit_ratio: statistics.hit_ratio(),
        lookups: statistics.calls(),
        statistics,
    });
    let hottest = services.caches.hottest(HOTTEST);
    let hottest = hottest.iter().map(|hot| HotReport { id: hot.id.get(), lookups: hot.count });
    json(&Report {
        levels: services.levels,
        last_minute: services.live.hits(),
        caches: caches.collect(),
        hottest: hottest.collect(),
    })
}

/// `GET /admin/cache/{cache}/{key}`: one key in every level.
pub(in crate::routes) async fn inspect(
    request: HttpRequest,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request)?;
    let part = |name| request.match_info().get(name).unwrap_or_default();
    // The router leaves some characters encoded, among them the slash.
    let key = percent_decode_str(part("key")).decode_utf8_lossy();
    let inspection = services.caches.inspect(part("cache"), &key).await.ok_or_else(nothing_of_that_name)?;
    json(&KeyReport::new(part("cache"), &key, &inspection))
}

/// `POST /admin/cache/invalidate`: every node forgets a key, what carries a tag, or everything.
pub(in crate::routes) async fn invalidate(
    request: HttpRequest,
    body: Payload,
    services: Data<Services>,
) -> Result<HttpResponse, ApiError> {
    admit(&request)?;
    let order: Order = json_body::read(&request, body, services.body_limits).await?;
    let what = order.what()?;
    let caches = std::sync::Arc::clone(&services.caches);
    // As a write: a client that hangs up does not cut it in two.
    let forgotten = services.writes.run(async move { Ok::<_, ApiError>((caches.forget(&what).await, what)) }).await?;
    let (Some(forgotten), what) = forgotten else { return Err(nothing_of_that_name()) };
    tracing::info!(?what, queued = forgotten.queued, "an operator made the caches forget");
    json(&json!({ "forgotten": caches_of(&what), "caches": forgotten.caches, "queued": forgotten.queued }))
}

fn nothing_of_that_name() -> ApiError {
    ApiError::new(ApiErrorKind::NotFound, "there is no such cache, or it has no such keys")
}

fn caches_of(what: &Forget) -> serde_json::Value {
    match what {
        Forget::Key { key, .. } => json!({ "key": key }),
        Forget::Tag(tag) => json!({ "tag": tag }),
        Forget::Everything => json!({ "all": true }),
    }
}

/// What is to be forgotten: exactly one of `key`, `tag` and `all`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// A key of `cache`; for products their id, as a number as well.
    #[serde(default, deserialize_with = "given")]
    key: Option<Key>,
    #[serde(default, deserialize_with = "given")]
    cache: Option<String>,
    #[serde(default, deserialize_with = "given")]
    tag: Option<String>,
    #[serde(default, deserialize_with = "given")]
    all: Option<bool>,
}

/// What is given has a value: null is none.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Key {
    Number(i64),
    Text(String),
}

impl Order {
    fn what(self) -> Result<Forget, ApiError> {
        let rule = "must have exactly one of key, tag and all";
        match self {
            Self { key: Some(key), cache, tag: None, all: None } => Ok(Forget::Key {
                cache: cache.unwrap_or_else(|| USUAL.to_owned()),
                key: match key {
                    Key::Number(number) => number.to_string(),
                    Key::Text(text) => text,
                },
            }),
            Self { key: None, cache: None, tag: Some(tag), all: None } => lawful(tag).map(Forget::Tag),
            Self { key: None, cache: None, tag: None, all: Some(true) } => Ok(Forget::Everything),
            Self { all: Some(false), .. } => Err(ApiError::invalid("all", "can only be true")),
            Self { key: None, cache: Some(_), .. } => Err(ApiError::invalid("cache", "belongs to a key")),
            _ => Err(ApiError::invalid("body", rule)),
        }
    }
}

/// Longer ones are no tags of any entry.
fn lawful(tag: String) -> Result<String, ApiError> {
    let fits = (1..=200).contains(&tag.len());
    if fits { Ok(tag) } else { Err(ApiError::invalid("tag", "must have 1 to 200 bytes")) }
}

#[derive(Debug, Serialize)]
struct Report {
    levels: &'static str,
    /// Over all caches; null in the first second.
    last_minute: Option<HitRatio>,
    caches: Vec<CacheReport>,
    hottest: Vec<HotReport>,
}

#[derive(Debug, Serialize)]
struct CacheReport {
    name: &'static str,
    /// Since the start.
    hit_ratio: f64,
    lookups: u64,
    statistics: Statistics,
}

#[derive(Debug, Serialize)]
struct HotReport {
    id: i64,
    /// An estimate, fading.
    lookups: u64,
}
