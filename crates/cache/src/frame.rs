//! The bytes of an entry in L2: a header of fixed places, optional sections, the payload, and a checksum over it all.
//!
//! ```text
//! offset  bytes  field; all integers are little endian
//!      0      2  magic "La"
//!      2      1  format version, 1
//!      3      1  length of the header in bytes, magic included: 38
//!      4      1  codec id
//!      5      1  flags: 1 absent, 2 versioned, 4 tagged, 8 key echoed, 16 compressed
//!      6      4  schema: a fingerprint of the type of the value
//!     10      8  row version; 0 without flag 2
//!     18      8  soft life in milliseconds at the time of the fill; at least 1
//!     26      8  hard life, likewise; not below the soft one
//!     34      4  what the load took, in microseconds, at most 2^32 - 1
//!     38         flag 4: number of tags (1 byte), then for each its length (1 byte) and UTF-8
//!      …         flag 8: length of the echoed key (2 bytes) and the key
//!      …         flag 16: length of the payload before compression (4 bytes); the payload is then an LZ4 block
//!      …         payload; none with flag 1
//!   last      8  XXH3-64 of all bytes before, seeded with the XXH3-64 of the key's name
//! ```
//!
//! The seed ties a frame to its key: copied under another name it is refused, and that costs no byte.
//!
//! # Living with other versions
//!
//! While a service is rolled out, two neighboring formats meet in one Redis. So a reader of format `n` reads `n` and
//! `n + 1`, and refuses `n + 2` and later, which count as a miss. Format `n + 1`, in turn, may differ from `n` only so:
//!
//! - It may append fields to the header. A reader of `n` finds the sections by the header's length and skips the rest.
//! - It may give a meaning to bits 6 and 7 of the flags: a reader ignores those that it does not know. Bits 0 to 5 must
//!   be understood: a frame with one that the reader does not know is refused, whatever its format.
//! - Everything else, the order of sections and the checksum at the end included, stays.

mod decode;
mod encode;
mod header;
mod schema;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

pub(crate) use self::{
    decode::decode,
    encode::encode,
    header::FORMAT,
    schema::{schema_named, schema_of},
};

const CHECKSUM_BYTES: usize = 8;

/// What reader and writer must agree on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// Id of the codec of the payload.
    pub(crate) codec: u8,
    /// Fingerprint of the type of the value, by [`schema_of`] or [`schema_named`].
    pub(crate) schema: u32,
    /// The key's name in L2.
    pub(crate) name: &'a str,
    /// The whole key, if the name holds only its hash.
    pub(crate) echo: Option<&'a str>,
    /// Longest payload, in bytes and before compression, that is written or read.
    pub(crate) max_value_bytes: usize,
}

/// What a frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The encoded value; `None` for a cached absence.
    pub(crate) payload: Option<Bytes>,
    /// Version of the row, if the cache has versions.
    pub(crate) version: Option<u64>,
    /// How long, from the fill on, the value is fresh. Kept in whole milliseconds, between 1 and `hard`.
    pub(crate) soft: Duration,
    /// How long, from the fill on, the value may be served at all. Kept in whole milliseconds, at least 1.
    pub(crate) hard: Duration,
    /// What the load took. Kept in whole microseconds, up to 71 minutes.
    pub(crate) cost: Duration,
    /// Tags of the entry: at most 255, of at most 255 bytes each.
    pub(crate) tags: Vec<String>,
}

/// Why bytes are no frame of this entry, or an entry has no frame. When read, all of them mean a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// The magic is missing: somebody else's bytes.
    #[error("not a frame")]
    Foreign,
    /// Written by a build that this one need not understand.
    #[error("a frame of another format version")]
    Format,
    /// The payload was written by another codec.
    #[error("a frame of another codec")]
    Codec,
    /// The payload is a value of another type.
    #[error("a frame of another schema")]
    Schema,
    /// Bytes are missing, changed or contradictory, or the frame was copied from under another name.
    #[error("truncated, damaged or stored under another name")]
    Damaged,
    /// Two keys have one hash.
    #[error("the frame of another key with the same hash")]
    OtherKey,
    /// The payload is longer than the cache's limit, or the tags don't fit in.
    #[error("larger than a frame may be")]
    TooLarge,
}

/// The checksum of what stands before it, in a frame that is stored under `name`.
fn checksum(body: &[u8], name: &str) -> [u8; CHECKSUM_BYTES] {
    xxh3_64_with_seed(body, xxh3_64(name.as_bytes())).to_le_bytes()
}

/// What of a key is echoed: a key beyond 64 KiB is by its beginning, which with the hash in its name is as good.
fn echoed(key: &str) -> &[u8] {
    &key.as_bytes()[..key.len().min(usize::from(u16::MAX))]
}
