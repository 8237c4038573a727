#![doc = include_str!("../README.md")]

mod breaker;
mod builder;
mod cache;
mod codec;
mod entry;
mod error;
mod fence;
mod flight;
mod frame;
mod key;
mod lead;
mod load;
mod local;
mod lookup;
mod recovery;
mod redis;
mod remote;
mod ttl;

pub use builder::{CacheBuilder, CacheOptions};
pub use cache::Cache;
pub use codec::{Codec, CodecError, Json, RawBytes};
pub use error::{ConfigError, Error, ErrorKind};
pub use key::CacheKey;
pub use load::Loaded;
pub use lookup::{Lookup, Source};
pub use redis::{RedisOptions, RedisRemote};
pub use remote::{FillReply, FillRequest, Invalidation, ReadReply, ReadRequest, Remote, RemoteError, Token};
