//! What a cache has done so far, by level and outcome, in numbers that add up to the calls made.

mod counts;
mod recorder;

use serde::Serialize;

use self::counts::Count;
pub use self::counts::{
    FillCounts, FillOutcome, Invalidated, InvalidationCounts, L1Counts, L1Look, L2Answer, L2AnswerCounts, L2Counts,
    L2Outcome, L2OutcomeCounts, LoadCounts, LoadOutcome, LookupCounts, Operation, Outcome,
};
pub(crate) use self::recorder::Recorder;

/// What a cache holds and does at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Gauges {
    /// Entries in L1.
    pub l1_entries: u64,
    /// Bytes that L1 counts for its entries: keys, values and overhead.
    pub l1_bytes: u64,
    /// Keys that are being looked for below L1.
    pub flights: u64,
    /// Loads in progress, at most the budget.
    pub loads_in_progress: u64,
    /// Loads that wait for a place within the budget.
    pub loads_waiting: u64,
    /// The budget: most loads in progress at a time.
    pub load_budget: u64,
    /// Invalidations that L2 has not taken yet.
    pub queued_invalidations: u64,
    /// Whether L2 is not asked because it kept failing.
    pub breaker_open: bool,
}

/// What a cache did since it was built, on this node.
///
/// ```
/// # use larder_cache::Statistics;
/// # let (before, after) = (Statistics::default(), Statistics::default());
/// let lately = after.since(&before);
/// println!("{} calls, {:.0} % hits", lately.calls(), 100.0 * lately.hit_ratio());
/// ```
///
/// # Consistency
/// Each count never falls. Counts are read one after the other while calls go on, so that within one value of this type they may
/// differ by the calls that ended meanwhile; when no call is under way they add up exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Statistics {
    /// Lookups of keys, by outcome.
    pub lookups: LookupCounts,
    /// Looks into L1, by what they found.
    pub l1: L1Counts,
    /// Operations on L2, each by its outcome.
    pub l2: L2Counts,
    /// What L2 answered, by key.
    pub l2_answers: L2AnswerCounts,
    /// Fills of L2, by key.
    pub fills: FillCounts,
    /// Loads, by outcome.
    pub loads: LoadCounts,
    /// Early refreshes that began in the background. Each that calls the loader is in [`Self::loads`] too; one that finds what another
    /// node has loaded, or is loading, does not.
    pub refreshes: u64,
    /// What was invalidated through this cache.
    pub invalidations: InvalidationCounts,
    /// What the cache held and did when these statistics were taken.
    pub gauges: Gauges,
}

impl Statistics {
    /// Lookups that have ended: the sum over all outcomes.
    pub fn calls(&self) -> u64 {
        self.lookups.total()
    }

    /// The share of lookups that L1 or L2 answered with something fresh, from 0 to 1; 0 if there were none.
    pub fn hit_ratio(&self) -> f64 {
        let calls = self.calls();
        if calls == 0 { 0.0 } else { (self.lookups.l1 + self.lookups.l2) as f64 / calls as f64 }
    }

    /// What was counted after `earlier` was taken from the same cache. The gauges stay those of `self`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            lookups: self.lookups.since(earlier.lookups),
            l1: self.l1.since(earlier.l1),
            l2: self.l2.since(earlier.l2),
            l2_answers: self.l2_answers.since(earlier.l2_answers),
            fills: self.fills.since(earlier.fills),
            loads: self.loads.since(earlier.loads),
            refreshes: self.refreshes.since(earlier.refreshes),
            invalidations: self.invalidations.since(earlier.invalidations),
            gauges: self.gauges,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hit_ratio_counts_fresh_answers_of_both_levels() {
        assert_eq!(Statistics::default().hit_ratio(), 0.0);
        let recorder = Recorder::new();
        for outcome in [Outcome::L1, Outcome::L1, Outcome::L2, Outcome::Stale] {
            recorder.lookup(outcome);
        }
        assert_eq!(recorder.snapshot(Gauges::default()).hit_ratio(), 0.75);
    }

    #[test]
    fn since_is_what_was_added_and_keeps_the_present_gauges() {
        let recorder = Recorder::new();
        recorder.lookup(Outcome::L1);
        recorder.l2(Operation::Fill, L2Outcome::Ok);
        let earlier = recorder.snapshot(Gauges { l1_entries: 9, ..Gauges::default() });
        recorder.lookup(Outcome::Shared);
        recorder.refresh();
        let gauges = Gauges { l1_entries: 3, breaker_open: true, ..Gauges::default() };
        let lately = recorder.snapshot(gauges).since(&earlier);

        let mut expected = Statistics { refreshes: 1, gauges, ..Statistics::default() };
        expected.lookups.shared = 1;
        assert_eq!(lately, expected);
    }

    #[test]
    fn serialized_names_are_those_of_the_variants() {
        let recorder = Recorder::new();
        recorder.l2(Operation::Lease, L2Outcome::BreakerOpen);
        recorder.fill(FillOutcome::TooLarge);
        let json = serde_json::to_value(recorder.snapshot(Gauges::default())).expect("statistics are plain numbers");
        assert_eq!(json["l2"][Operation::Lease.as_str()][L2Outcome::BreakerOpen.as_str()], 1);
        assert_eq!(json["fills"][FillOutcome::TooLarge.as_str()], 1);
    }
}
