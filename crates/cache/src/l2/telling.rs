//! The changes that this node is about to forget: it tells L2 of them first, and until it has forgotten it is not up to date itself.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use crate::sync::{Mutex, lock};

/// When each of those who are at it began, and how many began then.
#[derive(Debug, Default)]
pub(super) struct Tellers(Mutex<BTreeMap<Instant, usize>>);

impl Tellers {
    pub(super) fn begin(self: &Arc<Self>, began_at: Instant) -> Telling {
        *lock(&self.0).entry(began_at).or_default() += 1;
        Telling { tellers: Arc::clone(self), began_at }
    }

    /// When the one began who is at it for the longest time.
    pub(super) fn oldest(&self) -> Option<Instant> {
        lock(&self.0).first_key_value().map(|(began_at, _)| *began_at)
    }
}

/// One who is at it: from before L2 is asked until this process has forgotten as well.
#[derive(Debug)]
pub(crate) struct Telling {
    tellers: Arc<Tellers>,
    began_at: Instant,
}

impl Drop for Telling {
    fn drop(&mut self) {
        let mut tellers = lock(&self.tellers.0);
        if let Some(count) = tellers.get_mut(&self.began_at) {
            *count -= 1;
            if *count == 0 {
                tellers.remove(&self.began_at);
            }
        }
    }
}
