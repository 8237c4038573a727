#![doc = include_str!("../README.md")]

pub mod checker;
mod cluster;
pub mod history;
mod http;
mod loads;
mod node;
pub mod plan;
mod prove;
mod quiet;
mod readers;
mod redis;
mod report;
mod run;
mod scan;
mod scene;
mod sessions;
mod show;
mod skew;
mod sql;
mod storm;
pub mod trouble;
mod truncation;
pub mod weather;
mod writers;

pub use self::{
    cluster::Setup,
    prove::{Proof, planted, prove},
    redis::Topology,
    report::Report,
    run::{Options, run},
    show::{Figure, Line, show},
    trouble::Faults,
};
