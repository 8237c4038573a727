//! Which keys are asked for most: sampled on the way of each hit, counted elsewhere, in bounded memory.

mod summary;
#[cfg(test)]
mod zipf;

use std::{
    cell::Cell,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, TryLockError},
};

use crossbeam_queue::ArrayQueue;

use self::summary::Summary;

/// One lookup in so many is sampled.
const SAMPLE_EVERY: u32 = 32;
/// Samples that wait to be counted; when there are more, the oldest go.
const WAITING: usize = 1_024;
/// How many samples one miss counts at most, so that it is not held up.
const ABSORBED_AT_ONCE: usize = 64;
/// Counters of the summary: each key with more than 1/512 of the lookups is among them.
const COUNTERS: usize = 512;
/// After so many samples the counts are halved.
const HALVE_AFTER: u64 = 1 << 20;

thread_local! {
    /// Lookups until this thread samples the next one; 0 before the first.
    static UNTIL_SAMPLE: Cell<u32> = const { Cell::new(0) };
}

/// A key that is asked for often.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HotKey<K> {
    /// The key.
    pub key: K,
    /// An estimate of its recent lookups, from one sample in 32; as far as the samples go, an upper bound.
    pub count: u64,
    /// By how much `count` may be too high, for the counter may have belonged to another key before.
    pub error: u64,
}

/// The most frequent keys of one cache.
///
/// [`Self::sample`] takes no lock and allocates nothing. Counting is done by those who have time: misses and whoever asks for the top.
#[derive(Debug)]
pub(crate) struct HotKeys<K> {
    waiting: ArrayQueue<Arc<K>>,
    summary: Mutex<Summary<K>>,
}

impl<K: Clone + Eq + Hash> HotKeys<K> {
    pub(crate) fn new() -> Self {
        Self { waiting: ArrayQueue::new(WAITING), summary: Mutex::new(Summary::new(COUNTERS, HALVE_AFTER)) }
    }

    /// Notes one lookup in 32.
    pub(crate) fn sample(&self, key: &Arc<K>) {
        if is_due() {
            self.waiting.force_push(Arc::clone(key));
        }
    }

    /// Counts some of the waiting samples, unless somebody else is at it.
    pub(crate) fn absorb(&self) {
        if self.waiting.is_empty() {
            return;
        }
        let mut summary = match self.summary.try_lock() {
            Ok(summary) => summary,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        self.drain(&mut summary, ABSORBED_AT_ONCE);
    }

    /// The `n` most frequent keys, the most frequent first.
    pub(crate) fn top(&self, n: usize) -> Vec<HotKey<K>> {
        let scale = u64::from(SAMPLE_EVERY);
        let mut summary = self.summary.lock().unwrap_or_else(PoisonError::into_inner);
        self.drain(&mut summary, WAITING);
        summary
            .top(n)
            .map(|(key, estimate)| HotKey {
                key: K::clone(key),
                count: estimate.count.saturating_mul(scale),
                error: estimate.error.saturating_mul(scale),
            })
            .collect()
    }

    /// Counts at most `limit` samples: while others keep sampling, the queue may never be empty.
    fn drain(&self, summary: &mut Summary<K>, limit: usize) {
        for key in std::iter::from_fn(|| self.waiting.pop()).take(limit) {
            summary.add(key);
        }
    }
}

/// Whether this thread samples the present lookup.
///
/// The gaps are random around their mean: with a fixed one, two caches that are asked in turn, or a request that always asks for the same
/// 32 keys, would show one of them for ever.
fn is_due() -> bool {
    UNTIL_SAMPLE.with(|until| {
        let left = until.get();
        if left > 1 {
            until.set(left - 1);
            return false;
        }
        until.set(fastrand::u32(1..2 * SAMPLE_EVERY));
        left == 1
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    /// Samples from a thread of its own, so that gaps left by other tests do not matter.
    fn sampled<T: Send>(seed: u64, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                fastrand::seed(seed);
                work()
            });
            thread.join().expect("a sampling thread does not panic")
        })
    }

    #[test]
    fn one_lookup_in_32_is_sampled_also_when_two_caches_are_asked_in_turn() {
        let taken = sampled(1, || {
            let mut taken = [0_u32; 2];
            for turn in 0..640_000_usize {
                taken[turn % 2] += u32::from(is_due());
            }
            taken
        });
        for cache in taken {
            assert!((9_000..11_000).contains(&cache), "{cache} of 320,000 lookups were sampled");
        }
    }

    #[test]
    fn most_of_the_true_top_is_found_from_samples() {
        let (truth, top) = sampled(2, || {
            let keys: Vec<_> = (0..10_000_usize).map(Arc::new).collect();
            let mut zipf = zipf::Zipf::new(10_000, 1.2, 3);
            let mut truth = vec![0_u64; keys.len()];
            let hot = HotKeys::new();
            for lookup in 0..2_000_000 {
                let key = zipf.draw();
                truth[key] += 1;
                hot.sample(&keys[key]);
                if lookup % 100 == 0 {
                    hot.absorb();
                }
            }
            (truth, hot.top(20))
        });
        let mut ranked: Vec<usize> = (0..truth.len()).collect();
        ranked.sort_by_key(|&key| std::cmp::Reverse(truth[key]));
        let recalled = ranked[..20].iter().filter(|&&key| top.iter().any(|hot| hot.key == key)).count();
        assert!(recalled >= 18, "{recalled} of the true top 20 were found");
        assert!(top.is_sorted_by_key(|hot| std::cmp::Reverse(hot.count)));
        let (estimated, real) = (top[0].count as f64, truth[top[0].key] as f64);
        assert!((estimated / real - 1.0).abs() < 0.1, "{estimated} lookups were estimated, {real} made");
    }

    #[test]
    fn samples_that_nobody_counts_are_bounded() {
        let waiting = sampled(3, || {
            let hot = HotKeys::new();
            for key in 0..200_000_u32 {
                hot.sample(&Arc::new(key));
            }
            hot.waiting.len()
        });
        assert_eq!(waiting, WAITING);
    }

    #[test]
    fn four_threads_sample_and_absorb_at_once_and_agree_on_the_hottest_key() {
        const LOOKUPS: u32 = 40_000;
        let hot = HotKeys::new();
        let hottest = Arc::new(u32::MAX);
        let start = Barrier::new(4);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (hot, hottest, start) = (&hot, &hottest, &start);
                scope.spawn(move || {
                    fastrand::seed(u64::from(thread));
                    start.wait();
                    for lookup in 0..LOOKUPS {
                        hot.sample(hottest);
                        hot.sample(&Arc::new(thread * LOOKUPS + lookup));
                        hot.absorb();
                    }
                });
            }
        });
        let top = hot.top(2);
        assert_eq!(top[0].key, u32::MAX);
        assert!(top[0].count > 10 * top[1].count, "{top:?}");
        assert!(hot.waiting.is_empty());
    }
}
