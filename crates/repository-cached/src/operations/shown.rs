//! Cached values as JSON, for people.

use larder_domain::{CatalogueStats, ProductPage};

use crate::kept::KeptProduct;

/// A value that can be shown.
pub(super) trait Shown: Clone + Send + Sync + 'static {
    /// It as JSON.
    fn json(&self) -> String;
}

impl Shown for KeptProduct {
    fn json(&self) -> String {
        String::from_utf8_lossy(self.json()).into_owned()
    }
}

impl Shown for u64 {
    fn json(&self) -> String {
        self.to_string()
    }
}

macro_rules! serialized {
    ($($value:ty),*) => {$(
        impl Shown for $value {
            /// Null if it cannot be written, which no value of this type is known to do.
            fn json(&self) -> String {
                serde_json::to_string(self).unwrap_or_else(|_| "null".into())
            }
        }
    )*};
}

serialized!(ProductPage, CatalogueStats);
