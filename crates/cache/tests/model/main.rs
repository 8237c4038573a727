//! The real fence, flights, leases and tags under a model checker: shuttle runs small scenes in thousands of interleavings.
//!
//! `cargo x model` runs them (`cargo x test` does as well); by hand it is
//! `RUSTFLAGS="--cfg shuttle" cargo test --target-dir target/model -p larder-cache --test model`.
//!
//! Each scene runs under the random and the PCT scheduler (Burckhardt et al., ASPLOS 2010), from fixed seeds: the same run twice
//! explores nearly the same schedules (the order of maps is not theirs to choose). Locks and atomics of the cache and each await of
//! the scripted L2 and the loader are points at which another task may run; moka's operations are not divided. Memory orderings
//! weaker than SeqCst are not explored.
//!
//! # To replay a failing schedule
//! A failed scene prints `failing schedule: "…"`. Give that text to the same scene:
//! `LARDER_SCHEDULE="…" RUSTFLAGS="--cfg shuttle" cargo test --target-dir target/model -p larder-cache --test model NAME -- --nocapture`
//! where NAME is the test that failed; only that one schedule runs. The random numbers that a scene draws come from the schedule,
//! those of maps do not: a schedule of many keys may run otherwise.
//! `LARDER_SEED=7` explores other schedules than the usual ones, and `LARDER_ITERATIONS=100000` more of them.

#![cfg(shuttle)]

mod explore;
mod hearing;
mod nodes;
mod one_node;
mod planted;
mod tags;
mod world;
