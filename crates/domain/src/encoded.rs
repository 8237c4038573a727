//! A value, its JSON bytes, or both: each is made at most once.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

/// Bytes that are no JSON of the wanted type, or a value that has none.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {action} {type_name}")]
pub struct EncodingError {
    action: &'static str,
    type_name: &'static str,
    source: Arc<serde_json::Error>,
}

/// A value of type `T`, its JSON bytes, or both.
///
/// What comes from a database begins as a value, what comes from a cache as bytes. HTTP asks for the bytes and rules ask for the
/// value; neither knows which was there first, and what is never asked for is never made.
///
/// # Consistency
/// Clones made after a form was produced share it; two threads that ask at once produce it once.
#[derive(Debug)]
pub struct Encoded<T> {
    value: OnceLock<Arc<T>>,
    json: OnceLock<Bytes>,
}

impl<T> Encoded<T> {
    /// Begins with the value.
    pub fn from_value(value: T) -> Self {
        Self { value: OnceLock::from(Arc::new(value)), json: OnceLock::new() }
    }

    /// Begins with JSON bytes, which are trusted to be a `T` until the value is asked for.
    pub fn from_json(json: Bytes) -> Self {
        Self { value: OnceLock::new(), json: OnceLock::from(json) }
    }
}

impl<T: Serialize> Encoded<T> {
    /// The JSON bytes, made from the value at the first call.
    ///
    /// # Errors
    /// When the value has no JSON form, such as a map with keys that are no strings.
    pub fn json(&self) -> Result<&Bytes, EncodingError> {
        if let Some(json) = self.json.get() {
            return Ok(json);
        }
        let Some(value) = self.value.get() else { unreachable!("one of the two forms is always there") };
        let made = serde_json::to_vec(value.as_ref()).map_err(|source| EncodingError {
            action: "encode",
            type_name: std::any::type_name::<T>(),
            source: Arc::new(source),
        })?;
        Ok(self.json.get_or_init(|| made.into()))
    }
}

impl<T: DeserializeOwned> Encoded<T> {
    /// The value, parsed from the bytes at the first call.
    ///
    /// # Errors
    /// When the bytes are no JSON of a `T`.
    pub fn value(&self) -> Result<&T, EncodingError> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let Some(json) = self.json.get() else { unreachable!("one of the two forms is always there") };
        let made = serde_json::from_slice(json).map_err(|source| EncodingError {
            action: "decode",
            type_name: std::any::type_name::<T>(),
            source: Arc::new(source),
        })?;
        Ok(self.value.get_or_init(|| Arc::new(made)))
    }
}

impl<T> Clone for Encoded<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), json: self.json.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde::Deserialize;

    use super::*;

    static ENCODED: AtomicUsize = AtomicUsize::new(0);
    static DECODED: AtomicUsize = AtomicUsize::new(0);

    #[derive(Debug, PartialEq)]
    struct Counted(u8);

    impl Serialize for Counted {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            ENCODED.fetch_add(1, Ordering::Relaxed);
            serializer.serialize_u8(self.0)
        }
    }

    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            DECODED.fetch_add(1, Ordering::Relaxed);
            u8::deserialize(deserializer).map(Counted)
        }
    }

    #[test]
    fn each_form_is_made_at_most_once() {
        let from_value = Encoded::from_value(Counted(7));
        for _ in 0..3 {
            assert_eq!(from_value.json().expect("encodes").as_ref(), b"7");
            assert_eq!(from_value.clone().value().expect("is there"), &Counted(7));
        }
        let from_json = Encoded::<Counted>::from_json(Bytes::from_static(b"7"));
        for _ in 0..3 {
            assert_eq!(from_json.value().expect("decodes"), &Counted(7));
            assert_eq!(from_json.clone().json().expect("is there").as_ref(), b"7");
        }
        assert_eq!((ENCODED.load(Ordering::Relaxed), DECODED.load(Ordering::Relaxed)), (1, 1));
    }

    #[test]
    fn bytes_of_another_type_are_an_error_and_stay() {
        let wrong = Encoded::<u32>::from_json(Bytes::from_static(b"\"x\""));
        assert!(wrong.value().is_err());
        assert_eq!(wrong.json().expect("is there").as_ref(), b"\"x\"");
    }
}
