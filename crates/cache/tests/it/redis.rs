//! A real Redis, and what the tests ask it.

use std::time::Duration;

use bytes::Bytes;
use larder_cache::{
    FillReply, FillRequest, FillTag, Held, Invalidation, LeaseReply, LeaseRequest, Nonce, RedisOptions, RedisRemote,
    Reigning, Remote,
};
use larder_test_support::{Redis, RedisServer};

/// Longer than a test.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// The cache that the tests speak of.
pub(crate) const CACHE: &str = "names";

/// Who the tests say they are.
pub(crate) const BY: Nonce = Nonce(*b"fedcba9876543210");

/// A second level of its own connection.
pub(crate) fn remote_at(url: &str, namespace: &str) -> RedisRemote {
    remote_with(url, namespace, RedisOptions::default())
}

/// As [`remote_at`], with further options.
pub(crate) fn remote_with(url: &str, namespace: &str, options: RedisOptions) -> RedisRemote {
    let options = RedisOptions { url: url.to_owned(), namespace: namespace.to_owned(), ..options };
    RedisRemote::new(&options).expect("the options work")
}

/// A second level under which the relay says who reigns.
pub(crate) fn relayed_at(url: &str, namespace: &str) -> RedisRemote {
    remote_with(url, namespace, RedisOptions { reign: Reigning::Relayed, ..RedisOptions::default() })
}

pub(crate) fn token(number: u8) -> Nonce {
    Nonce([number; 16])
}

pub(crate) fn request(key: &str, number: u8) -> LeaseRequest {
    LeaseRequest { key: key.to_owned(), token: token(number), refused: None, force: false }
}

pub(crate) fn a_fill(key: &str, number: u8, frame: &str) -> FillRequest {
    let (key, frame) = (key.to_owned(), Bytes::copy_from_slice(frame.as_bytes()));
    FillRequest {
        key,
        text: None,
        token: token(number),
        frame,
        life: LONG,
        version: None,
        absent: false,
        tags: Vec::new(),
    }
}

pub(crate) fn tag(name: &str, noted: Option<Nonce>) -> FillTag {
    FillTag { tag: name.to_owned(), noted }
}

pub(crate) fn drop_key(key: &str, version: Option<u64>, gone: bool) -> Invalidation {
    Invalidation::Key { key: key.to_owned(), text: None, version, gone }
}

/// A remote in a namespace of its own on the shared server; the short calls panic when it fails.
pub(crate) struct Scene {
    pub(crate) server: &'static RedisServer,
    pub(crate) remote: RedisRemote,
    pub(crate) namespace: String,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let server = Redis::shared().await.expect("a server");
        let namespace = server.fresh_namespace();
        Self { server, remote: remote_at(&server.url(), &namespace), namespace }
    }

    /// Sends a command; `@` before a word stands for the prefix of all keys.
    pub(crate) async fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let full = |word: &&str| match word.strip_prefix('@') {
            Some(name) => format!("{{{}.0}}{name}", self.namespace),
            None => (*word).to_owned(),
        };
        let words: Vec<String> = words.iter().map(full).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.server.command(&words).await.expect("Redis answers")
    }

    pub(crate) async fn fetch(&self, key: &str) -> Option<Held> {
        self.remote.fetch(CACHE, &[key]).await.expect("Redis answers").remove(0)
    }

    pub(crate) async fn frame(&self, key: &str) -> Option<String> {
        self.fetch(key).await.map(|held| String::from_utf8_lossy(&held.frame).into_owned())
    }

    pub(crate) async fn lease(&self, key: &str, number: u8) -> LeaseReply {
        self.ask(request(key, number)).await
    }

    pub(crate) async fn ask(&self, request: LeaseRequest) -> LeaseReply {
        self.remote.lease(CACHE, &[request], LONG).await.expect("Redis answers").remove(0)
    }

    pub(crate) async fn fill(&self, request: FillRequest) -> FillReply {
        self.remote.fill(CACHE, &[request]).await.expect("Redis answers").remove(0)
    }

    pub(crate) async fn insert(&self, request: &FillRequest) -> FillReply {
        self.remote.insert(CACHE, BY, request).await.expect("Redis answers")
    }

    pub(crate) async fn invalidate(&self, one: Invalidation) {
        self.remote.invalidate(CACHE, BY, &[one]).await.expect("Redis answers");
    }

    pub(crate) async fn generation(&self, tag: &str) -> Option<Nonce> {
        self.remote.generations(CACHE, &[(0, tag)]).await.expect("Redis answers").remove(0).nonce
    }

    /// Takes the lease and fills.
    pub(crate) async fn put(&self, key: &str, frame: &str) {
        assert_eq!(self.lease(key, 99).await, LeaseReply::Granted);
        assert!(matches!(self.fill(a_fill(key, 99, frame)).await, FillReply::Stored(_)));
    }
}
