//! What the kernel says of a process in `/proc/PID/stat`.

use std::{fs, path::Path};

/// Microseconds of a clock tick: `/proc` counts in hundredths of a second on every Linux (`USER_HZ`).
pub(crate) const TICK_MICROS: u64 = 10_000;

/// A process at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stat {
    /// Of its program, cut off after 15 bytes.
    pub(crate) name: String,
    /// `Z` if it has ended and nobody has waited for it.
    pub(crate) state: char,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    /// Pages that the kernel gave without reading a disk.
    pub(crate) minor_faults: u64,
    /// Clock ticks of all its threads.
    pub(crate) user_ticks: u64,
    pub(crate) system_ticks: u64,
    /// Of children that it has waited for, in user and system mode.
    pub(crate) children_ticks: u64,
}

impl Stat {
    /// Reads the file of the process whose folder is given; none if it has gone.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(folder.join("stat")).ok()?)
    }

    /// Reads a line; the name in it may hold anything, brackets and spaces as well.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (start, after_name) = line.rsplit_once(") ")?;
        let (_, name) = start.split_once(" (")?;
        let fields: Vec<&str> = after_name.split(' ').collect();
        // Numbered as in proc(5): the first one after the name is the third.
        let field = |number: usize| fields.get(number - 3).copied();
        let count = |number: usize| field(number)?.parse::<u64>().ok();
        Some(Self {
            name: name.to_owned(),
            state: field(3)?.chars().next()?,
            parent: field(4)?.parse().ok()?,
            group: field(5)?.parse().ok()?,
            minor_faults: count(10)?,
            user_ticks: count(14)?,
            system_ticks: count(15)?,
            children_ticks: count(16)? + count(17)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "41 (a ) (b) S 7 12 41 0 -1 4194304 900 0 0 0 150 50 3 1 20 0 4 0 100 1 2 3";

    #[test]
    fn fields_are_those_that_the_manual_names_behind_any_name() {
        let stat = Stat {
            name: "a ) (b".to_owned(),
            state: 'S',
            parent: 7,
            group: 12,
            minor_faults: 900,
            user_ticks: 150,
            system_ticks: 50,
            children_ticks: 4,
        };
        assert_eq!(Stat::parse(LINE), Some(stat));
        assert_eq!(Stat::parse("41 (cut off"), None);
        assert_eq!(Stat::parse("41 (cut) S 7"), None);
    }

    #[test]
    fn this_process_was_given_memory() {
        let stat = Stat::read(Path::new("/proc/self")).unwrap();
        assert!(stat.minor_faults > 0 && stat.state != 'Z', "{stat:?}");
        assert_eq!(Stat::read(Path::new("/proc/none")), None);
    }
}
