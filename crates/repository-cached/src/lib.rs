#![doc = include_str!("../README.md")]

mod caches;
mod coherence;
mod failure;
mod kept;
mod keys;
mod lag;
mod list_tags;
mod lists;
mod operations;
mod options;
mod products;
mod recent;
mod relay;
mod sampler;
mod statistics;
mod tail;
mod tasks;
mod touched;
mod warm_up;
mod writes;

pub use coherence::CoherenceStatus;
pub use lag::LagSummary;
pub use operations::{Forget, Forgotten, Held, HotProduct, InL2View, KeyInspection, Row};
pub use options::CachedProductsOptions;
pub use products::{CachedProducts, Sources};
pub use sampler::SampleCounts;
pub use warm_up::{WarmUp, WarmedUp};
