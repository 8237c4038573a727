#![doc = include_str!("../README.md")]

mod adjustment;
mod decimal;
mod draft;
mod encoded;
mod entity_tag;
mod error;
mod id;
mod money;
mod product;
mod product_facts;
mod query;
mod role;
mod search;
mod sort;
mod stats;
mod text;

pub use adjustment::Adjustment;
pub use decimal::Percent;
pub use draft::{ProductDraft, ProductPatch};
pub use encoded::{Described, Encoded, EncodingError};
pub use entity_tag::EntityTag;
pub use error::{ValidationError, Violation};
pub use id::{ProductId, Version};
pub use money::{Price, Rating};
pub use product::Product;
pub use product_facts::ProductFacts;
pub use query::{PageParts, PageRequest, ProductFilter, ProductPage, ProductQuery, Visibility, Window};
pub use role::Role;
pub use search::{PriceRange, SearchWords};
pub use sort::{Seek, Sort, SortKey, SortOrder};
pub use stats::CatalogueStats;
pub use text::Category;
