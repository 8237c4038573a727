#![doc = include_str!("../README.md")]

mod caches;
mod failure;
mod keys;
mod lists;
mod products;
mod writes;

pub use caches::CachedProductsOptions;
pub use products::CachedProducts;
