//! Counts as things happen: striped relaxed atomics, so that a hit pays one uncontended addition.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

use super::{
    Gauges, Statistics,
    counts::{
        Count, FillCounts, FillOutcome, Invalidated, InvalidationCounts, L1Counts, L1Look, L2Answer, L2AnswerCounts,
        L2Counts, L2Outcome, L2OutcomeCounts, LoadCounts, LoadOutcome, LookupCounts, Operation, Outcome,
    },
};

/// More than the threads that usually run at once, so that two seldom share a cache line.
const STRIPES: usize = 16;

// Where each group of counters starts within a stripe; `snapshot` reads them in this order.
const LOOKUPS: usize = 0;
const L1: usize = LOOKUPS + LookupCounts::SLOTS;
const L2: usize = L1 + L1Counts::SLOTS;
const L2_ANSWERS: usize = L2 + L2Counts::SLOTS;
const FILLS: usize = L2_ANSWERS + L2AnswerCounts::SLOTS;
const LOADS: usize = FILLS + FillCounts::SLOTS;
const REFRESHES: usize = LOADS + LoadCounts::SLOTS;
const INVALIDATIONS: usize = REFRESHES + u64::SLOTS;
const SLOTS: usize = INVALIDATIONS + InvalidationCounts::SLOTS;

static NEXT_STRIPE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The stripe in which this thread counts, the same in every recorder: dealt out round robin.
    static STRIPE: usize = NEXT_STRIPE.fetch_add(1, Ordering::Relaxed) % STRIPES;
}

/// The counters of one cache: some 9 KiB, whatever happens.
///
/// Nothing here takes a lock or allocates; each method is one thread-local read and one relaxed addition.
#[derive(Debug)]
pub(crate) struct Recorder(Box<[CachePadded<[AtomicU64; SLOTS]>]>);

impl Recorder {
    pub(crate) fn new() -> Self {
        Self((0..STRIPES).map(|_| CachePadded::new([const { AtomicU64::new(0) }; SLOTS])).collect())
    }

    /// The lookup of one key ended. [`Outcome::L1`] is the hit in L1 as well: it is not counted twice.
    pub(crate) fn lookup(&self, outcome: Outcome) {
        self.add(LOOKUPS + outcome as usize, 1);
    }

    /// A look into L1 found a stale entry.
    pub(crate) fn l1_stale(&self) {
        self.add(L1 + L1Look::Stale as usize, 1);
    }

    /// A look into L1 found nothing.
    pub(crate) fn l1_miss(&self) {
        self.add(L1 + L1Look::Miss as usize, 1);
    }

    /// One operation on L2 ended, or was not begun.
    pub(crate) fn l2(&self, operation: Operation, outcome: L2Outcome) {
        self.add(L2 + operation as usize * L2OutcomeCounts::SLOTS + outcome as usize, 1);
    }

    /// L2 answered for one key.
    pub(crate) fn l2_answer(&self, answer: L2Answer) {
        self.add(L2_ANSWERS + answer as usize, 1);
    }

    /// The fill of one key ended, or was not begun.
    pub(crate) fn fill(&self, outcome: FillOutcome) {
        self.add(FILLS + outcome as usize, 1);
    }

    /// One load ended.
    pub(crate) fn load(&self, outcome: LoadOutcome) {
        self.add(LOADS + outcome as usize, 1);
    }

    /// A load began in the background while callers are served what there is.
    pub(crate) fn refresh(&self) {
        self.add(REFRESHES, 1);
    }

    /// So many were invalidated through this cache.
    pub(crate) fn invalidated(&self, what: Invalidated, count: u64) {
        self.add(INVALIDATIONS + what as usize, count);
    }

