//! The share of look-ups that caches answered, over the last minute and not since the start, and what it is worth.

use std::collections::VecDeque;

use larder_cache::Statistics;
use serde::Serialize;

/// Samples that make up a minute, one a second.
const SPAN: usize = 60;
/// From this share on a cache does its work.
const HEALTHY: f64 = 0.7;
/// With fewer look-ups in the window, the share says nothing.
const ENOUGH: u64 = 1_000;

/// Look-ups of all caches, as counted since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lookups {
    pub(super) l1: u64,
    pub(super) l2: u64,
    pub(super) loaded: u64,
    pub(super) stale: u64,
    pub(super) all: u64,
}

/// The counts of the last minute, second by second.
#[derive(Debug, Default)]
pub(super) struct HitWindow(VecDeque<Lookups>);

/// What the window says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct HitRatio {
    /// Share of the look-ups that were answered fresh from L1 or L2; null without any.
    pub(crate) ratio: Option<f64>,
    pub(crate) lookups: u64,
    pub(crate) window_seconds: usize,
    pub(crate) judgement: Judgement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Judgement {
    Healthy,
    Low,
    /// Too little traffic to judge.
    TooLittleTraffic,
}

impl Lookups {
    pub(super) fn sum<'a>(caches: impl IntoIterator<Item = &'a Statistics>) -> Self {
        let mut sum = Self::default();
        for counts in caches.into_iter().map(|statistics| &statistics.lookups) {
            sum.l1 += counts.l1;
            sum.l2 += counts.l2;
            sum.loaded += counts.loaded + counts.shared;
            sum.stale += counts.stale;
            sum.all += counts.total();
        }
        sum
    }

    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            l1: self.l1.saturating_sub(earlier.l1),
            l2: self.l2.saturating_sub(earlier.l2),
            loaded: self.loaded.saturating_sub(earlier.loaded),
            stale: self.stale.saturating_sub(earlier.stale),
            all: self.all.saturating_sub(earlier.all),
        }
    }
}

impl HitWindow {
    /// Takes the counts of one more second; answers what came during the last one.
    pub(super) fn take(&mut self, now: Lookups) -> Lookups {
        let before = self.0.back().copied().unwrap_or_default();
        self.0.push_back(now);
        if self.0.len() > SPAN + 1 {
            self.0.pop_front();
        }
        now.since(before)
    }

    pub(super) fn ratio(&self) -> HitRatio {
        let (first, last) = (self.0.front().copied().unwrap_or_default(), self.0.back().copied().unwrap_or_default());
        let lately = last.since(first);
        let ratio = (lately.all > 0).then(|| share(lately.l1 + lately.l2, lately.all));
        let judgement = match ratio {
            Some(ratio) if lately.all >= ENOUGH && ratio > HEALTHY => Judgement::Healthy,
            Some(_) if lately.all >= ENOUGH => Judgement::Low,
            _ => Judgement::TooLittleTraffic,
        };
        let window_seconds = self.0.len().saturating_sub(1);
        HitRatio { ratio, lookups: lately.all, window_seconds, judgement }
    }
}

impl HitRatio {
    /// What an operator should know, if it is low.
    pub(crate) fn warning(&self) -> Option<String> {
        let ratio = self.ratio.filter(|_| self.judgement == Judgement::Low)?;
        let (lookups, seconds) = (self.lookups, self.window_seconds);
        Some(format!(
            "only {:.0} % of {lookups} look-ups in the last {seconds} s were answered by a cache; above {:.0} % is healthy",
            100.0 * ratio,
            100.0 * HEALTHY
        ))
    }
}

/// A part of a whole, with three decimals.
#[expect(clippy::cast_precision_loss, reason = "counts of events in one process stay below 2^53")]
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (1e3 * part as f64 / whole as f64).round() / 1e3 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(l1: u64, all: u64) -> Lookups {
        Lookups { l1, all, loaded: all - l1, ..Lookups::default() }
    }

    #[test]
    fn only_the_last_minute_counts() {
        let mut window = HitWindow::default();
        window.take(counted(0, 0));
        assert_eq!(window.take(counted(0, 100_000)), counted(0, 100_000));
        assert_eq!(window.ratio().judgement, Judgement::Low);
        for second in 1..=60 {
            window.take(counted(50 * second, 100_000 + 50 * second));
        }
        let ratio = window.ratio();
        assert_eq!((ratio.ratio, ratio.lookups, ratio.window_seconds), (Some(1.0), 3_000, 60));
        assert_eq!((ratio.judgement, ratio.warning()), (Judgement::Healthy, None));
    }

    #[test]
    fn a_low_share_is_a_warning_with_enough_traffic_only() {
        for (l1, all, judgement) in [
            (0, 0, Judgement::TooLittleTraffic),
            (0, 999, Judgement::TooLittleTraffic),
            (999, 999, Judgement::TooLittleTraffic),
            (700, 1_000, Judgement::Low),
            (701, 1_000, Judgement::Healthy),
        ] {
            let mut window = HitWindow::default();
            window.take(counted(0, 0));
            window.take(counted(l1, all));
            assert_eq!(window.ratio().judgement, judgement, "{l1} of {all}");
            assert_eq!(window.ratio().warning().is_some(), judgement == Judgement::Low);
        }
    }
}
