//! The hook for metrics: a cache tells a sink how long what left L1 took.

use std::{fmt, time::Duration};

use crate::statistics::{L2Outcome, LoadOutcome, Operation};

/// Receives durations and changes of state as they happen. Used as `Arc<dyn MetricsSink>`; several caches can share one, which tells
/// them apart by `cache`, the name that each was built with.
///
/// Lookups are not reported, so that a hit in L1 costs nothing extra: poll `Cache::statistics` for their counts, when they are scraped
/// or printed.
///
/// ```
/// use std::time::Duration;
/// use larder_cache::{L2Outcome, LoadOutcome, MetricsSink, Operation};
///
/// #[derive(Debug)]
/// struct ToStderr;
///
/// impl MetricsSink for ToStderr {
///     fn loaded(&self, cache: &str, outcome: LoadOutcome, took: Duration) {
///         eprintln!("{cache}: {} in {took:?}", outcome.as_str());
///     }
///
///     fn l2(&self, cache: &str, operation: Operation, outcome: L2Outcome, took: Duration) {
///         eprintln!("{cache}: {} {} in {took:?}", operation.as_str(), outcome.as_str());
///     }
///
///     fn breaker(&self, cache: &str, open: bool) {
///         eprintln!("{cache}: breaker open: {open}");
///     }
/// }
/// ```
///
/// # Contract
/// Called on the path of a request: an implementation does not block. If it panics, that is logged and changes nothing else.
pub trait MetricsSink: fmt::Debug + Send + Sync {
    /// One load ended after `took`, which counts from the wish to load: waiting for a place within the budget is included.
    fn loaded(&self, cache: &str, outcome: LoadOutcome, took: Duration);

    /// One operation on L2 ended after `took`; zero if L2 was not asked.
    fn l2(&self, cache: &str, operation: Operation, outcome: L2Outcome, took: Duration);

    /// The breaker of L2 opened or closed.
    fn breaker(&self, cache: &str, open: bool);
}
