//! Each view is added once, whatever fails: over a real Redis, and a repository and an interruption that tests command.

mod book;
mod faults;
mod interrupted;
mod kills;
mod losses;
mod nodes;
mod outages;
mod scripts;
