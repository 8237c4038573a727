//! A server with workers, none of which outlives this process.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::proc::Stat;

/// The group of processes that one command leads.
#[derive(Debug)]
pub(super) struct Group {
    leader: Child,
    log: PathBuf,
}

impl Group {
    /// Starts `words` with what they print in `log`.
    ///
    /// A death signal would reach the leader only, whose workers would go on; so the shell that becomes the leader leaves a watcher behind,
    /// which kills the group once the pipe to this process closes.
    ///
    /// # Errors
    /// When bash is not there.
    pub(super) fn start(words: &[&str], environment: &[(&str, String)], folder: &Path, log: &Path) -> Result<Self> {
        let output = File::create(log).with_context(|| format!("make {}", log.display()))?;
        let mut command = Command::new("bash");
        command.args(["-c", include_str!("group.sh"), "group"]).args(words);
        command.envs(environment.iter().map(|(name, value)| (name, value))).env_remove("BASH_ENV");
        command.current_dir(folder).process_group(0).stdin(Stdio::piped());
        command.stdout(output.try_clone().context("share a log")?).stderr(output);
        let leader = command.spawn().context("start bash")?;
        Ok(Self { leader, log: log.to_path_buf() })
    }

    /// What was printed until now.
    ///
    /// # Errors
    /// When the leader has ended; the message has what was printed.
    pub(super) fn said(&mut self) -> Result<String> {
        let said = fs::read_to_string(&self.log).context("read a log")?;
        if let Some(status) = self.leader.try_wait().context("look at a process")? {
            bail!("it ended ({status}) and said: {said}");
        }
        Ok(said)
    }

    /// The processes of the group, without the watcher.
    pub(super) fn pids(&self) -> Vec<i32> {
        let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
        let of_group = processes
            .flatten()
            .filter(|entry| Stat::read(&entry.path()).is_some_and(|stat| serves_in(&stat, self.leader.id())));
        let names = of_group.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| name.parse().ok()).collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The watcher's signal; an error means that the group has gone.
        drop(self.leader.stdin.take());
        drop(self.leader.wait());
    }
}

/// Whether a process is of that group, and not the watcher.
fn serves_in(stat: &Stat, group: u32) -> bool {
    u32::try_from(stat.group) == Ok(group) && stat.state != 'Z' && stat.name != "bash"
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn only_those_of_the_group_serve() {
        let stat = |name: &str, state: char, group: u32| {
            Stat::parse(&format!("12 ({name}) {state} 34 {group} 34 0 -1 0 0 0 0 0 1 1 0 0 20 0 1 0 100")).unwrap()
        };
        assert!(serves_in(&stat("python3", 'S', 34), 34));
        assert!(serves_in(&stat("a) b", 'S', 34), 34));
        assert!(!serves_in(&stat("python3", 'S', 1), 34));
        assert!(!serves_in(&stat("python3", 'Z', 34), 34));
        assert!(!serves_in(&stat("bash", 'S', 34), 34));
    }

    #[tokio::test]
    async fn workers_go_with_the_group() {
        let folder = tempfile::tempdir().unwrap();
        let words = ["sh", "-c", "sleep 60 & wait"];
        let group = Group::start(&words, &[], folder.path(), &folder.path().join("log")).unwrap();
        let give_up = Instant::now() + Duration::from_secs(20);
        while group.pids().len() < 2 {
            assert!(Instant::now() < give_up, "no worker");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let pids = group.pids();
        drop(group);
        let serves =
            |pid: &i32| Stat::read(&Path::new("/proc").join(pid.to_string())).is_some_and(|stat| stat.state != 'Z');
        while pids.iter().any(serves) {
            assert!(Instant::now() < give_up, "a worker goes on");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
