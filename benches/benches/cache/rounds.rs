//! Two things measured by turns, and the median of each.

use std::{fmt::Write, future::Future, time::Duration};

const ROUNDS: usize = 9;

/// What two things cost, each as the median of the rounds.
pub(crate) struct Row {
    pub(crate) work: &'static str,
    pub(crate) bare: Duration,
    pub(crate) ours: Duration,
    /// What the ratio of ours to bare is to stay below.
    pub(crate) at_most: f64,
}

/// Runs `bare` and `ours` by turns; each answers the time of one operation.
pub(crate) async fn compare<B, O>(
    work: &'static str,
    at_most: f64,
    mut bare: impl FnMut() -> B,
    mut ours: impl FnMut() -> O,
) -> Row
where
    B: Future<Output = Duration>,
    O: Future<Output = Duration>,
{
    bare().await;
    ours().await;
    let (mut bares, mut our) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bares.push(bare().await);
        our.push(ours().await);
    }
    Row { work, bare: median(bares), ours: median(our), at_most }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The rows as a table; ratios first.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "median of {ROUNDS} rounds by turns\n\n| work | ratio | at most | bare, ns | ours, ns |\n|---|---|---|---|---|\n"
    );
    for Row { work, bare, ours, at_most } in rows {
        let ratio = ours.as_secs_f64() / bare.as_secs_f64();
        let line = format!("| {work} | {ratio:.2} | {at_most:.2} | {} | {} |", bare.as_nanos(), ours.as_nanos());
        writeln!(text, "{line}").expect("writing to a string does not fail");
    }
    text
}
