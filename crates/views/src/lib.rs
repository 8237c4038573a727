#![doc = include_str!("../README.md")]

mod buffer;
mod drainer;
mod figures;
mod flusher;
mod held;
mod intake;
mod ledger;
mod options;
mod redis;
mod shared;
mod views;

pub use figures::ViewsStatus;
pub use options::ViewsOptions;
pub use redis::RedisViews;
pub use shared::{Settled, SharedViews, Standing, TakeRequest, Taken, ViewBatch};
pub use views::Views;
