//! Tokens: random ones, and the admin token that an embedded server makes for itself.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};

use crate::config::Secret;

/// Name of the file beside the database.
const FILE: &str = "admin-token";
const OWNER_ONLY: u32 = 0o600;

/// `larder_` and 64 hexadecimal digits: 256 random bits of the operating system.
///
/// # Errors
/// When the operating system gives no random bits.
pub(crate) fn random_token() -> anyhow::Result<Secret> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).context("no random bits for a token")?;
    let digits: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Secret::new(format!("larder_{digits}")))
}

/// The token in `folder`, made at the first call, and where it is.
///
/// # Errors
/// When the file can neither be read nor made, or holds no token.
pub(crate) fn kept_in(folder: &Path) -> anyhow::Result<(Secret, PathBuf)> {
    let path = folder.join(FILE);
    if !path.try_exists().with_context(|| format!("cannot look for {}", path.display()))? {
        make(folder, &path).with_context(|| format!("cannot make the admin token {}", path.display()))?;
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read the admin token {}", path.display()))?;
    let token = text.trim();
    let fits = (16..=256).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    ensure!(fits, "{} holds no token: remove it to get a new one", path.display());
    let mode = fs::metadata(&path).map_or(OWNER_ONLY, |data| data.permissions().mode() & 0o777);
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), mode = format!("{mode:o}"), "others than the owner can use the admin token");
    }
    Ok((Secret::new(token), path))
}

/// Writes a file of its own first and links it under the name: of two processes that start at once, one wins, and nobody ever
/// reads half a token.
fn make(folder: &Path, path: &Path) -> anyhow::Result<()> {
    let draft = folder.join(format!("{FILE}.{}", std::process::id()));
    let token = random_token()?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(OWNER_ONLY).open(&draft)?;
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    file.write_all(format!("{}\n", token.expose()).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(cause) if cause.kind() != ErrorKind::AlreadyExists => Err(cause.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, path) = kept_in(folder.path()).expect("made");
        let (second, _) = kept_in(folder.path()).expect("kept");
        assert_eq!(first, second);
        assert!(first.expose().starts_with("larder_") && first.expose().len() == 71);
        assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o777, OWNER_ONLY);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1);
    }

    #[test]
    fn a_file_without_a_token_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(FILE), "\n").expect("written");
        assert!(kept_in(folder.path()).is_err());
    }
}
