#![doc = include_str!("../README.md")]

mod caches;
mod coherence;
mod failure;
mod keys;
mod lag;
mod lists;
mod options;
mod products;
mod recent;
mod relay;
mod sampler;
mod statistics;
mod tail;
mod tasks;
mod touched;
mod writes;

pub use coherence::CoherenceStatus;
pub use lag::LagSummary;
pub use options::CachedProductsOptions;
pub use products::{CachedProducts, Sources};
pub use sampler::SampleCounts;
