#![doc = include_str!("../README.md")]

mod connection;
mod database;
mod failure;
mod lane;
mod migrations;
mod options;
mod products;
mod tokens;

pub use database::SqliteDatabase;
pub use options::SqliteOptions;
pub use products::SqliteProducts;
pub use tokens::SqliteTokens;
