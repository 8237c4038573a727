//! The fields of a frame that have fixed places.

use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};

use super::{Frame, FrameError};

const MAGIC: [u8; 2] = *b"La";
/// The format that this build writes. It reads the next one too.
pub(crate) const FORMAT: u8 = 1;
const NEXT_FORMAT: u8 = FORMAT + 1;
const HEADER_LENGTH: u8 = 38;
/// Length of the header in this build's format.
pub(super) const HEADER_BYTES: usize = HEADER_LENGTH as usize;

/// There is no payload: an absence is cached.
pub(super) const ABSENT: u8 = 1;
/// The row version counts.
pub(super) const VERSIONED: u8 = 1 << 1;
/// The section with the tags is there.
pub(super) const TAGGED: u8 = 1 << 2;
/// The section with the key is there.
pub(super) const KEY_ECHOED: u8 = 1 << 3;
/// The section with the uncompressed length is there, and the payload is an LZ4 block.
pub(super) const COMPRESSED: u8 = 1 << 4;
const KNOWN: u8 = ABSENT | VERSIONED | TAGGED | KEY_ECHOED | COMPRESSED;
const MUST_UNDERSTAND: u8 = 0b0011_1111;
const _: () = assert!(KNOWN & !MUST_UNDERSTAND == 0, "a reader of the format before would ignore a flag of this one");

/// The header, without magic, format and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) codec: u8,
    pub(super) flags: u8,
    pub(super) schema: u32,
    version: u64,
    soft_ms: u64,
    hard_ms: u64,
    cost_us: u32,
}

impl Header {
    /// The header of `frame`; its lives and cost are brought into what the fields can say.
    pub(super) fn of(frame: &Frame, codec: u8, schema: u32, compressed: bool, key_echoed: bool) -> Self {
        let flag = |flag, set| if set { flag } else { 0 };
        let hard_ms = milliseconds(frame.hard).max(1);
        Self {
            codec,
            flags: flag(ABSENT, frame.payload.is_none())
                | flag(VERSIONED, frame.version.is_some())
                | flag(TAGGED, !frame.tags.is_empty())
                | flag(KEY_ECHOED, key_echoed)
                | flag(COMPRESSED, compressed),
            schema,
            version: frame.version.unwrap_or(0),
            soft_ms: milliseconds(frame.soft).clamp(1, hard_ms),
            hard_ms,
            cost_us: u32::try_from(frame.cost.as_micros()).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn write_to(&self, bytes: &mut BytesMut) {
        bytes.put_slice(&MAGIC);
        bytes.put_u8(FORMAT);
        bytes.put_u8(HEADER_LENGTH);
        bytes.put_u8(self.codec);
        bytes.put_u8(self.flags);
        bytes.put_u32_le(self.schema);
        bytes.put_u64_le(self.version);
        bytes.put_u64_le(self.soft_ms);
        bytes.put_u64_le(self.hard_ms);
        bytes.put_u32_le(self.cost_us);
    }

    /// The header at the beginning of bytes whose checksum is right, and what follows it.
    pub(super) fn read(body: &[u8]) -> Result<(Self, &[u8]), FrameError> {
        let (&[_, _, format, length], _) = body.split_first_chunk().ok_or(FrameError::Damaged)?;
        let (mut fields, sections) = body.split_at_checked(usize::from(length)).ok_or(FrameError::Damaged)?;
        if length < HEADER_LENGTH || (format == FORMAT && length > HEADER_LENGTH) {
            return Err(FrameError::Damaged);
        }
        fields.advance(4);
        let header = Self {
            codec: fields.get_u8(),
            flags: fields.get_u8(),
            schema: fields.get_u32_le(),
            version: fields.get_u64_le(),
            soft_ms: fields.get_u64_le(),
            hard_ms: fields.get_u64_le(),
            cost_us: fields.get_u32_le(),
        };
        if header.flags & MUST_UNDERSTAND & !KNOWN != 0 {
            return Err(FrameError::Format);
        }
        let lives_contradict = header.soft_ms == 0 || header.soft_ms > header.hard_ms;
        let version_contradicts = !header.has(VERSIONED) && header.version != 0;
        if lives_contradict || version_contradicts {
            return Err(FrameError::Damaged);
        }
        Ok((header, sections))
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn version(&self) -> Option<u64> {
        self.has(VERSIONED).then_some(self.version)
    }

    pub(super) fn soft(&self) -> Duration {
        Duration::from_millis(self.soft_ms)
    }

    pub(super) fn hard(&self) -> Duration {
        Duration::from_millis(self.hard_ms)
    }

    pub(super) fn cost(&self) -> Duration {
        Duration::from_micros(self.cost_us.into())
    }
}

/// Whether the bytes begin as a frame of a format that this build reads.
pub(super) fn check_format(bytes: &[u8]) -> Result<(), FrameError> {
    match bytes.strip_prefix(&MAGIC) {
        None => Err(FrameError::Foreign),
        Some([]) => Err(FrameError::Damaged),
        Some([FORMAT | NEXT_FORMAT, ..]) => Ok(()),
        Some(_) => Err(FrameError::Format),
    }
}

fn milliseconds(life: Duration) -> u64 {
    u64::try_from(life.as_millis()).unwrap_or(u64::MAX)
}
