//! The bytes of an entry in L2: magic, format version, codec, flags, row version, key echo, checksum.
//!
//! ```text
//! offset  bytes  field
//!      0      2  magic "La"
//!      2      1  format version, 1
//!      3      1  codec id
//!      4      1  flags: 1 absent, 2 key echoed
//!      5      8  row version, little endian; 0 if the cache has none
//!     13      2  length of the echoed key, little endian, and the key (only with flag 2)
//!      …      …  payload
//!   last      8  XXH3-64 of all bytes before, little endian
//! ```

use bytes::{BufMut, Bytes, BytesMut};
use xxhash_rust::xxh3::xxh3_64;

const MAGIC: [u8; 2] = *b"La";
const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 13;
const CHECKSUM_BYTES: usize = 8;
const ABSENT: u8 = 1;
const KEY_ECHOED: u8 = 2;

/// A decoded frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The encoded value; `None` for a cached absence.
    pub(crate) payload: Option<Bytes>,
    pub(crate) version: u64,
}

/// Why bytes are no frame of this cache. All of them mean a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("not a frame")]
    Foreign,
    #[error("a frame of another format version")]
    Format,
    #[error("a frame of another codec")]
    Codec,
    #[error("truncated or damaged")]
    Damaged,
    #[error("the frame of another key with the same hash")]
    OtherKey,
}

/// Writes a frame.
pub(crate) fn encode(codec: u8, version: u64, echo: Option<&str>, payload: Option<&[u8]>) -> Bytes {
    let body = payload.unwrap_or_default();
    let mut frame = BytesMut::with_capacity(HEADER_BYTES + 2 + echo.map_or(0, str::len) + body.len() + CHECKSUM_BYTES);
    // A key beyond 64 KiB is echoed by its beginning: together with the 128-bit hash in the name that is as good.
    let echo = echo.map(|key| &key.as_bytes()[..key.len().min(usize::from(u16::MAX))]);
    frame.put_slice(&MAGIC);
    frame.put_u8(FORMAT);
    frame.put_u8(codec);
    frame.put_u8(if payload.is_none() { ABSENT } else { 0 } | if echo.is_some() { KEY_ECHOED } else { 0 });
    frame.put_u64_le(version);
    if let Some(key) = echo {
        frame.put_u16_le(u16::try_from(key.len()).expect("cut to 16 bits above"));
        frame.put_slice(key);
    }
    frame.put_slice(body);
    let checksum = xxh3_64(&frame);
    frame.put_u64_le(checksum);
    frame.freeze()
}

/// Reads a frame; the payload shares the memory of `bytes`.
pub(crate) fn decode(bytes: &Bytes, codec: u8, echo: Option<&str>) -> Result<Frame, FrameError> {
    if bytes.len() < HEADER_BYTES + CHECKSUM_BYTES || bytes[..2] != MAGIC {
        return Err(FrameError::Foreign);
    }
    if bytes[2] != FORMAT {
        return Err(FrameError::Format);
    }
    let (body, checksum) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
    if checksum != xxh3_64(body).to_le_bytes() {
        return Err(FrameError::Damaged);
    }
    if bytes[3] != codec {
        return Err(FrameError::Codec);
    }
    let flags = bytes[4];
    let version = body[5..HEADER_BYTES].try_into().map(u64::from_le_bytes).expect("eight bytes");
    let mut start = HEADER_BYTES;
    let mut echoed = None;
    if flags & KEY_ECHOED != 0 {
        let length = body.get(start..start + 2).ok_or(FrameError::Damaged)?;
        let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
        start += 2;
        echoed = Some(body.get(start..start + length).ok_or(FrameError::Damaged)?);
        start += length;
    }
    let wanted = echo.map(|key| &key.as_bytes()[..key.len().min(usize::from(u16::MAX))]);
    if echoed != wanted {
        return Err(FrameError::OtherKey);
    }
    let payload = (flags & ABSENT == 0).then(|| bytes.slice(start..body.len()));
    Ok(Frame { payload, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_bytes_of_format_1() {
        let frame = encode(1, 7, None, Some(b"hi"));
        let hex: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, concat!("4c61", "01", "01", "00", "0700000000000000", "6869", "6080a2b6b555ea51"));
    }

    #[test]
    fn what_was_written_is_read() {
        for (echo, payload) in [(None, Some(&b"value"[..])), (Some("key"), Some(b"")), (None, None), (Some("k"), None)]
        {
            let frame = decode(&encode(3, 9, echo, payload), 3, echo).expect("a frame");
            assert_eq!((frame.version, frame.payload.as_deref()), (9, payload));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let whole = encode(1, 7, Some("key"), Some(b"payload"));
        for cut in 0..whole.len() {
            assert!(decode(&whole.slice(..cut), 1, Some("key")).is_err(), "cut at {cut}");
        }
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&damaged.into(), 1, Some("key")).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn frames_of_other_formats_codecs_and_keys_are_misses() {
        let mut newer = encode(1, 7, None, Some(b"x")).to_vec();
        newer[2] = 2;
        assert_eq!(decode(&newer.into(), 1, None), Err(FrameError::Format));
        assert_eq!(decode(&encode(2, 7, None, Some(b"x")), 1, None), Err(FrameError::Codec));
        assert_eq!(decode(&encode(1, 7, Some("a"), Some(b"x")), 1, Some("b")), Err(FrameError::OtherKey));
        assert_eq!(
            decode(&Bytes::from_static(b"hello, I am somebody else's value"), 1, None),
            Err(FrameError::Foreign)
        );
    }
}
