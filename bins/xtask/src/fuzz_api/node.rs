//! The server under test.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
    thread,
};

use anyhow::{Context, Result};

use crate::step;

/// A `larder` in a folder of its own; killed when dropped.
#[derive(Debug)]
pub(super) struct Node {
    process: Child,
    /// Host and port.
    pub(super) address: String,
}

/// Of the admin, for this run only.
pub(super) const TOKEN: &str = "an-admin-token-for-the-fuzzer-and-nobody-else";
const PRODUCTS: &str = "700";
const FOLDER: &str = "target/fuzz-api";

impl Node {
    /// Builds and starts one over these databases, without limits of rate, and waits until it is ready.
    pub(super) fn start(database: &str, redis: &str, is_release: bool) -> Result<Self> {
        let mut build = step::command("cargo", &["build", "--package", "larder-server"]);
        step::run(build.args(is_release.then_some("--release")))?;
        let profile = if is_release { "release" } else { "debug" };
        let program = step::target_folder()?.join(profile).join("larder");
        std::fs::create_dir_all(FOLDER).with_context(|| format!("make {FOLDER}"))?;
        let settings = [
            ("LARDER__SERVER__BIND", "127.0.0.1:0"),
            ("LARDER__DATABASE__URL", database),
            ("LARDER__REDIS__URL", redis),
            ("LARDER__AUTH__ADMIN_TOKEN", TOKEN),
            // Wrong tokens and many requests are what this is about.
            ("LARDER__AUTH__FAILURES_PER_MINUTE", "1000000"),
            ("LARDER__RATE_LIMIT__ENABLED", "false"),
            // The description says who may see it where it is not for everybody.
            ("LARDER__PAGE__AUDIENCE", "admin"),
        ];
        let larder = |arguments: &[&str]| {
            let mut command = step::command(&program.display().to_string(), arguments);
            command.current_dir(Path::new(FOLDER)).env_clear().envs(settings);
            command
        };
        step::run(&mut larder(&["seed", "--products", PRODUCTS]))?;
        let mut command = larder(&["serve"]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("start {}", program.display()))?;
        let mut lines = BufReader::new(process.stderr.take().context("its log")?).lines();
        let ready = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let address = line.split("address=").nth(1).filter(|_| line.contains("ready address="))?;
            address.split(' ').next().map(str::to_owned)
        });
        // A full pipe would hold the server up.
        thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .filter(|line| line.contains("ERROR larder"))
                .for_each(|line| eprintln!("{line}"))
        });
        let node = Self { process, address: ready.unwrap_or_default() };
        anyhow::ensure!(!node.address.is_empty(), "the server ended before it was ready");
        Ok(node)
    }

    /// Its resident memory in KiB.
    pub(super) fn resident_kib(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process without memory")?;
        line.trim().trim_end_matches(" kB").parse().context("the memory of the process is no number")
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.process.kill().and_then(|()| self.process.wait().map(drop)).unwrap_or_default();
    }
}
