//! What the kernel counted for the processes that serve: where a cost that grows comes from.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::proc::{Stat, TICK_MICROS};

/// Of some processes, all threads; differences of two mean something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) user_micros: u64,
    pub(super) system_micros: u64,
    /// Pages that the kernel gave without reading a disk.
    pub(super) minor_faults: u64,
    /// Times that a thread went to sleep.
    pub(super) sleeps: u64,
}

impl Counts {
    /// # Errors
    /// When one of `pids` is not there.
    pub(super) fn of(pids: &[i32]) -> Result<Self> {
        let mut sum = Self::default();
        for pid in pids {
            let folder = Path::new("/proc").join(pid.to_string());
            sum.add(&Stat::read(&folder).with_context(|| format!("process {pid}"))?);
            for task in fs::read_dir(folder.join("task")).with_context(|| format!("process {pid}"))? {
                // Threads end while they are looked at.
                let Ok(status) = fs::read_to_string(task?.path().join("status")) else { continue };
                sum.sleeps += sleeps(&status);
            }
        }
        Ok(sum)
    }

    fn add(&mut self, stat: &Stat) {
        self.minor_faults += stat.minor_faults;
        self.user_micros += stat.user_ticks * TICK_MICROS;
        self.system_micros += stat.system_ticks * TICK_MICROS;
    }

    /// What came on top since `before`.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            user_micros: self.user_micros.saturating_sub(before.user_micros),
            system_micros: self.system_micros.saturating_sub(before.system_micros),
            minor_faults: self.minor_faults.saturating_sub(before.minor_faults),
            sleeps: self.sleeps.saturating_sub(before.sleeps),
        }
    }
}

/// What a thread's `status` counts.
fn sleeps(status: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_switches_that_a_thread_asked_for_are_sleeps() {
        assert_eq!(sleeps("Name:\tx\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n"), 12);
        assert_eq!(sleeps("Name:\tx\nnonvoluntary_ctxt_switches:\t3\n"), 0);
    }

    #[test]
    fn this_process_was_given_memory() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(Counts::of(&[pid]).unwrap().minor_faults > 0);
        assert!(Counts::of(&[-1]).is_err());
    }
}
