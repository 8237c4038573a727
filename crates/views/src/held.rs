//! Views under an id that somebody may have seen: they go to the database as they are.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::shared::ViewBatch;

/// Batches in the order in which they were made, each with a moment from which its oldest view may be.
#[derive(Debug, Default)]
pub(crate) struct Held(VecDeque<(ViewBatch, Instant)>);

impl Held {
    pub(crate) fn extend(&mut self, batches: Vec<ViewBatch>, since: Instant) {
        self.0.extend(batches.into_iter().map(|batch| (batch, since)));
    }

    pub(crate) fn first(&self) -> Option<&ViewBatch> {
        self.0.front().map(|(batch, _)| batch)
    }

    /// The first is in the database, or given up.
    pub(crate) fn pop(&mut self) {
        self.0.pop_front();
    }

    /// Gives up what is older than `age`; answers how many views that were.
    pub(crate) fn give_up(&mut self, age: Duration) -> u64 {
        let mut given_up = 0;
        while let Some((batch, _)) = self.0.pop_front_if(|(_, since)| since.elapsed() > age) {
            given_up += batch.sum();
        }
        given_up
    }

    /// Views that are held, and since when.
    pub(crate) fn waiting(&self) -> (u64, Option<Instant>) {
        (self.0.iter().map(|(batch, _)| batch.sum()).sum(), self.0.front().map(|(_, since)| *since))
    }
}
