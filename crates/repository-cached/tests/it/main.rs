//! The decorator over both databases, with L1 alone, a scripted L2 and a real Redis: a correct cache is invisible.

mod conformance;
mod dependence;
mod doubts;
mod loads;
mod news;
mod nodes;
mod samples;
mod scene;
mod scripted_outbox;
mod shelf;
mod shop;
mod warm_up;
