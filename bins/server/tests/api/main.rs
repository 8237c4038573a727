//! The server as its clients meet it: real processes, real sockets, real databases.

mod access;
mod bad_input;
mod changes;
mod cluster;
mod conditions;
mod configuration;
mod embedded;
mod figures;
mod larder;
mod outages;
mod postgres;
mod products;
mod read_your_writes;
mod relaying;
mod scripted;
mod start;
mod stop;
mod topologies;
mod trouble;
mod two_level;
