//! How values become bytes for L2, and how much of L1's memory they take.

mod json;
#[cfg(feature = "postcard")]
mod postcard;

use std::{error::Error, fmt::Debug};

use bytes::Bytes;

pub use self::json::Json;
#[cfg(feature = "postcard")]
pub use self::postcard::Postcard;

/// What a codec fails with.
pub type CodecError = Box<dyn Error + Send + Sync>;

/// Turns values into bytes and back. Used as `Arc<dyn Codec<V>>`. A panic of one counts as its failure.
///
/// ```
/// use bytes::Bytes;
/// use larder_cache::{Codec, CodecError};
///
/// /// Numbers as four bytes.
/// #[derive(Debug)]
/// struct BigEndian;
///
/// impl Codec<u32> for BigEndian {
///     fn id(&self) -> u8 {
///         16
///     }
///
///     fn encode(&self, value: &u32) -> Result<Bytes, CodecError> {
///         Ok(Bytes::copy_from_slice(&value.to_be_bytes()))
///     }
///
///     fn decode(&self, bytes: Bytes) -> Result<u32, CodecError> {
///         Ok(u32::from_be_bytes(bytes.as_ref().try_into()?))
///     }
///
///     fn weight(&self, _value: &u32) -> usize {
///         0
///     }
/// }
/// # assert_eq!(BigEndian.decode(BigEndian.encode(&7).unwrap()).unwrap(), 7);
/// ```
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

    /// Bytes of memory that a value takes in L1 beside its own `size_of`, which the cache adds. An estimate, made for
    /// every entry: it should not allocate. 0 for a value that [`Self::encode`] refuses.
    fn weight(&self, value: &V) -> usize;
}

/// Bytes as they are: a value that somebody else encodes.
///
/// ```
/// use bytes::Bytes;
/// use larder_cache::{Codec, RawBytes};
///
/// let page = Bytes::from_static(b"<p>hello</p>");
/// assert_eq!(RawBytes.encode(&page).unwrap(), page);
/// ```
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_bytes_are_shared_and_not_copied() {
        let value = Bytes::from(vec![7; 100]);
        let decoded = RawBytes.decode(RawBytes.encode(&value).unwrap()).unwrap();
        assert_eq!((decoded.as_ptr(), RawBytes.weight(&value)), (value.as_ptr(), 100));
    }

    #[test]
    fn ids_of_codecs_are_part_of_the_wire_format() {
        assert_eq!(Codec::<Bytes>::id(&RawBytes), 0);
        assert_eq!(Codec::<String>::id(&Json), 1);
        #[cfg(feature = "postcard")]
        assert_eq!(Codec::<String>::id(&Postcard), 2);
    }
}
