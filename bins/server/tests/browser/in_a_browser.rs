//! What a person meets.

mod access;
mod figures;
mod looks;
mod lookup;
