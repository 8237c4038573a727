//! Fingerprints of the type of a value, so that bytes of another type are a miss and not a misreading.

use std::any::type_name;

use xxhash_rust::xxh3::xxh3_64;

/// A fingerprint of the type `V` by its name.
///
/// This is a best effort. The name is the path of the type: two types of one path but with other fields have the same
/// fingerprint, and a type that moves to another module, or that another compiler spells differently, gets a new one,
/// which costs misses. Who needs better gives the schema a name of his own, see [`schema_named`].
pub(crate) fn schema_of<V>() -> u32 {
    schema_named(type_name::<V>())
}

/// The fingerprint of a schema that was given a name, such as `product/3`: the same in every build and every service.
pub(crate) fn schema_named(text: &str) -> u32 {
    let [a, b, c, d, ..] = xxh3_64(text.as_bytes()).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_fingerprints_of_their_own() {
        assert_eq!(schema_of::<Vec<u32>>(), schema_of::<Vec<u32>>());
        assert_ne!(schema_of::<Vec<u32>>(), schema_of::<Vec<u64>>());
        assert_ne!(schema_of::<String>(), schema_of::<Option<String>>());
    }

    #[test]
    fn fingerprint_of_a_name_is_part_of_the_wire_format() {
        assert_eq!(schema_named("product/3"), 0xfa40_9469);
    }
}
