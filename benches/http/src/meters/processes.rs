//! Processor time and memory of processes and their children, from `/proc`.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};

use crate::proc::{Stat, TICK_MICROS};

/// All processes, as they are at one moment.
#[derive(Debug, Default)]
pub(crate) struct Processes {
    by_pid: BTreeMap<i32, Process>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    parent: i32,
    /// Its own, and that of children that it has waited for.
    ticks: u64,
}

impl Processes {
    /// # Errors
    /// When `/proc` can't be listed.
    pub(crate) fn now() -> Result<Self> {
        let mut by_pid = BTreeMap::new();
        for entry in fs::read_dir("/proc").context("list /proc")? {
            let path = entry.context("list /proc")?.path();
            let pid = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<i32>().ok());
            let Some(pid) = pid else { continue };
            // Processes end while they are looked at.
            by_pid.extend(Stat::read(&path).map(|stat| (pid, Process::from(&stat))));
        }
        Ok(Self { by_pid })
    }

    /// Processor time of `roots` and of all that descends from them, in microseconds, in steps of 10 ms.
    pub(crate) fn cpu_micros(&self, roots: &[i32]) -> u64 {
        let ticks: u64 = self.family(roots).iter().filter_map(|pid| self.by_pid.get(pid)).map(|one| one.ticks).sum();
        ticks * TICK_MICROS
    }

    /// `roots` and all that descends from them, each once.
    pub(crate) fn family(&self, roots: &[i32]) -> Vec<i32> {
        let mut family: Vec<i32> = Vec::new();
        let mut next: Vec<i32> = roots.to_vec();
        while let Some(pid) = next.pop() {
            if !family.contains(&pid) {
                family.push(pid);
                next.extend(self.by_pid.iter().filter(|(_, process)| process.parent == pid).map(|(pid, _)| pid));
            }
        }
        family
    }
}

impl From<&Stat> for Process {
    fn from(stat: &Stat) -> Self {
        Self { parent: stat.parent, ticks: stat.user_ticks + stat.system_ticks + stat.children_ticks }
    }
}

/// Processor time of the children of this process that have ended and were waited for, in microseconds, in steps of 10 ms.
///
/// # Errors
/// When `/proc` can't be read.
pub(crate) fn ended_children_micros() -> Result<u64> {
    let stat = Stat::read(Path::new("/proc/self")).context("read /proc/self/stat")?;
    Ok(stat.children_ticks * TICK_MICROS)
}

/// Resident bytes of `roots` and of all that descends from them; what processes share counts for each.
///
/// # Errors
/// When `/proc` can't be read.
pub(crate) fn resident_bytes(roots: &[i32]) -> Result<u64> {
    let family = Processes::now()?.family(roots);
    let statuses = family.iter().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok());
    Ok(statuses.filter_map(|status| resident_of(&status)).sum())
}

fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_of_children_count() {
        let process = |parent, ticks| Process { parent, ticks };
        let by_pid = [(2, process(1, 1)), (3, process(2, 10)), (4, process(3, 100)), (5, process(1, 1_000))].into();
        let processes = Processes { by_pid };
        assert_eq!(processes.cpu_micros(&[2]), 111 * TICK_MICROS);
        assert_eq!(processes.cpu_micros(&[2, 3]), 111 * TICK_MICROS);
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        assert_eq!(resident_of("Name:\tlarder\nVmRSS:\t  2048 kB\nThreads:\t3\n"), Some(2 << 20));
        assert_eq!(resident_of("Name:\tkthreadd\n"), None);
    }

    #[test]
    fn this_process_is_there() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(Processes::now().unwrap().by_pid.contains_key(&pid));
        assert!(resident_bytes(&[pid]).unwrap() > 1 << 20);
    }
}
