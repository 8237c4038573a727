//! What was measured, kept as JSON: a file is there whole or not at all, and is never thrown away.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use anyhow::{Context, Result};
use serde::{Serialize, de::DeserializeOwned};

/// Reads the first of `files` that is there; none if none is.
///
/// # Errors
/// When it can't be read, or is not what is expected.
pub(crate) fn read<T: DeserializeOwned>(files: &[&Path]) -> Result<Option<T>> {
    let Some(file) = files.iter().find(|file| file.exists()) else { return Ok(None) };
    let json = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    let parsed = serde_json::from_slice(&json);
    let refused = || format!("{} is damaged or of another version; it was left as it is", file.display());
    parsed.with_context(refused).map(Some)
}

/// Writes `value` beside `file`, and gives it that name once it is whole: whoever is interrupted leaves the old one.
///
/// # Errors
/// When it can't be written.
pub(crate) fn write(file: &Path, value: &impl Serialize) -> Result<()> {
    let folder = file.parent().context("a file without a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    let unfinished = file.with_extension("json.unfinished");
    let json = serde_json::to_vec_pretty(value)?;
    let mut beside = File::create(&unfinished).with_context(|| format!("make {}", unfinished.display()))?;
    let written = beside.write_all(&json).and_then(|()| beside.write_all(b"\n")).and_then(|()| beside.sync_all());
    written.with_context(|| format!("write {}", unfinished.display()))?;
    fs::rename(&unfinished, file).with_context(|| format!("name {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_file_that_is_there_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("deep/first.json"), folder.path().join("second.json"));
        assert_eq!(read::<u32>(&[&first, &second]).unwrap(), None);
        write(&second, &2).unwrap();
        assert_eq!(read(&[&first, &second]).unwrap(), Some(2));
        write(&first, &1).unwrap();
        assert_eq!(read(&[&first, &second]).unwrap(), Some(1));
        assert_eq!(fs::read_dir(first.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_damaged_file_is_named_and_left() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.json");
        fs::write(&file, "{\"half").unwrap();
        let said = format!("{:#}", read::<u32>(&[&file]).unwrap_err());
        assert!(said.contains(&file.display().to_string()) && said.contains("damaged or of another version"), "{said}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "{\"half");
    }

    #[test]
    fn a_file_that_is_written_anew_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("results.json");
        write(&file, &"old").unwrap();
        let before = File::open(&file).unwrap();
        write(&file, &"new").unwrap();
        assert_eq!(std::io::read_to_string(before).unwrap(), "\"old\"\n", "the old file never changed");
        assert_eq!(read(&[&file]).unwrap(), Some("new".to_owned()));
    }
}
