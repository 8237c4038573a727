//! Clients that take their time: with the head, with reading, with how many requests and connections they open.

use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    cluster::eventually,
    larder::{Larder, PATIENCE},
    raw::exchange,
    tls_client::{Http2, Identity},
};

const BIG: &str = "/api/v1/products?size=200";

#[tokio::test]
async fn a_head_that_does_not_come_is_408() {
    let larder = Larder::start(&[("LARDER__SERVER__HEAD_TIMEOUT_MS", "200")]);
    let answer = exchange(&larder, b"GET /livez HTTP/1.1\r\nhost: x\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// Connections of the server's process to this port of a client, as the kernel knows them.
fn is_connected(larder: &Larder, client: &TcpStream) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the kernel's table");
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next().unwrap_or_default(), 16).unwrap_or(0);
    let server = larder.address().rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0u16);
    let client = client.local_addr().expect("an address").port();
    table.lines().skip(1).any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, remote) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        port(local) == server && port(remote) == client && fields.next() == Some("01")
    })
}

/// A connection that takes almost nothing before it is read from.
async fn narrow(larder: &Larder) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(2_048).expect("a size");
    let address: std::net::SocketAddr = larder.address().parse().expect("an address");
    socket.connect(&address.into()).expect("connects");
    socket.set_nonblocking(true).expect("does not block");
    TcpStream::from_std(socket.into()).expect("a stream")
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection() {
    let larder = Larder::start(&[("LARDER__SERVER__SEND_TIMEOUT_MS", "500")]);
    let mut deaf = narrow(&larder).await;
    // More than the kernel keeps for it.
    let request = format!("GET {BIG} HTTP/1.1\r\nhost: x\r\n\r\n").repeat(200);
    deaf.write_all(request.as_bytes()).await.expect("is sent");
    eventually("the server gives the client up", async || !is_connected(&larder, &deaf)).await;
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_its_answer() {
    let larder = Larder::start(&[("LARDER__SERVER__SEND_TIMEOUT_MS", "2000")]);
    let mut slow = narrow(&larder).await;
    slow.write_all(format!("GET {BIG} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
        .await
        .expect("sent");
    let mut answer = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let read = timeout(PATIENCE, slow.read(&mut piece)).await.expect("goes on").expect("is open");
        if read == 0 {
            break;
        }
        answer.extend_from_slice(&piece[..read]);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 ") && answer.ends_with(b"]}"));
}

#[tokio::test]
async fn an_answer_over_http2_that_is_not_read_ends_its_connection() {
    let identity = Identity::new();
    let larder = identity.serve(&[("LARDER__SERVER__SEND_TIMEOUT_MS", "300")]);
    let http2 = Http2::over(identity.connect(&larder, "h2").await.expect("connects"), 10).await;
    let answer = http2.send(BIG).await.expect("is sent").await.expect("a head");
    assert_eq!(answer.status(), 200);
    // The client answers pings, and takes ten bytes of the body.
    timeout(PATIENCE, http2.driver).await.expect("the server closes").expect("no panic").unwrap_or_default();
    let other = Http2::over(identity.connect(&larder, "h2").await.expect("connects"), 65_535).await;
    assert_eq!(other.get(BIG).await.expect("an answer").0, 200);
}

#[tokio::test]
async fn one_connection_has_a_limited_number_of_requests_at_once() {
    let identity = Identity::new();
    let larder = identity.serve(&[("LARDER__SERVER__MAX_STREAMS", "10")]);
    let http2 = Http2::over(identity.connect(&larder, "h2").await.expect("connects"), 0).await;
    let mut heads = Vec::new();
    for _ in 0..30 {
        let head = http2.send("/livez").await.expect("is sent");
        heads.push(timeout(PATIENCE, head).await.expect("a head").expect("an answer"));
    }
    let served = heads.iter().filter(|head| head.status() == 200).count();
    let refused =
        heads.iter().filter(|head| head.status() == 503 && head.headers().contains_key("retry-after")).count();
    assert_eq!((served, refused), (10, 20));
    drop(heads);
    eventually("places become free", async || {
        let head = http2.send("/livez").await.expect("is sent").await.expect("an answer");
        head.status() == 200
    })
    .await;
}

#[tokio::test]
async fn further_connections_wait_until_one_is_free() {
    let larder = Larder::start(&[("LARDER__SERVER__MAX_CONNECTIONS", "2"), ("LARDER__SERVER__WORKERS", "1")]);
    let get = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut socket = TcpStream::connect(larder.address()).await.expect("connects");
        socket.write_all(get).await.expect("is sent");
        assert!(socket.read(&mut [0; 4_096]).await.expect("is answered") > 0);
        open.push(socket);
    }
    let mut third = TcpStream::connect(larder.address()).await.expect("waits in the kernel");
    third.write_all(get).await.expect("is sent");
    let early = timeout(Duration::from_millis(300), third.read(&mut [0; 4_096])).await;
    assert!(early.is_err(), "it is not served while two are open");
    open.clear();
    let answered = timeout(PATIENCE, third.read(&mut [0; 4_096])).await.expect("is served").expect("is open");
    assert!(answered > 0);
}
