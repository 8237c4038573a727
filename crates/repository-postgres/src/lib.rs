#![doc = include_str!("../README.md")]

mod connection_url;
mod connector;
mod database;
mod failure;
mod listener;
mod loan;
mod migrations;
mod options;
mod outbox;
mod products;
mod rows;
mod sqlstate;
mod tls;
mod tokens;
mod views;

pub use database::PostgresDatabase;
pub use options::PostgresOptions;
pub use outbox::PostgresOutbox;
pub use products::PostgresProducts;
pub use tokens::PostgresTokens;
pub use views::PostgresViews;
