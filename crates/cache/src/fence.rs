//! The L1 fence: a striped table of generations that tells whether anything was invalidated meanwhile.

use crate::{
    mutant::{Mutant, Mutants},
    sync::{AtomicU64, Ordering, fence},
};

/// Few under a model checker, so that its executions stay short.
const STRIPES: usize = if cfg!(shuttle) { 4 } else { 4_096 };

/// What the fence showed for a key at one moment, before anything was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    epoch: u64,
    generation: u64,
}

/// Generations by stripe, and an epoch over all of them.
///
/// Stripes void only flights and provisional entries; live entries fall by key. (Otherwise a thousand changes a second would empty an L1
/// of a million entries within seconds.)
#[derive(Debug)]
pub(crate) struct Fence {
    epoch: AtomicU64,
    generations: Box<[AtomicU64]>,
    mutants: Mutants,
}

impl Fence {
    pub(crate) fn new(mutants: Mutants) -> Self {
        Self { epoch: AtomicU64::new(0), generations: (0..STRIPES).map(|_| AtomicU64::new(0)).collect(), mutants }
    }

    /// Notes where the key's stripe stands.
    pub(crate) fn note(&self, hash: u64) -> Stamp {
        Stamp { epoch: self.epoch.load(Ordering::SeqCst), generation: self.stripe(hash).load(Ordering::SeqCst) }
    }

    /// Whether nothing was invalidated in the key's stripe since `stamp` was noted. A full fence stands before the look.
    pub(crate) fn holds(&self, hash: u64, stamp: Stamp) -> bool {
        fence(Ordering::SeqCst);
        self.note(hash) == stamp || self.mutants.has(Mutant::NoFence)
    }

    /// Whether a live entry's epoch is still the present one.
    pub(crate) fn same_epoch(&self, stamp: Stamp) -> bool {
        self.epoch.load(Ordering::Acquire) == stamp.epoch || self.mutants.has(Mutant::NoFence)
    }

    /// Moves the key's stripe on; a full fence stands after it, before the caller removes the entry.
    pub(crate) fn advance(&self, hash: u64) {
        self.stripe(hash).fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Moves the key's stripe on, and answers the stamp after that step, if nobody else moved it since `stamp`.
    pub(crate) fn advance_from(&self, hash: u64, stamp: Stamp) -> Option<Stamp> {
        let before = self.stripe(hash).fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let unmoved = before == stamp.generation || self.mutants.has(Mutant::NoFence);
        unmoved.then_some(Stamp { epoch: stamp.epoch, generation: before + 1 })
    }

    /// Voids every entry and every flight.
    pub(crate) fn advance_epoch(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    fn stripe(&self, hash: u64) -> &AtomicU64 {
        let index = usize::try_from(hash % STRIPES as u64).expect("a stripe number is small");
        &self.generations[index]
    }
}
