#![doc = include_str!("../README.md")]

#[cfg(feature = "conformance")]
pub mod conformance;
mod database;
mod error;
mod import;
mod products;
mod read;
mod tokens;

pub use database::{Database, PoolStatus};
pub use error::{Error, ErrorKind};
pub use import::{ImportedProduct, ProductImport};
pub use products::{Listing, Precondition, ProductChange, ProductRepository, Written};
pub use read::{Freshness, Origin, Read};
pub use tokens::{TokenDigest, TokenOwner, TokenRepository};
