//! Two things measured by turns, and the median of each.

use std::{
    future::Future,
    io::{Stdout, Write, stdout},
    time::Duration,
};

use anyhow::Result;

use crate::words;

const ROUNDS: usize = 9;

/// A table of ratios that is written while it is measured.
pub(crate) struct Table {
    out: Stdout,
    /// Only works whose names have one of these; all if there is none.
    wanted: Vec<String>,
}

impl Table {
    pub(crate) fn new(wanted: Vec<String>) -> Result<Self> {
        let mut out = stdout();
        writeln!(out, "ratios of medians of {ROUNDS} rounds by turns; the spread is that of the rounds' own ratios\n")?;
        writeln!(out, "| work | ratio | spread | at most | bare, ns | ours, ns |\n|---|---|---|---|---|---|")?;
        Ok(Self { out, wanted })
    }

    /// Runs `bare` and `ours` by turns; each answers the time of one operation. The ratio of ours to bare is to stay below `at_most`.
    pub(crate) async fn compare<B, O>(
        &mut self,
        work: &str,
        at_most: f64,
        mut bare: impl FnMut() -> B,
        mut ours: impl FnMut() -> O,
    ) -> Result<()>
    where
        B: Future<Output = Duration>,
        O: Future<Output = Duration>,
    {
        if !words::is_wanted(work, &self.wanted) {
            return Ok(());
        }
        bare().await;
        ours().await;
        let (mut bares, mut our, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (bare, ours) = (bare().await, ours().await);
            ratios.push(ours.as_secs_f64() / bare.as_secs_f64());
            bares.push(bare);
            our.push(ours);
        }
        ratios.sort_unstable_by(f64::total_cmp);
        let (bare, ours) = (median(bares), median(our));
        let ratio = ours.as_secs_f64() / bare.as_secs_f64();
        let (low, high) = (ratios[0], ratios[ROUNDS - 1]);
        let (bare, ours) = (bare.as_nanos(), ours.as_nanos());
        writeln!(self.out, "| {work} | {ratio:.2} | {low:.2} to {high:.2} | {at_most:.2} | {bare} | {ours} |")?;
        Ok(())
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
