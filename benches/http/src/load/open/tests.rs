//! The open loop against a server of a few lines that has a bad moment.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{
    super::{Asked, Keys},
    *,
};
use crate::plan::traffic;

const STALL: Duration = Duration::from_millis(200);
const RUN: Duration = Duration::from_secs(2);

/// What a server does with its 300th request, and with all that come meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BadMoment {
    Stall,
    Refusal,
    Hangup,
}

/// What the server itself sees.
#[derive(Debug, Default)]
struct Seen {
    requests: u32,
    stalled_until: Option<Instant>,
    /// From a request to its answer, by the server's own watch.
    service: Vec<Duration>,
}

fn serve(listener: TcpListener, moment: BadMoment) -> (Arc<Mutex<Seen>>, JoinSet<()>) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (shared, mut tasks) = (Arc::clone(&seen), JoinSet::new());
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(answer(stream, Arc::clone(&shared), moment));
        }
    });
    (seen, tasks)
}

async fn answer(mut stream: TcpStream, seen: Arc<Mutex<Seen>>, moment: BadMoment) {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
        let came = Instant::now();
        let (is_chosen, stalled_until) = {
            let mut seen = seen.lock().unwrap();
            seen.requests += 1;
            let is_chosen = seen.requests == 300;
            if is_chosen && moment == BadMoment::Stall {
                seen.stalled_until = Some(came + STALL);
            }
            (is_chosen, seen.stalled_until)
        };
        if let Some(left) = stalled_until.and_then(|until| until.checked_duration_since(came)) {
            time::sleep(left).await;
        }
        let status = match (is_chosen, moment) {
            (true, BadMoment::Hangup) => return,
            (true, BadMoment::Refusal) => "503 Service Unavailable",
            _ => "200 OK",
        };
        let text = format!("HTTP/1.1 {status}\r\ncontent-length: 5\r\n\r\nhello");
        stream.write_all(text.as_bytes()).await.unwrap();
        seen.lock().unwrap().service.push(came.elapsed());
    }
}

async fn run(moment: BadMoment) -> (OpenLoop, Vec<Duration>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target { address: listener.local_addr().unwrap(), writer_token: None };
    let (seen, tasks) = serve(listener, moment);
    let traffic = Traffic { products: 10, ..traffic(Keys::Uniform, Asked::Product, 0) };
    let outcome = open_loop(&target, &traffic, 4, 1_000.0, RUN).await.unwrap();
    drop(tasks);
    let mut service = std::mem::take(&mut seen.lock().unwrap().service);
    service.sort_unstable();
    (outcome, service)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_counts_for_each_request_that_was_due_meanwhile() {
    let (outcome, service) = run(BadMoment::Stall).await;
    assert!((1_700..2_300).contains(&outcome.sent), "{}", outcome.sent);
    assert_eq!((outcome.failed, outcome.latency.len()), (0, outcome.sent));
    // A tenth of all was due during the stall, of which the server saw four.
    assert!(outcome.latency.value_at_quantile(0.99) > 150_000, "{}", outcome.latency.value_at_quantile(0.99));
    let stalled = service.iter().filter(|time| **time > STALL / 2).count();
    assert!(stalled * 100 < service.len(), "{stalled} of {}", service.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_broken_connections_fail_once_and_the_rest_goes_on() {
    for moment in [BadMoment::Refusal, BadMoment::Hangup] {
        let (outcome, _) = run(moment).await;
        assert_eq!((outcome.failed, outcome.latency.len()), (1, outcome.sent), "{moment:?}");
        assert!(outcome.sent > 1_700, "{moment:?}: {}", outcome.sent);
    }
}

#[tokio::test]
async fn a_rate_that_is_none_is_refused() {
    let target = Target { address: "127.0.0.1:1".parse().unwrap(), writer_token: None };
    let traffic = Traffic { products: 1, ..traffic(Keys::One, Asked::Page, 0) };
    for rate in [0.0, -1.0, f64::NAN] {
        assert!(open_loop(&target, &traffic, 1, rate, RUN).await.is_err());
    }
    let error = open_loop(&target, &traffic, 1, 1.0, RUN).await.unwrap_err();
    assert_eq!(error.to_string(), "connect to 127.0.0.1:1");
}
