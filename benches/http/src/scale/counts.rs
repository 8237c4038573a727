//! What the kernel counted for the processes that serve: where a cost that grows comes from.

use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Microseconds of a clock tick of `/proc`.
const TICK_MICROS: u64 = 10_000;

/// Of some processes, all threads; differences of two mean something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) user_micros: u64,
    pub(super) system_micros: u64,
    /// Pages that the kernel gave without reading a disk.
    pub(super) minor_faults: u64,
    /// Times that a thread went to sleep.
    pub(super) sleeps: u64,
    /// Times that a thread had to make room for another.
    pub(super) preemptions: u64,
}

impl Counts {
    /// # Errors
    /// When one of `pids` is not there.
    pub(super) fn of(pids: &[i32]) -> Result<Self> {
        let mut sum = Self::default();
        for pid in pids {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid}"))?;
            sum.add_stat(&stat).with_context(|| format!("an odd description of process {pid}"))?;
            for task in fs::read_dir(format!("/proc/{pid}/task")).with_context(|| format!("process {pid}"))? {
                // Threads end while they are looked at.
                let Ok(status) = fs::read_to_string(task?.path().join("status")) else { continue };
                sum.sleeps += field(&status, "voluntary_ctxt_switches:");
                sum.preemptions += field(&status, "nonvoluntary_ctxt_switches:");
            }
        }
        Ok(sum)
    }

    /// Adds a line of `/proc/PID/stat`; the name in it may hold anything.
    fn add_stat(&mut self, line: &str) -> Option<()> {
        let fields: Vec<&str> = line.rsplit_once(") ")?.1.split(' ').collect();
        // minflt, utime and stime are fields 10, 14 and 15; the first one after the name is the third.
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        self.minor_faults += number(10)?;
        self.user_micros += number(14)? * TICK_MICROS;
        self.system_micros += number(15)? * TICK_MICROS;
        Some(())
    }

    /// What came on top since `before`.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            user_micros: self.user_micros.saturating_sub(before.user_micros),
            system_micros: self.system_micros.saturating_sub(before.system_micros),
            minor_faults: self.minor_faults.saturating_sub(before.minor_faults),
            sleeps: self.sleeps.saturating_sub(before.sleeps),
            preemptions: self.preemptions.saturating_sub(before.preemptions),
        }
    }
}

fn field(status: &str, name: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_are_those_that_the_manual_names() {
        let mut counts = Counts::default();
        counts.add_stat("41 (a ) (b) S 7 41 41 0 -1 4194304 900 0 0 0 150 50 3 1 20 0 4 0 100 1 2 3").unwrap();
        assert_eq!((counts.minor_faults, counts.user_micros, counts.system_micros), (900, 1_500_000, 500_000));
        assert!(counts.add_stat("41 (cut").is_none());
    }

    #[test]
    fn both_kinds_of_switches_are_told_apart() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!((field(status, "voluntary_ctxt_switches:"), field(status, "nonvoluntary_ctxt_switches:")), (12, 3));
    }

    #[test]
    fn this_process_was_given_memory() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(Counts::of(&[pid]).unwrap().minor_faults > 0);
    }
}
