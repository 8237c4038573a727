#![doc = include_str!("../README.md")]

mod adjustment;
mod decimal;
mod draft;
mod encoded;
mod error;
mod id;
mod money;
mod product;
mod query;
mod role;
mod stats;
mod text;

pub use adjustment::Adjustment;
pub use draft::{ProductDraft, ProductPatch};
pub use encoded::{Encoded, EncodingError, EntityTag};
pub use error::{ValidationError, Violation};
pub use id::{ProductId, Version};
pub use money::{Price, Rating};
pub use product::Product;
pub use query::{PageParts, PageRequest, ProductFilter, ProductPage, ProductQuery, Visibility};
pub use role::Role;
pub use stats::CatalogueStats;
pub use text::Category;
