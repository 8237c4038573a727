//! Whatever ends the process that started the servers, servers and folders go.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use larder_test_support::{Redis, RedisOptions};

const GONE_WITHIN: Duration = Duration::from_secs(20);

/// A server of the process that is about to end.
struct Held {
    folder: PathBuf,
    address: SocketAddr,
}

fn hold_servers() -> Result<(Child, Vec<Held>)> {
    // Who runs the tests in the background makes them, and so their children, deaf to Ctrl-C.
    let mut holder = Command::new("env")
        .args(["--default-signal=INT", env!("CARGO_BIN_EXE_hold-servers")])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let output = BufReader::new(holder.stdout.take().context("output")?);
    let held: Vec<Held> = output.lines().take(2).map(|line| held_in(&line?)).collect::<Result<_>>()?;
    assert_eq!(held.len(), 2, "the servers did not start");
    for server in &held {
        assert!(TcpStream::connect(server.address).is_ok());
        assert!(!processes_in(&server.folder).is_empty());
    }
    Ok((holder, held))
}

fn held_in(line: &str) -> Result<Held> {
    let (folder, url) = line.split_once(' ').context("a folder and an address")?;
    let address = url.split(['@', '/']).find_map(|part| part.parse().ok()).context("an address")?;
    Ok(Held { folder: folder.into(), address })
}

/// Processes that work in `folder`: a server, its children, its watchdog.
fn processes_in(folder: &Path) -> Vec<String> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let works_there =
        |process: &fs::DirEntry| fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    processes.flatten().filter(works_there).map(|process| process.file_name().to_string_lossy().into_owned()).collect()
}

fn send(signal: &str, target: &str) -> Result<()> {
    let status = Command::new("bash").args(["-c", "kill -s \"$0\" -- \"$1\"", signal, target]).status()?;
    anyhow::ensure!(status.success(), "send {signal} to {target}");
    Ok(())
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < GONE_WITHIN, "{what}");
        std::thread::yield_now();
    }
}

/// What a killed watchdog could not do: remove the folder, and the interlock segment of a killed PostgreSQL.
fn tidy_up(folder: &Path) -> Result<()> {
    if let Ok(postmaster) = fs::read_to_string(folder.join("data/postmaster.pid")) {
        let segment = postmaster.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)).context("a segment")?;
        Command::new("ipcrm").args(["-m", segment]).status()?;
    }
    Ok(fs::remove_dir_all(folder)?)
}

fn assert_all_gone(held: &[Held]) {
    for Held { folder, address } in held {
        eventually("the folder is still there", || !folder.exists());
        eventually("a process is still there", || processes_in(folder).is_empty());
        assert!(TcpStream::connect(address).is_err());
    }
}

#[test]
fn servers_go_when_the_process_is_killed() -> Result<()> {
    let (mut holder, held) = hold_servers()?;
    holder.kill()?;
    holder.wait()?;
    assert_all_gone(&held);
    Ok(())
}

#[test]
fn servers_go_after_ctrl_c() -> Result<()> {
    let (mut holder, held) = hold_servers()?;
    // A terminal signals the whole foreground group, as here.
    send("INT", &format!("-{}", holder.id()))?;
    assert!(!holder.wait()?.success());
    assert_all_gone(&held);
    Ok(())
}

#[test]
fn servers_go_before_the_process_ends_by_itself() -> Result<()> {
    let (mut holder, held) = hold_servers()?;
    drop(holder.stdin.take());
    assert!(holder.wait()?.success());
    for server in &held {
        assert!(!server.folder.exists());
        assert!(processes_in(&server.folder).is_empty());
    }
    Ok(())
}

#[test]
fn servers_go_after_a_panic() -> Result<()> {
    let (mut holder, held) = hold_servers()?;
    holder.stdin.take().context("input")?.write_all(b"panic")?;
    assert!(!holder.wait()?.success());
    assert_all_gone(&held);
    Ok(())
}

#[test]
fn servers_go_when_process_and_watchdogs_are_killed_together() -> Result<()> {
    let (mut holder, held) = hold_servers()?;
    let mut watchdogs = Vec::new();
    for process in held.iter().flat_map(|server| processes_in(&server.folder)) {
        if fs::read_to_string(format!("/proc/{process}/comm"))?.trim() == "bash" {
            watchdogs.push(process);
        }
    }
    assert_eq!(watchdogs.len(), held.len());
    for process in watchdogs {
        send("KILL", &process)?;
    }
    holder.kill()?;
    holder.wait()?;
    for server in &held {
        eventually("a process is still there", || processes_in(&server.folder).is_empty());
        tidy_up(&server.folder)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_dropped_server_is_gone_at_once() -> Result<()> {
    let server = Redis::start(RedisOptions::default()).await?;
    server.pause().await?;
    let folder = server.folder().to_owned();
    drop(server);
    assert!(!folder.exists());
    assert!(processes_in(&folder).is_empty());
    Ok(())
}