    /// Everything counted so far.
    ///
    /// # Consistency
    /// What happened before the call is in it. What happens meanwhile may be in one count and not yet in another.
    pub(crate) fn snapshot(&self, gauges: Gauges) -> Statistics {
        let mut slot = 0;
        let mut next = || {
            let sum = self.0.iter().map(|stripe| stripe[slot].load(Ordering::Relaxed)).sum();
            slot += 1;
            sum
        };
        let lookups = LookupCounts::read(&mut next);
        Statistics {
            lookups,
            l1: L1Counts { hit: lookups.l1, ..L1Counts::read(&mut next) },
            l2: Count::read(&mut next),
            l2_answers: Count::read(&mut next),
            fills: Count::read(&mut next),
            loads: Count::read(&mut next),
            refreshes: Count::read(&mut next),
            invalidations: Count::read(&mut next),
            gauges,
        }
    }

    fn add(&self, slot: usize, count: u64) {
        self.0[STRIPE.with(|stripe| *stripe)][slot].fetch_add(count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn only(counted: impl Fn(&Recorder), expected: impl Fn(&mut Statistics)) {
        let recorder = Recorder::new();
        counted(&recorder);
        let mut statistics = Statistics::default();
        expected(&mut statistics);
        assert_eq!(recorder.snapshot(Gauges::default()), statistics);
    }

    #[test]
    fn each_event_moves_its_own_count_and_no_other() {
        only(
            |r| r.lookup(Outcome::L1),
            |s| {
                s.lookups.l1 = 1;
                s.l1.hit = 1;
            },
        );
        only(|r| r.lookup(Outcome::Abandoned), |s| s.lookups.abandoned = 1);
        only(Recorder::l1_stale, |s| s.l1.stale = 1);
        only(Recorder::l1_miss, |s| s.l1.miss = 1);
        only(|r| r.l2(Operation::Fetch, L2Outcome::Ok), |s| s.l2.fetch.ok = 1);
        only(|r| r.l2(Operation::Lease, L2Outcome::Deadline), |s| s.l2.lease.deadline = 1);
        only(|r| r.l2(Operation::Release, L2Outcome::Bypassed), |s| s.l2.release.bypassed = 1);
        only(|r| r.l2_answer(L2Answer::Hit), |s| s.l2_answers.hit = 1);
        only(|r| r.l2_answer(L2Answer::Outdated), |s| s.l2_answers.outdated = 1);
        only(|r| r.fill(FillOutcome::Stored), |s| s.fills.stored = 1);
        only(|r| r.fill(FillOutcome::Unencodable), |s| s.fills.unencodable = 1);
        only(|r| r.load(LoadOutcome::Loaded), |s| s.loads.loaded = 1);
        only(|r| r.load(LoadOutcome::Overloaded), |s| s.loads.overloaded = 1);
        only(Recorder::refresh, |s| s.refreshes = 1);
        only(|r| r.invalidated(Invalidated::Key, 7), |s| s.invalidations.key = 7);
        only(|r| r.invalidated(Invalidated::Clear, 1), |s| s.invalidations.clear = 1);
    }

    #[test]
    fn counts_of_many_threads_add_up_to_what_each_of_them_counted() {
        const THREADS: u64 = 8;
        const CALLS: u64 = 20_000;
        let recorder = Recorder::new();
        let start = Barrier::new(8);
        let mut expected = [0_u64; 8];
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|seed| {
                    let (recorder, start) = (&recorder, &start);
                    scope.spawn(move || {
                        let mut random = fastrand::Rng::with_seed(seed);
                        let mut own = [0_u64; 8];
                        start.wait();
                        for _ in 0..CALLS {
                            let outcome = random.choice(Outcome::ALL).copied().expect("there are outcomes");
                            recorder.lookup(outcome);
                            own[outcome as usize] += 1;
                        }
                        own
                    })
                })
                .collect();
            for thread in threads {
                let own = thread.join().expect("a counting thread does not panic");
                expected.iter_mut().zip(own).for_each(|(sum, count)| *sum += count);
            }
        });
        let statistics = recorder.snapshot(Gauges::default());
        assert_eq!(statistics.calls(), THREADS * CALLS);
        for &outcome in Outcome::ALL {
            assert_eq!(statistics.lookups.get(outcome), expected[outcome as usize], "{outcome:?}");
        }
    }
}
