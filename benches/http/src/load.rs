//! The load on a server: a closed loop for its peak, an open loop for its latency, and what both ask for.

mod answer;
mod open;
mod requests;
mod wrk;

use std::{net::SocketAddr, time::Duration};

use hdrhistogram::Histogram;

pub(crate) use self::{open::open_loop, wrk::closed_loop};

/// Which products are asked for. Which of them are asked for often has nothing to do with their ids.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Keys {
    /// The product of rank `r` in proportion to `1 / r ^ exponent`.
    Zipf {
        /// 0 is uniform; 0.99 is what YCSB takes.
        exponent: f64,
    },
    /// Each as often as any other.
    Uniform,
    /// Always the same.
    One,
}

/// What a read asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `GET /api/v1/products/{id}`.
    Product,
    /// `GET /api/v1/products?page=1&size=20`: the first page, of 20, always the same.
    Page,
    /// `POST /api/v1/products/batch`, 100 different ids.
    Batch,
}

/// What is asked of a server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Traffic {
    /// Which products.
    pub(crate) keys: Keys,
    /// The products have the ids 1 to this.
    pub(crate) products: u64,
    /// What a read asks for.
    pub(crate) asked: Asked,
    /// How many of 100 requests give a product of `keys` another price; 0 to 100.
    pub(crate) writes_percent: u8,
    /// Where all chance begins.
    pub(crate) seed: u64,
    /// Streams of one seed ask for the same products as often, each in an order of its own.
    pub(crate) stream: u64,
    /// Requests that a closed loop prepares at least, where its walk must not begin anew; 0: as many as are enough for throughput.
    pub(crate) prepared_at_least: u64,
}

/// Who is asked.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The bearer token that writes are sent with.
    pub(crate) writer_token: Option<String>,
}

/// What came of a closed loop: as many requests as would go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClosedLoop {
    /// Answered with a status below 400.
    pub(crate) requests: u64,
    /// How long it ran.
    pub(crate) elapsed: Duration,
    /// Answered with another status, not answered in time, or broken off.
    pub(crate) failed: u64,
    /// Read from the server, heads included.
    pub(crate) bytes: u64,
    /// Processor time of the load generator, µs.
    pub(crate) generator_micros: u64,
}

impl ClosedLoop {
    /// Answered requests a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }
}

/// What came of an open loop: requests at a given rate, whatever the server does.
#[derive(Debug, Clone)]
pub(crate) struct OpenLoop {
    /// In µs, from the moment when a request was due to its whole answer. One that is still without an answer at the end counts with
    /// how long it has waited by then.
    pub(crate) latency: Histogram<u64>,
    /// Requests that were due.
    pub(crate) sent: u64,
    /// Of these, answered with a status of 400 or more, broken off, or without an answer at the end.
    pub(crate) failed: u64,
    /// Of these, those that the driver itself came to more than 0.5 ms late: many mean that the driver was the bottleneck.
    pub(crate) late: u64,
}
