#![doc = include_str!("../README.md")]

mod audience;
mod backplane;
mod belief;
mod breaker;
mod builder;
mod cache;
mod chain;
mod clock;
mod codec;
mod core;
mod ears;
mod entry;
mod error;
mod feed;
mod fence;
mod filling;
mod flight;
mod frame;
mod hearing;
mod held;
mod hot_keys;
mod inspecting;
mod invalidating;
mod key;
mod l2;
mod lead;
mod loaded;
mod loading;
mod local;
mod lookup;
mod metrics;
mod mutant;
mod news;
mod options;
#[cfg(feature = "prometheus")]
mod prometheus;
mod reading;
mod redis;
mod refresh;
mod remote;
mod spawner;
mod statistics;
mod sync;
mod tags;
#[cfg(any(feature = "testing", shuttle))]
pub mod testing;
mod ttl;

#[cfg(feature = "postcard")]
pub use codec::Postcard;
#[cfg(feature = "prometheus")]
pub use prometheus::PrometheusMetrics;

pub use backplane::{Backplane, Finding, LogEntry, LogNews, LogPage, Reign};
pub use builder::CacheBuilder;
pub use cache::Cache;
pub use clock::{Clock, SystemClock};
pub use codec::{Codec, CodecError, Json, RawBytes};
pub use error::{ConfigError, Error, ErrorKind};
pub use feed::{Feed, FeedOptions, FeedStatus};
pub use hot_keys::HotKey;
pub use inspecting::{InL2, Inspected, Inspection, Standing};
pub use invalidating::Change;
pub use key::CacheKey;
pub use l2::{BackplaneOptions, L2, L2Builder, L2Options};
pub use loaded::Loaded;
pub use lookup::{Lookup, Source};
pub use metrics::MetricsSink;
pub use news::News;
pub use options::{CacheOptions, CallOptions};
pub use redis::{RedisOptions, RedisRemote, RedisScript, Reigning, ScriptCall, ScriptReply};
pub use remote::{
    FillReply, FillRequest, FillTag, Held, Identity, Invalidation, LeaseReply, LeaseRequest, Nonce, Remote,
    RemoteError, TagGeneration,
};
pub use statistics::{
    FillCounts, FillOutcome, Gauges, Invalidated, InvalidationCounts, L1Counts, L1Look, L2Answer, L2AnswerCounts,
    L2Counts, L2Outcome, L2OutcomeCounts, LoadCounts, LoadOutcome, LookupCounts, Operation, Outcome, Statistics,
};

/// The pages beside the README, so that their examples are tested.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../docs/lifetimes.md")]
    mod lifetimes {}

    #[doc = include_str!("../docs/migrating.md")]
    mod migrating {}
}
