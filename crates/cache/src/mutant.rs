//! Mistakes that tests plant on purpose, to see that they would be found. Without the feature `testing` none can be.

/// A mistake in the coherence protocol. Each is one line of the real code left out or moved.
#[cfg(any(feature = "testing", shuttle))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mutant {
    /// L1 takes whatever comes late, be the key invalidated or everything cleared meanwhile.
    NoFence = 1,
    /// An invalidation moves the fence before it drops the value in L2, not after.
    FenceBeforeL2 = 2,
    /// A read joins whatever load is under way: one from before the last invalidation, or one that does not do what it asks for.
    JoinAnyFlight = 4,
    /// L2 is believed about a key whose invalidation it did not take.
    NoBypass = 8,
    /// The generation of a tag is taken after the load, not before.
    TagsNotedAfterLoad = 16,
    /// Life in L1 counts from the answer of L2, not from the question.
    LifeFromAnswer = 32,
    /// L2 is believed about what was announced before it took it.
    NoFloors = 64,
    /// A log of which a part is gone is read on as if nothing were missing.
    NoGapDetection = 128,
    /// L2 is believed whichever server answers.
    AnyServer = 256,
    /// L1 is believed however long nothing was heard.
    NoBound = 512,
}

/// A mistake in the coherence protocol; there are none without the feature `testing`.
#[cfg(not(any(feature = "testing", shuttle)))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    NoFence,
    FenceBeforeL2,
    JoinAnyFlight,
    NoBypass,
    TagsNotedAfterLoad,
    LifeFromAnswer,
    NoFloors,
    NoGapDetection,
    AnyServer,
    NoBound,
}

/// The mistakes that are planted in a cache.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mutants {
    #[cfg(any(feature = "testing", shuttle))]
    planted: u32,
}

#[cfg(any(feature = "testing", shuttle))]
impl Mutants {
    pub(crate) fn plant(&mut self, mutant: Mutant) {
        self.planted |= mutant as u32;
    }

    pub(crate) fn has(self, mutant: Mutant) -> bool {
        self.planted & mutant as u32 != 0
    }
}

#[cfg(not(any(feature = "testing", shuttle)))]
impl Mutants {
    #[expect(clippy::unused_self, reason = "the signature is that of the other build")]
    pub(crate) const fn has(self, _mutant: Mutant) -> bool {
        false
    }
}
