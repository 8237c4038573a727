#![doc = include_str!("../README.md")]

mod connection;
mod database;
mod failure;
mod lane;
mod migrations;
mod options;
mod outbox;
mod products;
mod tokens;
mod views;

pub use database::SqliteDatabase;
pub use options::SqliteOptions;
pub use outbox::SqliteOutbox;
pub use products::SqliteProducts;
pub use tokens::SqliteTokens;
pub use views::SqliteViews;
