//! What the system says of this process: memory, open files, CPU time. Linux only; elsewhere nothing is known.

use std::{fs, time::Duration};

/// The kernel counts CPU time for user programs in hundredths of a second, whatever its own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

/// The process at one moment. `None`: the system does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ProcessFigures {
    /// Memory that is not swapped out, in bytes.
    pub(crate) rss_bytes: Option<u64>,
    /// All of its address space, in bytes.
    pub(crate) virtual_bytes: Option<u64>,
    pub(crate) open_fds: Option<u64>,
    pub(crate) max_fds: Option<u64>,
    pub(crate) threads: Option<u64>,
    /// CPU time of all threads, in user code and in the kernel.
    pub(crate) cpu: Option<Duration>,
}

impl ProcessFigures {
    /// Reads a few small files of `/proc`, which are made in memory.
    pub(crate) fn now() -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
        let status = read("status");
        Self {
            rss_bytes: kilobytes(&status, "VmRSS:"),
            virtual_bytes: kilobytes(&status, "VmSize:"),
            threads: field(&status, "Threads:").and_then(|text| text.parse().ok()),
            open_fds: open_fds(),
            max_fds: field(&read("limits"), "Max open files").and_then(|text| text.parse().ok()),
            cpu: cpu(&read("stat")),
        }
    }
}

/// The first word after `name`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()
}

fn kilobytes(status: &str, name: &str) -> Option<u64> {
    field(status, name)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}

/// Without the one that reads the folder.
fn open_fds() -> Option<u64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    Some(count.saturating_sub(1) as u64)
}

/// The 14th and the 15th value, of which the second, a name in parentheses, may contain anything.
fn cpu(stat: &str) -> Option<Duration> {
    let mut values = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, kernel): (f64, f64) = (values.next()?.parse().ok()?, values.next()?.parse().ok()?);
    Duration::try_from_secs_f64((user + kernel) / TICKS_PER_SECOND).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_on_linux_knows_itself() {
        let figures = ProcessFigures::now();
        assert!(figures.rss_bytes > Some(100_000) && figures.virtual_bytes > figures.rss_bytes, "{figures:?}");
        assert!(figures.open_fds > Some(2) && figures.max_fds >= figures.open_fds, "{figures:?}");
        assert!(figures.threads >= Some(1) && figures.cpu.is_some(), "{figures:?}");
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_cpu_time() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 1 0 1 1 1";
        assert_eq!(cpu(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu(""), None);
    }
}
