#![doc = include_str!("../README.md")]

mod aspects;
#[cfg(feature = "conformance")]
pub mod conformance;
mod database;
mod error;
mod import;
mod outbox;
mod products;
mod read;
mod tokens;
mod views;
mod waits;

pub use aspects::Aspects;
pub use database::{Database, PoolStatus};
pub use error::{Error, ErrorKind};
pub use import::{ImportedProduct, ProductImport};
pub use outbox::{
    Announced, Changed, Heard, Outbox, OutboxLimits, OutboxStatus, OutboxTail, Polled, Relayed, Take, Taker, Trimmed,
};
pub use products::{Listing, Precondition, ProductChange, ProductRepository, Written};
pub use read::{Freshness, Origin, Position, Read};
pub use tokens::{StoredToken, TokenDigest, TokenOwner, TokenRepository};
pub use views::{MAX_VIEW_BATCH, ViewBatchId, ViewRepository, ViewsAdded};
pub use waits::{WaitSummary, Waits};
