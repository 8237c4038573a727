//! Servers from Debian's packages.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::Result;

use crate::step;

/// A package, the service it would start, and where it keeps it.
pub(super) type Package = (&'static str, &'static str);

pub(super) const SERVERS: &[Package] =
    &[("postgresql", "/usr/lib/postgresql"), ("redis-server", "/usr/bin/redis-server")];
pub(super) const WRK: Package = ("wrk", "/usr/bin/wrk");
pub(super) const BENCH: &[Package] = &[WRK, ("nginx", "/usr/sbin/nginx")];
pub(super) const BROWSER: &[Package] = &[("chromium", "/usr/bin/chromium")];

/// Whether this is root on a system with `apt-get`.
pub(super) fn is_possible() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    is_root && apt_get(&["--version"]).stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Installs what is missing, and stops the services that come with it: tests start servers of their own.
pub(super) fn install(packages: &[Package]) -> Result<()> {
    let missing: Vec<&str> =
        packages.iter().filter(|(_, path)| !Path::new(path).exists()).map(|(name, _)| *name).collect();
    let install = || step::run(apt_get(&["install", "--yes", "--no-install-recommends"]).args(&missing));
    if install().is_err() {
        // The usual reason, on a machine that has never asked or has not for long.
        step::run(&mut apt_get(&["update"]))?;
        install()?;
    }
    for service in missing {
        stop(service);
    }
    Ok(())
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = step::command("apt-get", arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Where services are not started on installation, there is nothing to stop, and no harm in trying.
fn stop(service: &str) {
    let attempts: [&[&str]; 2] = [&["systemctl", "disable", "--now", service], &["service", service, "stop"]];
    for words in attempts {
        let mut command = step::command(words[0], &words[1..]);
        if command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            return;
        }
    }
}
