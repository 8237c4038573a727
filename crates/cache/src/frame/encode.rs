//! Writing a frame.

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    CHECKSUM_BYTES, Context, Frame, FrameError, checksum, echoed,
    header::{HEADER_BYTES, Header},
};

/// Bytes of the section that says how long a compressed payload was.
const LENGTH_BYTES: usize = 4;

/// The bytes of `frame`. A payload longer than `compress_above_bytes` is compressed, if that makes it smaller.
///
/// # Errors
/// [`FrameError::TooLarge`] when the payload is longer than the limit, or when there are more than 255 tags or one of
/// them is longer than 255 bytes: an entry must not lose a tag. It can then not be kept in L2.
pub(crate) fn encode(context: &Context<'_>, frame: &Frame, compress_above_bytes: usize) -> Result<Bytes, FrameError> {
    let plain = frame.payload.as_deref().unwrap_or_default();
    if plain.len() > context.max_value_bytes {
        return Err(FrameError::TooLarge);
    }
    let compressed = if plain.len() > compress_above_bytes { compress(plain) } else { None };
    let payload = compressed.as_ref().map_or(plain, |(_, block)| block);
    let echo = context.echo.map(echoed);

    let tags_bytes = frame.tags.iter().map(|tag| 1 + tag.len()).sum::<usize>();
    let sections_bytes = 1 + tags_bytes + 2 + echo.map_or(0, <[u8]>::len) + LENGTH_BYTES;
    let mut bytes = BytesMut::with_capacity(HEADER_BYTES + sections_bytes + payload.len() + CHECKSUM_BYTES);
    Header::of(frame, context.codec, context.schema, compressed.is_some(), echo.is_some()).write_to(&mut bytes);
    if !frame.tags.is_empty() {
        put_tags(&mut bytes, &frame.tags)?;
    }
    if let Some(key) = echo {
        bytes.put_u16_le(u16::try_from(key.len()).expect("an echo is cut to what 16 bits can count"));
        bytes.put_slice(key);
    }
    if let Some((plain_bytes, _)) = &compressed {
        bytes.put_u32_le(*plain_bytes);
    }
    bytes.put_slice(payload);
    let checksum = checksum(&bytes, context.name);
    bytes.put_slice(&checksum);
    Ok(bytes.freeze())
}

fn put_tags(bytes: &mut BytesMut, tags: &[String]) -> Result<(), FrameError> {
    bytes.put_u8(u8::try_from(tags.len()).or(Err(FrameError::TooLarge))?);
    for tag in tags {
        bytes.put_u8(u8::try_from(tag.len()).or(Err(FrameError::TooLarge))?);
        bytes.put_slice(tag.as_bytes());
    }
    Ok(())
}

/// The length of `plain` and the LZ4 block of it, if the two are shorter than it.
fn compress(plain: &[u8]) -> Option<(u32, Vec<u8>)> {
    let plain_bytes = u32::try_from(plain.len()).ok()?;
    let block = lz4_flex::block::compress(plain);
    (LENGTH_BYTES + block.len() < plain.len()).then_some((plain_bytes, block))
}
