//! A product as the caches keep it: its JSON, and what that tells, found out once when it is put in.

use bytes::Bytes;
use larder_cache::{Codec, CodecError, RawBytes};
use larder_domain::{Described, Encoded, EncodingError, Product, ProductFacts};

/// A product in L1.
#[derive(Debug, Clone)]
pub(crate) struct KeptProduct {
    json: Bytes,
    facts: ProductFacts,
}

impl KeptProduct {
    /// # Errors
    /// When it has no JSON form.
    pub(crate) fn of(product: &Encoded<Product>) -> Result<Self, EncodingError> {
        Ok(Self { json: product.json()?.clone(), facts: product.facts()? })
    }

    pub(crate) fn json(&self) -> &Bytes {
        &self.json
    }
}

impl From<KeptProduct> for Encoded<Product> {
    fn from(kept: KeptProduct) -> Self {
        Self::from_known_json(kept.json, kept.facts)
    }
}

/// In L2 it is its JSON alone.
#[derive(Debug)]
pub(crate) struct ProductCodec;

impl Codec<KeptProduct> for ProductCodec {
    fn id(&self) -> u8 {
        Codec::<Bytes>::id(&RawBytes)
    }

    fn encode(&self, value: &KeptProduct) -> Result<Bytes, CodecError> {
        RawBytes.encode(&value.json)
    }

    fn decode(&self, bytes: Bytes) -> Result<KeptProduct, CodecError> {
        let json = RawBytes.decode(bytes)?;
        Ok(KeptProduct { facts: Product::facts(&json), json })
    }

    fn weight(&self, value: &KeptProduct) -> usize {
        RawBytes.weight(&value.json)
    }
}
