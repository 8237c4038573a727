//! Postcard: small and fast, but bare of names and types, so that both sides must agree on the fields and their order.

use bytes::Bytes;
use postcard::ser_flavors::Size;
use serde::{Serialize, de::DeserializeOwned};

use super::{Codec, CodecError};

/// Postcard by the crate of that name. The weight of a value is the length of its encoding.
///
/// The bytes don't describe themselves: give the cache a schema name, and change it whenever the fields of the value
/// change, or bytes of an older build may be read as something else.
///
/// ```
/// use larder_cache::{Codec, Postcard};
///
/// let encoded = Postcard.encode(&(7_u64, "ada".to_owned())).unwrap();
/// assert_eq!(encoded.as_ref(), b"\x07\x03ada");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Postcard;

impl<V: Serialize + DeserializeOwned> Codec<V> for Postcard {
    fn id(&self) -> u8 {
        2
    }

    fn encode(&self, value: &V) -> Result<Bytes, CodecError> {
        Ok(postcard::to_stdvec(value)?.into())
    }

    fn decode(&self, bytes: Bytes) -> Result<V, CodecError> {
        match postcard::take_from_bytes(&bytes)? {
            (value, []) => Ok(value),
            // Fewer fields than were written: bytes of another type.
            (_, rest) => Err(format!("{} bytes are left over after the value", rest.len()).into()),
        }
    }

    fn weight(&self, value: &V) -> usize {
        postcard::serialize_with_flavor(value, Size::default()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serializes like what has no length known beforehand, which postcard refuses.
    #[derive(Debug, serde::Deserialize)]
    struct Endless;

    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeSeq;
            serializer.serialize_seq(None)?.end()
        }
    }

    #[test]
    fn weight_is_the_length_of_the_encoding() {
        for value in [vec![], vec![(1_u64, "one".to_owned())], vec![(u64::MAX, "x".repeat(1_000)); 3]] {
            assert_eq!(Postcard.weight(&value), Postcard.encode(&value).unwrap().len());
        }
    }

    #[test]
    fn a_value_without_a_postcard_form_fails_to_encode_and_weighs_nothing() {
        assert!(Postcard.encode(&Endless).is_err());
        assert_eq!(Postcard.weight(&Endless), 0);
    }

    #[test]
    fn cut_and_longer_bytes_fail_to_decode() {
        let whole = Postcard.encode(&(300_u32, "text".to_owned())).unwrap();
        for cut in 0..whole.len() {
            let decoded: Result<(u32, String), _> = Postcard.decode(whole.slice(..cut));
            assert!(decoded.is_err(), "cut at {cut}");
        }
        let shorter_type: Result<u32, _> = Postcard.decode(whole);
        assert!(shorter_type.is_err());
    }
}
