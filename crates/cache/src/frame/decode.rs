//! Reading a frame: nothing is believed before the checksum, nothing allocated before the limits.

use std::str;

use bytes::Bytes;

use super::{
    CHECKSUM_BYTES, Context, Frame, FrameError, checksum, echoed,
    header::{ABSENT, COMPRESSED, Header, KEY_ECHOED, TAGGED, check_format},
};

/// The frame that `bytes` are. A payload that is not compressed shares their memory.
///
/// # Errors
/// When they are something else, as [`FrameError`] says; all of it is a miss.
pub(crate) fn decode(context: &Context<'_>, bytes: &Bytes) -> Result<Frame, FrameError> {
    check_format(bytes)?;
    let (body, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(FrameError::Damaged)?;
    if *sum != checksum(body, context.name) {
        return Err(FrameError::Damaged);
    }
    let (header, mut rest) = Header::read(body)?;
    if header.codec != context.codec {
        return Err(FrameError::Codec);
    }
    if header.schema != context.schema {
        return Err(FrameError::Schema);
    }
    let tags = if header.has(TAGGED) { take_tags(&mut rest)? } else { Vec::new() };
    let echo = if header.has(KEY_ECHOED) { Some(take_echo(&mut rest)?) } else { None };
    if echo != context.echo.map(echoed) {
        return Err(FrameError::OtherKey);
    }
    let payload = match (header.has(ABSENT), header.has(COMPRESSED)) {
        (false, false) if rest.len() > context.max_value_bytes => return Err(FrameError::TooLarge),
        (false, false) => Some(bytes.slice_ref(rest)),
        (false, true) => Some(decompress(rest, context.max_value_bytes)?),
        (true, false) if rest.is_empty() => None,
        (true, _) => return Err(FrameError::Damaged),
    };
    let (version, soft, hard, cost) = (header.version(), header.soft(), header.hard(), header.cost());
    Ok(Frame { payload, version, soft, hard, cost, tags })
}

fn take_tags(rest: &mut &[u8]) -> Result<Vec<String>, FrameError> {
    let [count] = take_array(rest)?;
    let mut tags = Vec::with_capacity(count.into());
    for _ in 0..count {
        let [length] = take_array(rest)?;
        let tag = str::from_utf8(take(rest, length.into())?).or(Err(FrameError::Damaged))?;
        tags.push(tag.to_owned());
    }
    Ok(tags)
}

fn take_echo<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], FrameError> {
    let length = u16::from_le_bytes(take_array(rest)?);
    take(rest, length.into())
}

/// The payload of its length before compression and an LZ4 block. The length is only believed within the limit, and the
/// block must give exactly as much: a small frame cannot claim a lot of memory.
fn decompress(mut rest: &[u8], max_value_bytes: usize) -> Result<Bytes, FrameError> {
    let length = u32::from_le_bytes(take_array(&mut rest)?);
    let length = usize::try_from(length).or(Err(FrameError::TooLarge))?;
    if length > max_value_bytes {
        return Err(FrameError::TooLarge);
    }
    let mut payload = vec![0; length];
    match lz4_flex::block::decompress_into(rest, &mut payload) {
        Ok(written) if written == length => Ok(payload.into()),
        _ => Err(FrameError::Damaged),
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], FrameError> {
    rest.split_off(..length).ok_or(FrameError::Damaged)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], FrameError> {
    let (array, after) = rest.split_first_chunk().ok_or(FrameError::Damaged)?;
    *rest = after;
    Ok(*array)
}
