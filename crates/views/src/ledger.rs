//! What this node gave to the shared level and was not drained yet, so that it can say what was lost with it.

use std::{collections::VecDeque, time::Instant};

use larder_cache::Nonce;
use larder_repository::ViewBatchId;

use crate::shared::{Settled, Standing};

/// This node's share of what is pending.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    epoch: Option<Nonce>,
    /// Staged, with the number of their views.
    staged: Vec<(ViewBatchId, u64)>,
    /// Settled, by the round that drains them.
    settled: VecDeque<(u64, u64)>,
    /// Not later than the oldest views of any node that are pending there, when it last answered.
    since: Option<Instant>,
}

impl Ledger {
    pub(crate) fn staged(&mut self, id: ViewBatchId, views: u64) {
        self.staged.push((id, views));
    }

    /// The parcels to settle.
    pub(crate) fn unsettled(&self) -> Vec<ViewBatchId> {
        self.staged.iter().map(|(id, _)| *id).collect()
    }

    /// Notes the answer for `parcels`, which were those to settle; says how many views may have been lost.
    pub(crate) fn settle(&mut self, parcels: usize, answer: &Settled) -> u64 {
        let is_new = self.is_new(answer.standing.epoch);
        let mut lost = self.observe(&answer.standing);
        for ((_, views), found) in self.staged.drain(..parcels).zip(&answer.found) {
            match found {
                true => self.settled.push_back((answer.round, views)),
                // In the same epoch it was drained under its own id, or this answer was given before and did not arrive.
                false => lost += if is_new { views } else { 0 },
            }
        }
        lost
    }

    /// Notes how things stand; says how many views may have been lost.
    pub(crate) fn observe(&mut self, standing: &Standing) -> u64 {
        self.since = standing.oldest.and_then(|oldest| Instant::now().checked_sub(oldest));
        let mut lost = 0;
        if self.is_new(standing.epoch) {
            lost = self.settled.drain(..).map(|(_, views)| views).sum();
        }
        self.epoch = Some(standing.epoch);
        while self.settled.pop_front_if(|(round, _)| *round <= standing.done).is_some() {}
        lost
    }

    pub(crate) fn since(&self) -> Option<Instant> {
        self.since
    }

    fn is_new(&self, epoch: Nonce) -> bool {
        self.epoch.is_some_and(|known| known != epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::fresh_id;

    fn standing(epoch: u8, done: u64) -> Standing {
        Standing { epoch: Nonce([epoch; 16]), done, oldest: None }
    }

    fn settle(ledger: &mut Ledger, epoch: u8, round: u64, found: &[bool]) -> u64 {
        found.iter().for_each(|_parcel| ledger.staged(fresh_id(), 10));
        ledger.settle(found.len(), &Settled { standing: standing(epoch, round - 1), round, found: found.to_vec() })
    }

    #[test]
    fn another_epoch_loses_what_was_not_drained() {
        let mut ledger = Ledger::default();
        assert_eq!(settle(&mut ledger, 1, 1, &[true, true]), 0);
        assert_eq!(settle(&mut ledger, 1, 2, &[true, false]), 0, "what is gone in the same epoch was drained");
        assert_eq!(settle(&mut ledger, 2, 1, &[false, true]), 10 + 10);
        assert_eq!(ledger.observe(&standing(3, 0)), 10);
        assert_eq!(ledger.observe(&standing(4, 0)), 0);
    }

    #[test]
    fn what_was_drained_is_not_lost() {
        let mut ledger = Ledger::default();
        settle(&mut ledger, 1, 1, &[true]);
        assert_eq!(ledger.observe(&standing(1, 1)) + ledger.observe(&standing(2, 0)), 0);
    }
}
