//! Compressed bodies, kept in memory beside what they were made of, so that a hot one is not made anew for each request.

use std::{fmt::Write, io, time::Duration};

use bytes::Bytes;
use larder_cache::{Cache, CacheKey, CacheOptions, ConfigError, RawBytes, Statistics};
use tokio::{runtime::Handle, task::spawn_blocking};

use super::coding::Coding;
use crate::api_error::{ApiError, ApiErrorKind};

/// Enough for the hot pages of a shop in each coding.
const CAPACITY_BYTES: u64 = 32 << 20;

/// A body, named by the entity tag of its plain form and its length, in one coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct BodyKey {
    pub(super) tag: u64,
    pub(super) plain_bytes: usize,
    pub(super) coding: Coding,
}

impl CacheKey for BodyKey {
    fn write_to(&self, text: &mut String) {
        // Writing to a string cannot fail.
        write!(text, "{:016x}/{}/{}", self.tag, self.plain_bytes, self.coding.name()).unwrap_or_default();
    }

    fn read_from(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '/');
        let tag = u64::from_str_radix(parts.next()?, 16).ok()?;
        Some(Self { tag, plain_bytes: parts.next()?.parse().ok()?, coding: Coding::named(parts.next()?)? })
    }
}

/// The cache of compressed bodies: in this process only, as they are cheaper to make than to fetch.
#[derive(Debug, Clone)]
pub(crate) struct CompressedBodies {
    cache: Cache<BodyKey, Bytes>,
}

impl CompressedBodies {
    /// An empty one; bodies are compressed on the blocking threads of `runtime`, no more at once than it has cores.
    ///
    /// # Errors
    /// None with these options.
    pub(crate) fn new(runtime: &Handle) -> Result<Self, ConfigError> {
        let options = CacheOptions {
            l1_capacity_bytes: CAPACITY_BYTES,
            // A body never changes under its key: nothing has to be renewed.
            early_refresh: 0.0,
            max_value_bytes: 16 << 20,
            max_concurrent_loads: std::thread::available_parallelism().map_or(1, Into::into),
            load_queue_deadline: Duration::from_millis(250),
            ..CacheOptions::default()
        };
        let cache = Cache::builder("compressed").codec(RawBytes).options(options).runtime(runtime.clone()).build()?;
        Ok(Self { cache })
    }

    /// `body` in a coding, made once however many ask at the same time.
    ///
    /// # Errors
    /// 503 when too many others are being made.
    pub(super) async fn kept(&self, key: BodyKey, body: &Bytes) -> Result<Bytes, ApiError> {
        let body = body.clone();
        let found = self.cache.get_or_load(&key, move || compressed(key.coding, body)).await;
        let found = found.map_err(|cause| ApiError::new(ApiErrorKind::Overloaded, "").caused_by(cause))?;
        found.value.ok_or_else(|| ApiError::internal("a compressed body came without its bytes"))
    }

    /// What was found, made and kept: its loads are the compressions.
    pub(crate) fn statistics(&self) -> Statistics {
        self.cache.statistics()
    }
}

/// `body` in a coding, made away from the threads that answer requests.
pub(super) async fn compressed(coding: Coding, body: Bytes) -> io::Result<Bytes> {
    spawn_blocking(move || coding.compress(&body)).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_text() {
        for coding in Coding::ALL {
            let key = BodyKey { tag: 0xab, plain_bytes: 7, coding };
            let mut text = String::new();
            key.write_to(&mut text);
            assert_eq!(BodyKey::read_from(&text), Some(key), "{text}");
        }
        assert_eq!(BodyKey::read_from("ab/7/lzma"), None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_hot_body_is_compressed_once() {
        let bodies = CompressedBodies::new(&Handle::current()).expect("options that work");
        let body = Bytes::from("green tea ".repeat(5_000));
        let key = BodyKey { tag: 1, plain_bytes: body.len(), coding: Coding::Brotli };
        let asked = (0..50).map(|_| async { bodies.kept(key, &body).await.expect("is made").len() });
        let sizes = futures_util::future::join_all(asked).await;
        assert!(sizes.iter().all(|size| *size == sizes[0] && *size < 1_000), "{sizes:?}");
        let statistics = bodies.statistics();
        assert_eq!((statistics.loads.total(), statistics.calls()), (1, 50));
    }
}
