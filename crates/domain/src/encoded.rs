//! A value, its JSON bytes, or both, and what the bytes tell: each is made at most once.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

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

/// A type whose JSON bytes tell something that is asked for again and again.
pub trait Described {
    /// What they tell.
    type Facts: Copy + fmt::Debug;

    /// What `json` tells.
    fn facts(json: &[u8]) -> Self::Facts;
}

/// A value of type `T`, its JSON bytes, or both.
///
/// What comes from a database begins as a value, what comes from a cache as bytes. HTTP asks for the bytes and rules ask for the
/// value; neither knows which was there first, and what is never asked for is never made.
///
/// # Consistency
/// Clones made after a form was produced share it; two threads that ask at once produce it once.
#[derive(Debug)]
pub struct Encoded<T: Described>(Form<T>);

/// Which of the two was there first, and what was made of it.
#[derive(Debug)]
enum Form<T: Described> {
    Value { value: Arc<T>, made: OnceLock<(Bytes, T::Facts)> },
    Json { json: Bytes, facts: T::Facts, made: OnceLock<Arc<T>> },
}

impl<T: Described> Encoded<T> {
    /// Begins with the value.
    pub fn from_value(value: T) -> Self {
        Self(Form::Value { value: Arc::new(value), made: OnceLock::new() })
    }

    /// Begins with JSON bytes, which are trusted to be a `T` until the value is asked for.
    pub fn from_json(json: Bytes) -> Self {
        let facts = T::facts(&json);
        Self::from_known_json(json, facts)
    }

    /// The same with what [`Described::facts`] told of these bytes before.
    pub fn from_known_json(json: Bytes, facts: T::Facts) -> Self {
        Self(Form::Json { json, facts, made: OnceLock::new() })
    }
}

impl<T: Described + Serialize> Encoded<T> {
    /// The JSON bytes, made from the value at the first call.
    ///
    /// # Errors
    /// When the value has no JSON form, such as a map with keys that are no strings.
    pub fn json(&self) -> Result<&Bytes, EncodingError> {
        match &self.0 {
            Form::Json { json, .. } => Ok(json),
            Form::Value { value, made } => Ok(&encoded(value.as_ref(), made)?.0),
        }
    }

    /// What the JSON bytes tell.
    ///
    /// # Errors
    /// As [`Self::json`].
    pub fn facts(&self) -> Result<T::Facts, EncodingError> {
        match &self.0 {
            Form::Json { facts, .. } => Ok(*facts),
            Form::Value { value, made } => Ok(encoded(value.as_ref(), made)?.1),
        }
    }
}

impl<T: Described + DeserializeOwned> Encoded<T> {
    /// The value, parsed from the bytes at the first call.
    ///
    /// # Errors
    /// When the bytes are no JSON of a `T`.
    pub fn value(&self) -> Result<&T, EncodingError> {
        let (json, made) = match &self.0 {
            Form::Value { value, .. } => return Ok(value),
            Form::Json { json, made, .. } => (json, made),
        };
        if let Some(value) = made.get() {
            return Ok(value);
        }
        let value = serde_json::from_slice(json).map_err(|source| EncodingError::of::<T>("decode", source))?;
        Ok(made.get_or_init(|| Arc::new(value)))
    }
}

fn encoded<'a, T: Described + Serialize>(
    value: &T,
    made: &'a OnceLock<(Bytes, T::Facts)>,
) -> Result<&'a (Bytes, T::Facts), EncodingError> {
    if let Some(made) = made.get() {
        return Ok(made);
    }
    let json = serde_json::to_vec(value).map_err(|source| EncodingError::of::<T>("encode", source))?;
    // Without the room that was left: caches keep them.
    let json = Bytes::from(json.into_boxed_slice());
    let facts = T::facts(&json);
    Ok(made.get_or_init(|| (json, facts)))
}

impl EncodingError {
    fn of<T>(action: &'static str, source: serde_json::Error) -> Self {
        Self { action, type_name: std::any::type_name::<T>(), source: Arc::new(source) }
    }
}

impl<T: Described> Clone for Encoded<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Form::Value { value, made } => Form::Value { value: Arc::clone(value), made: made.clone() },
            Form::Json { json, facts, made } => Form::Json { json: json.clone(), facts: *facts, made: made.clone() },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde::Deserialize;

    use super::*;

    static ENCODED: AtomicUsize = AtomicUsize::new(0);
    static DECODED: AtomicUsize = AtomicUsize::new(0);
    static DESCRIBED: AtomicUsize = AtomicUsize::new(0);

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

    impl Described for Counted {
        type Facts = usize;

        fn facts(json: &[u8]) -> usize {
            DESCRIBED.fetch_add(1, Ordering::Relaxed);
            json.len()
        }
    }

    impl Described for u32 {
        type Facts = ();

        fn facts(_json: &[u8]) {}
    }

    #[test]
    fn each_form_is_made_at_most_once() {
        let from_value = Encoded::from_value(Counted(7));
        for _ in 0..3 {
            assert_eq!(from_value.json().expect("encodes").as_ref(), b"7");
            assert_eq!(from_value.clone().value().expect("is there"), &Counted(7));
            assert_eq!(from_value.facts().expect("is there"), 1);
        }
        let from_json = Encoded::<Counted>::from_json(Bytes::from_static(b"7"));
        for _ in 0..3 {
            assert_eq!(from_json.value().expect("decodes"), &Counted(7));
            assert_eq!(from_json.clone().json().expect("is there").as_ref(), b"7");
        }
        assert_eq!([&ENCODED, &DECODED, &DESCRIBED].map(|made| made.load(Ordering::Relaxed)), [1, 1, 2]);
        let known = Encoded::<Counted>::from_known_json(Bytes::from_static(b"7"), 5);
        assert_eq!(known.clone().facts().expect("is there"), 5);
    }

    #[test]
    fn bytes_of_another_type_are_an_error_and_stay() {
        let wrong = Encoded::<u32>::from_json(Bytes::from_static(b"\"x\""));
        assert!(wrong.value().is_err());
        assert_eq!(wrong.json().expect("is there").as_ref(), b"\"x\"");
    }
}
