//! The server as its clients meet it: real processes, real sockets, real databases.

mod access;
mod bad_input;
mod conditions;
mod configuration;
mod larder;
mod postgres;
mod products;
mod scripted;
mod start;
mod stop;
mod trouble;
mod two_level;
