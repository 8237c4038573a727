//! What an answer says of where it came from, and how long whoever keeps it may go on showing it.

use std::time::Duration;

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use larder_repository::{Freshness, Origin, Read};

use crate::{
    cache_status::{self, CACHE_STATUS},
    config::ServerConfig,
};

/// Stored answers are asked for again with their tag.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
/// What a token shows is for its bearer only.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// What else decides an answer besides its address.
const DECIDED_BY: HeaderValue = HeaderValue::from_static("Accept-Encoding, Authorization, Larder-Version");

/// Who may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Anybody: it is what anonymous readers see.
    Everyone,
    /// The bearer of a token.
    Bearer,
}

/// Where an answer came from, and what may be done with it.
#[derive(Debug, Clone)]
pub(crate) struct Provenance {
    cache_status: &'static str,
    cache_control: HeaderValue,
}

impl Provenance {
    /// Of an answer that nobody may show again without asking.
    pub(crate) fn unkept<T>(read: &Read<T>, freshness: Freshness, audience: Audience) -> Self {
        let cache_control = if audience == Audience::Everyone { REVALIDATE } else { PRIVATE };
        Self { cache_status: cache_status::value(read.origin, freshness), cache_control }
    }

    /// Adds `Cache-Status`, `Cache-Control` and `Vary`.
    pub(crate) fn insert_into(&self, headers: &mut HeaderMap) {
        headers.insert(CACHE_STATUS, HeaderValue::from_static(self.cache_status));
        headers.insert(header::CACHE_CONTROL, self.cache_control.clone());
        headers.insert(header::VARY, DECIDED_BY);
    }
}

/// The values of `Cache-Control` that the configuration allows, one for each second, so that no request makes one.
#[derive(Debug)]
pub(crate) struct ClientCaching {
    by_second: Box<[HeaderValue]>,
}

impl ClientCaching {
    pub(crate) fn new(config: &ServerConfig) -> Self {
        let stale = match config.stale_while_revalidate_ms / 1_000 {
            0 => String::new(),
            seconds => format!(", stale-while-revalidate={seconds}"),
        };
        let spell = |seconds| HeaderValue::try_from(format!("max-age={seconds}{stale}")).unwrap_or(REVALIDATE);
        let positive = (1..=config.client_max_age_ms / 1_000).map(spell);
        Self { by_second: [REVALIDATE].into_iter().chain(positive).collect() }
    }

    /// Of an answer to a GET: anonymous readers may keep what a cache here would show unchanged, for as long as it would.
    pub(crate) fn provenance<T>(&self, read: &Read<T>, freshness: Freshness, audience: Audience) -> Provenance {
        let unkept = Provenance::unkept(read, freshness, audience);
        let is_sure = !matches!(read.origin, Origin::Stale | Origin::Unconfirmed | Origin::Database);
        match read.fresh_for {
            Some(life) if is_sure && audience == Audience::Everyone => {
                Provenance { cache_control: self.for_life(life), ..unkept }
            }
            _ => unkept,
        }
    }

    fn for_life(&self, life: Duration) -> HeaderValue {
        let seconds = usize::try_from(life.as_secs()).unwrap_or(usize::MAX);
        self.by_second.get(seconds).or(self.by_second.last()).cloned().unwrap_or(REVALIDATE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(config: &ServerConfig, origin: Origin, fresh_for_ms: Option<u64>, audience: Audience) -> String {
        let read = Read { value: (), origin, fresh_for: fresh_for_ms.map(Duration::from_millis) };
        let provenance = ClientCaching::new(config).provenance(&read, Freshness::Cached, audience);
        let mut headers = HeaderMap::new();
        provenance.insert_into(&mut headers);
        assert!(headers.contains_key(CACHE_STATUS) && headers.contains_key(header::VARY));
        headers.get(header::CACHE_CONTROL).expect("is there").to_str().expect("text").to_owned()
    }

    #[test]
    fn anonymous_readers_may_keep_an_answer_for_the_life_that_is_left() {
        let config = ServerConfig::default();
        for (origin, fresh_for_ms, expected) in [
            (Origin::L1, Some(12_900), "max-age=12, stale-while-revalidate=30"),
            (Origin::L2, Some(600_000), "max-age=60, stale-while-revalidate=30"),
            (Origin::Loaded, Some(u64::MAX), "max-age=60, stale-while-revalidate=30"),
            (Origin::L1, Some(999), "no-cache"),
            (Origin::L1, None, "no-cache"),
            (Origin::Stale, Some(5_000), "no-cache"),
            (Origin::Unconfirmed, Some(5_000), "no-cache"),
            (Origin::Database, Some(5_000), "no-cache"),
        ] {
            assert_eq!(
                said(&config, origin, fresh_for_ms, Audience::Everyone),
                expected,
                "{origin:?} {fresh_for_ms:?}"
            );
            assert_eq!(said(&config, origin, fresh_for_ms, Audience::Bearer), "private, no-cache");
        }
    }

    #[test]
    fn the_configuration_may_forbid_both_spans() {
        let always = ServerConfig { client_max_age_ms: 0, ..ServerConfig::default() };
        assert_eq!(said(&always, Origin::L1, Some(60_000), Audience::Everyone), "no-cache");
        let plain = ServerConfig { stale_while_revalidate_ms: 999, ..ServerConfig::default() };
        assert_eq!(said(&plain, Origin::L1, Some(7_000), Audience::Everyone), "max-age=7");
    }
}
