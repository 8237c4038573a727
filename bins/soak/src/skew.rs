//! Nodes whose wall clocks are wrong, by libfaketime, where that is installed.

use std::{fs, path::PathBuf};

/// Where Debian and others keep libraries, in a folder for each architecture or in none.
const LIBRARIES: &str = "/usr/lib";
const FAKETIME: &str = "faketime/libfaketimeMT.so.1";

/// By how many seconds the clock of a node is wrong: one is ahead, one behind, by far more than any bound.
fn seconds(node: usize) -> i32 {
    match node % 3 {
        1 => 90,
        2 => -90,
        _ => 0,
    }
}

/// The library, if it is installed.
pub(crate) fn library() -> Option<PathBuf> {
    let folders = fs::read_dir(LIBRARIES).into_iter().flatten().flatten().map(|entry| entry.path());
    folders.chain([PathBuf::from(LIBRARIES)]).map(|folder| folder.join(FAKETIME)).find(|path| path.is_file())
}

/// What a node finds in its environment so that its wall clock is wrong. Its monotonic clock is that of the machine.
pub(crate) fn environment(library: &std::path::Path, node: usize) -> [(String, String); 3] {
    [
        ("LD_PRELOAD".to_owned(), library.display().to_string()),
        ("FAKETIME".to_owned(), format!("{:+}s", seconds(node))),
        ("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn nodes_disagree_about_the_time() {
        let offset = |node| environment(Path::new("x.so"), node)[1].1.clone();
        assert_eq!([offset(0), offset(1), offset(2)], ["+0s", "+90s", "-90s"]);
    }
}
