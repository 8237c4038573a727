//! How values become bytes for L2, and how much of L1's memory they take.

use std::{error::Error, fmt::Debug};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

/// What a codec fails with.
pub type CodecError = Box<dyn Error + Send + Sync>;

/// Turns values into bytes and back. Used as `Arc<dyn Codec<V>>`.
pub trait Codec<V>: Debug + Send + Sync {
    /// Tells frames of different codecs apart; part of the wire format. 0 to 15 belong to this crate.
    fn id(&self) -> u8;

    /// The bytes of a value.
    ///
    /// # Errors
    /// When the value has no such form; it is then kept in L1 only.
    fn encode(&self, value: &V) -> Result<Bytes, CodecError>;

    /// The value of bytes that [`Self::encode`] made.
    ///
    /// # Errors
    /// When the bytes are something else; they then count as a miss.
    fn decode(&self, bytes: Bytes) -> Result<V, CodecError>;

    /// Bytes of memory that a value takes in L1.
    fn weight(&self, value: &V) -> usize;
}

/// Bytes as they are: a value that somebody else encodes.
#[derive(Debug, Clone, Copy)]
pub struct RawBytes;

impl Codec<Bytes> for RawBytes {
    fn id(&self) -> u8 {
        0
    }

    fn encode(&self, value: &Bytes) -> Result<Bytes, CodecError> {
        Ok(value.clone())
    }

    fn decode(&self, bytes: Bytes) -> Result<Bytes, CodecError> {
        Ok(bytes)
    }

    fn weight(&self, value: &Bytes) -> usize {
        value.len()
    }
}

/// JSON by `serde_json`. The weight of a value is the length of its JSON.
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl<V: Serialize + DeserializeOwned> Codec<V> for Json {
    fn id(&self) -> u8 {
        1
    }

    fn encode(&self, value: &V) -> Result<Bytes, CodecError> {
        Ok(serde_json::to_vec(value)?.into())
    }

    fn decode(&self, bytes: Bytes) -> Result<V, CodecError> {
        Ok(serde_json::from_slice(&bytes)?)
    }

    fn weight(&self, value: &V) -> usize {
        serde_json::to_vec(value).map_or(0, |json| json.len())
    }
}
