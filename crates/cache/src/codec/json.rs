//! JSON: readable in Redis by people and other languages, indifferent to the order and number of fields.

use std::io;

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Codec, CodecError};

/// JSON by `serde_json`. The weight of a value is the length of its JSON.
///
/// ```
/// use larder_cache::{Codec, Json};
///
/// let json = Json.encode(&vec!["ada".to_owned()]).unwrap();
/// assert_eq!(json.as_ref(), br#"["ada"]"#);
/// ```
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
        let mut counter = ByteCounter { bytes: 0 };
        serde_json::to_writer(&mut counter, value).map_or(0, |()| counter.bytes)
    }
}

/// A writer that keeps nothing but the number of bytes.
struct ByteCounter {
    bytes: usize,
}

impl io::Write for ByteCounter {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        self.bytes += written.len();
        Ok(written.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn weight_is_the_length_of_the_json() {
        for value in ["", "plain", "quotes \" and \n lines", "Käse 乳酪"] {
            let value = value.to_owned();
            assert_eq!(Json.weight(&value), Json.encode(&value).unwrap().len(), "{value:?}");
        }
    }

    #[test]
    fn a_value_without_a_json_form_fails_to_encode_and_weighs_nothing() {
        let unspeakable = HashMap::from([((1_u8, 2_u8), "a pair is no name of a member".to_owned())]);
        assert!(Json.encode(&unspeakable).is_err());
        assert_eq!(Json.weight(&unspeakable), 0);
    }

    #[test]
    fn other_bytes_fail_to_decode() {
        for other in ["", "[1,2", "\"text\"", "[1] [2]", "\u{0}"] {
            let decoded: Result<Vec<u32>, _> = Json.decode(Bytes::from(other));
            assert!(decoded.is_err(), "{other:?}");
        }
    }
}
