#![doc = include_str!("../README.md")]

mod error;
mod import;
mod products;
mod read;

pub use error::{Error, ErrorKind};
pub use import::{ImportedProduct, ProductImport};
pub use products::{Listing, Precondition, ProductChange, ProductRepository, Written};
pub use read::{Freshness, Origin, Read};
