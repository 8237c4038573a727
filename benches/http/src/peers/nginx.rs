//! Debian's nginx with `proxy_cache`.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use tokio::{net::TcpStream, time::sleep};

use super::{DEADLINE, LOOK, Peer, group::Group};

const SETTINGS: &str = include_str!("nginx.conf");
/// Debian keeps it off the path of who is not root.
const PROGRAMS: [&str; 3] = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
/// Somebody may take a free port before nginx does.
const TRIES: usize = 5;

/// Starts nginx with so many workers before `upstream`, which caches nothing, and waits until it listens.
///
/// Its cache is in the system's temporary folder, as files that the kernel keeps in memory; index and locks are in shared memory.
///
/// # Errors
/// When it is not installed, or does not start; the message has what it said.
pub(crate) async fn start_nginx(upstream: SocketAddr, workers: usize) -> Result<Peer> {
    let program = PROGRAMS.into_iter().find(|program| Path::new(program).exists());
    let program = program
        .context("find nginx: install Debian's package nginx, or run `cargo x bench http` as root, which does")?;
    let mut tries = 1;
    loop {
        match try_start(program, upstream, workers).await {
            Err(error) if tries < TRIES && format!("{error:#}").contains("Address already in use") => tries += 1,
            outcome => return outcome,
        }
    }
}

async fn try_start(program: &str, upstream: SocketAddr, workers: usize) -> Result<Peer> {
    let folder = tempfile::tempdir().context("make a folder")?;
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    let address = address.context("find a free port")?;
    let settings = settings(address, upstream, workers);
    fs::write(folder.path().join("nginx.conf"), settings).context("write nginx's settings")?;
    let prefix = folder.path().display().to_string();
    let words = [program, "-p", &prefix, "-c", "nginx.conf", "-e", "stderr"];
    let mut group = Group::start(&words, &[], folder.path(), &folder.path().join("log"))?;
    let give_up = Instant::now() + DEADLINE;
    loop {
        let said = group.said().context("start nginx")?;
        // The master and its workers; more of them later are those that look after the cache.
        if group.pids().len() > workers && TcpStream::connect(address).await.is_ok() {
            return Ok(Peer { address, group, _folder: folder });
        }
        ensure!(Instant::now() < give_up, "nginx did not start, and said: {said}");
        sleep(LOOK).await;
    }
}

fn settings(address: SocketAddr, upstream: SocketAddr, workers: usize) -> String {
    SETTINGS
        .replace("@workers@", &workers.to_string())
        .replace("@upstream@", &upstream.to_string())
        .replace("@address@", &address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_filled_in() {
        let settings = settings("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap(), 2);
        let lines: Vec<&str> = settings.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        assert!(!lines.iter().any(|line| line.contains('@')), "{settings}");
        assert!(settings.contains("listen 127.0.0.1:1 ") && settings.contains("server 127.0.0.1:2;"));
    }
}
