//! The program beside itself, and after its end: whatever ends a run leaves no process and no folder behind.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

const BENCH: &str = env!("CARGO_BIN_EXE_larder-bench-http");

/// How long a start, and an end, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run in folders of its own, whose `larder` seeds without an end.
struct Run {
    bench: Child,
    folder: TempDir,
}

impl Run {
    /// Answers once PostgreSQL runs and `larder seed` with it.
    fn begin() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // PostgreSQL may run as another user.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        fs::create_dir(folder.path().join("tmp"))?;
        fs::set_permissions(folder.path().join("tmp"), fs::Permissions::from_mode(0o1777))?;
        let larder = folder.path().join("larder");
        let seed = folder.path().join("seed");
        fs::write(&larder, format!("#!/bin/sh\necho $$ > {0}.new\nmv {0}.new {0}\nexec sleep 600\n", seed.display()))?;
        fs::set_permissions(&larder, fs::Permissions::from_mode(0o755))?;
        let mut bench = bench(folder.path());
        // Who runs the tests in the background makes them, and so their children, deaf to Ctrl-C.
        let bench = bench.process_group(0).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut run = Self { bench, folder };
        let began = Instant::now();
        while !seed.exists() {
            ensure!(run.bench.try_wait()?.is_none() && began.elapsed() < PATIENCE, "the run did not come to its seed");
            thread::yield_now();
        }
        Ok(run)
    }

    fn temporary(&self) -> Result<Vec<PathBuf>> {
        fs::read_dir(self.folder.path().join("tmp"))?.map(|entry| Ok(entry?.path())).collect()
    }

    fn seed(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("seed"))?.trim().to_owned())
    }

    /// Sends `signal` to `target`, and waits until nothing is left.
    fn ends_with(mut self, signal: &str, target: &str) -> Result<()> {
        let seed = self.seed()?;
        ensure!(runs(&seed) && self.temporary()?.len() >= 2, "a run has a server and temporary files");
        let status = Command::new("bash").args(["-c", "kill -s \"$0\" -- \"$1\"", signal, target]).status()?;
        ensure!(status.success(), "send {signal} to {target}");
        self.bench.wait()?;
        let began = Instant::now();
        while runs(&seed) || !self.temporary()?.is_empty() {
            ensure!(began.elapsed() < PATIENCE, "left: {seed} {}, {:?}", runs(&seed), self.temporary()?);
            thread::yield_now();
        }
        Ok(())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Of a test that failed; otherwise it has ended.
        drop(self.bench.kill());
        drop(self.bench.wait());
    }
}

fn bench(folder: &Path) -> Command {
    let mut bench = Command::new("env");
    bench.args(["--default-signal=INT", BENCH, "run", "--quick"]).env("TMPDIR", folder.join("tmp"));
    bench.arg("--larder").arg(folder.join("larder")).arg("--results").arg(folder.join("results"));
    bench.stdin(Stdio::null());
    bench
}

/// Whether a process is there, and is not only waited for.
fn runs(process: &str) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn ctrl_c_leaves_nothing() -> Result<()> {
    let run = Run::begin()?;
    let group = format!("-{}", run.bench.id());
    run.ends_with("INT", &group)
}

#[test]
fn a_kill_leaves_nothing() -> Result<()> {
    let run = Run::begin()?;
    let process = run.bench.id().to_string();
    run.ends_with("KILL", &process)
}

#[test]
fn a_second_run_at_once_is_refused() -> Result<()> {
    let run = Run::begin()?;
    let Output { status, stderr, .. } = bench(run.folder.path()).output().context("a second run")?;
    let said = String::from_utf8(stderr)?;
    assert!(!status.success() && said.contains("another run measures"), "{said}");
    let process = run.bench.id().to_string();
    run.ends_with("TERM", &process)
}
