//! Where one run works: alone in its results folder, and with temporary files that go when it does, however it ends.

use std::{
    fs::{self, File, TryLockError},
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, anyhow, bail};

/// The file in the results folder that a run holds locked.
const LOCK: &str = "lock";

/// What unfinished products are made in; see [`tempfile`].
const UNFINISHED: &str = ".tmp";

/// Held for as long as a run measures. The system releases the lock with the process.
#[derive(Debug)]
pub(crate) struct Place {
    _scratch: Scratch,
    _lock: File,
}

impl Place {
    /// Locks `results`, removes what a run that was killed has left there, and makes a folder for this one's temporary files, which from
    /// now on are all made in it.
    ///
    /// # Errors
    /// When another run works with `results`, or a folder can't be made.
    pub(crate) fn take(results: &Path) -> Result<Self> {
        let lock = locked(results)?;
        sweep(results)?;
        let (scratch, folder) = Scratch::open()?;
        tempfile::env::override_temp_dir(Path::new(&folder))
            .map_err(|other| anyhow!("temporary files are made in {} already", other.display()))?;
        Ok(Self { _scratch: scratch, _lock: lock })
    }
}

fn locked(results: &Path) -> Result<File> {
    fs::create_dir_all(results).with_context(|| format!("make {}", results.display()))?;
    let path = results.join(LOCK);
    let file = File::create(&path).with_context(|| format!("make {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another run measures and holds {}: two would measure each other; wait until it has ended",
            path.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {}", path.display())),
    }
}

/// Removes unfinished products.
fn sweep(results: &Path) -> Result<()> {
    for entry in fs::read_dir(results).with_context(|| format!("look into {}", results.display()))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) && entry.file_type()?.is_dir() {
            let path = entry.path();
            fs::remove_dir_all(&path).with_context(|| format!("remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// A folder that a process of its own removes once this one has gone.
#[derive(Debug)]
struct Scratch {
    sweeper: Child,
}

impl Scratch {
    fn open() -> Result<(Self, String)> {
        let mut command = Command::new("bash");
        command.args(["-c", include_str!("place/sweeper.sh"), "sweeper"]).env_remove("BASH_ENV");
        // In a group of its own: Ctrl-C at a terminal shall not reach it.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut scratch = Self { sweeper: command.spawn().context("start bash")? };
        let output = scratch.sweeper.stdout.take().context("the sweeper's output")?;
        let mut folder = String::new();
        BufReader::new(output).read_line(&mut folder).context("read the folder's name")?;
        let folder = folder.strip_suffix('\n').context("make a folder for temporary files")?.to_owned();
        Ok((scratch, folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The sweeper's signal; an error means that it has gone.
        drop(self.sweeper.stdin.take());
        drop(self.sweeper.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_run_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = locked(folder.path()).unwrap();
        let said = format!("{:#}", locked(folder.path()).unwrap_err());
        assert!(said.contains("another run") && said.contains("/lock"), "{said}");
        drop(first);
        locked(folder.path()).unwrap();
    }

    #[test]
    fn only_what_is_unfinished_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".tmpAbC123")).unwrap();
        fs::write(folder.path().join(".tmpAbC123/products.db"), "half").unwrap();
        fs::write(folder.path().join("results.json"), "{}").unwrap();
        sweep(folder.path()).unwrap();
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["results.json"]);
    }

    #[test]
    fn the_folder_goes_with_all_that_is_in_it() {
        let (scratch, folder) = Scratch::open().unwrap();
        let folder = Path::new(&folder);
        fs::create_dir(folder.join("log")).unwrap();
        drop(scratch);
        assert!(!folder.exists());
    }
}
