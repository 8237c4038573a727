//! The line that a run ends with.

use std::fmt;

use crate::checker::{Kind, Tally};

/// What a run found.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the run was drawn from.
    pub seed: u64,
    /// Processes.
    pub nodes: usize,
    /// How long it took.
    pub seconds: u64,
    /// Troubles that were made.
    pub faults: usize,
    /// Loads of all caches, if the nodes count them.
    pub loads: Option<u64>,
    /// What was counted.
    pub tally: Tally,
    /// The first violations with their histories.
    pub told: Vec<(Kind, String)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, nodes, seconds, faults, loads, tally, .. } = self;
        let Tally { reads, checked, marked, stale, back, lost, failed, excused, writes, max_lag } = tally;
        write!(f, "soak seed={seed} nodes={nodes} seconds={seconds} reads={reads} checked={checked} marked={marked} ")?;
        write!(f, "stale={stale} back={back} lost={lost} errors_5xx={failed} excused={excused} writes={writes} ")?;
        match loads {
            Some(loads) => write!(f, "loads_per_change={} ", hundredths(*loads, *writes))?,
            None => f.write_str("loads_per_change=- ")?,
        }
        write!(f, "faults={faults} max_lag_ms={}", max_lag.as_millis())
    }
}

/// A quotient with two decimals.
fn hundredths(of: u64, by: u64) -> String {
    let hundredths = of.saturating_mul(100) / by.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_line_has_every_figure() {
        let tally = Tally { reads: 5, writes: 4, max_lag: Duration::from_millis(12), ..Tally::default() };
        let report = Report { seed: 1, nodes: 3, seconds: 20, faults: 2, loads: Some(9), tally, told: Vec::new() };
        assert_eq!(
            report.to_string(),
            "soak seed=1 nodes=3 seconds=20 reads=5 checked=0 marked=0 stale=0 back=0 lost=0 errors_5xx=0 excused=0 writes=4 \
             loads_per_change=2.25 faults=2 max_lag_ms=12"
        );
    }
}
