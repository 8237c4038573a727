//! The unprivileged account that servers run under when the tests run as root.

use std::{fs, os::unix::fs::MetadataExt, process::Command};

use anyhow::{Context, Result};

/// A line of `/etc/passwd`, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    uid: u32,
    gid: u32,
}

impl Account {
    /// Nothing for an ordinary user, who runs servers as himself; for root the first of `names` that exists.
    ///
    /// PostgreSQL refuses to run as root, and no server that tests talk to needs to.
    pub(crate) fn to_drop_to(names: &[&str]) -> Result<Option<Self>> {
        if fs::metadata("/proc/self").context("see who runs the tests")?.uid() != 0 {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").context("read /etc/passwd")?;
        let account = names.iter().find_map(|name| find(&passwd, name));
        account.map(Some).with_context(|| format!("find an unprivileged account: none of {names:?} exists"))
    }

    /// A command that runs `program` under this account.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={}", self.uid), format!("--regid={}", self.gid)]);
        command.args(["--clear-groups", "--", program]);
        command
    }
}

fn find(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/:/usr/sbin/nologin\n";

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        assert_eq!(find(PASSWD, "nobody"), Some(Account { uid: 65534, gid: 65533 }));
        assert_eq!(find(PASSWD, "no"), None);
    }
}
