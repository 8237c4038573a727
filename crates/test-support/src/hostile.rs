//! Requests that mean harm: random methods, paths, headers, bodies and broken HTTP, all from one seed, and whether a server survives them.

mod request;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};

use self::request::Maker;

/// How many are under way at a time.
const AT_ONCE: usize = 16;
/// Longer than any limit of the server for one request.
const DEADLINE: Duration = Duration::from_secs(45);
/// So much of an answer is looked at.
const ENOUGH: usize = 64 << 10;

/// What came of them.
#[derive(Debug, Default)]
pub struct Survived {
    /// How many answers there were of each status; 0 for connections that were closed without one.
    pub statuses: BTreeMap<u16, u32>,
    /// Requests that the server failed at, with its answer.
    pub failed: Vec<String>,
    /// Requests that were neither answered nor closed in time.
    pub hung: Vec<String>,
}

/// Sends `count` requests from `seed` to `address`, some of them with `token`.
///
/// # Errors
/// When the server cannot be connected to.
pub async fn attack(address: SocketAddr, count: u32, seed: u64, token: &str) -> Result<Survived> {
    let (places, mut under_way, mut survived) =
        (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new(), Survived::default());
    let mut maker = Maker::new(seed, token);
    for _ in 0..count {
        let place = Arc::clone(&places).acquire_owned().await?;
        let request = maker.request();
        under_way.spawn(async move {
            let answer = timeout(DEADLINE, exchange(address, &request)).await;
            drop(place);
            (request, answer)
        });
        while let Some(ended) = under_way.try_join_next() {
            let (request, answer) = ended?;
            survived.take(&request, answer.ok())?;
        }
    }
    while let Some(ended) = under_way.join_next().await {
        let (request, answer) = ended?;
        survived.take(&request, answer.ok())?;
    }
    Ok(survived)
}

/// Sends bytes and hangs up, as far as sending goes; gives what comes back.
async fn exchange(address: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let mut socket = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
    // A server that has refused may close before it has read everything: what it answered is there nevertheless.
    let sent = socket.write_all(request).await;
    if sent.is_ok() {
        socket.shutdown().await.unwrap_or_default();
    }
    let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = socket.read(&mut chunk).await {
        if answer.len() < ENOUGH {
            answer.extend_from_slice(&chunk[..length]);
        }
    }
    Ok(answer)
}

impl Survived {
    fn take(&mut self, request: &[u8], answer: Option<Result<Vec<u8>>>) -> Result<()> {
        let shown = || String::from_utf8_lossy(&request[..request.len().min(600)]).into_owned();
        let Some(answer) = answer else {
            self.hung.push(shown());
            return Ok(());
        };
        let answer = answer?;
        let status = status_of(&answer);
        *self.statuses.entry(status).or_default() += 1;
        if status >= 500 {
            let told = String::from_utf8_lossy(&answer[..answer.len().min(600)]).into_owned();
            self.failed.push(format!("{}\n=> {told}", shown()));
        }
        Ok(())
    }
}

/// The status of the last answer that is not an interim one.
fn status_of(answer: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(answer);
    let mut statuses = text.split("HTTP/1.").skip(1).filter_map(|rest| rest.get(2..5)?.parse().ok());
    statuses.find(|status| *status >= 200).unwrap_or_default()
}
