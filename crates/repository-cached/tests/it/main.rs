//! The decorator over both databases, with L1 alone and with a real Redis: a correct cache is invisible.

mod conformance;
mod loads;
