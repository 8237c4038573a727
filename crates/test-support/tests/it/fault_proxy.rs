//! The fault proxy in front of a server that echoes.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Result;
use larder_test_support::{Direction, Fault, FaultProxy};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// Long enough for what should come; what should not come is shown by [`is_silent`].
const SOON: Duration = Duration::from_secs(10);

const A_WHILE: Duration = Duration::from_millis(60);

async fn echo_server() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::runtime::Handle::current().spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::runtime::Handle::current().spawn(async move {
                let (mut from, mut to) = client.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    Ok(address)
}

async fn proxied() -> Result<(FaultProxy, TcpStream)> {
    let proxy = FaultProxy::start(echo_server().await?)?;
    let mut client = TcpStream::connect(proxy.address()).await?;
    assert_eq!(echo(&mut client, b"hello").await?, b"hello");
    Ok((proxy, client))
}

async fn echo(client: &mut TcpStream, bytes: &[u8]) -> Result<Vec<u8>> {
    client.write_all(bytes).await?;
    let mut answer = vec![0; bytes.len()];
    timeout(SOON, client.read_exact(&mut answer)).await??;
    Ok(answer)
}

async fn is_silent(client: &mut TcpStream) -> bool {
    timeout(A_WHILE, client.read_u8()).await.is_err()
}

async fn is_reset(client: &mut TcpStream) -> bool {
    let read = timeout(SOON, client.read_u8()).await;
    read.is_ok_and(|read| read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset))
}

#[tokio::test]
async fn bytes_and_connections_are_counted() -> Result<()> {
    let (proxy, client) = proxied().await?;
    assert_eq!((proxy.connections(), proxy.open_connections()), (1, 1));
    assert_eq!((proxy.bytes_to_server(), proxy.bytes_to_client()), (5, 5));
    drop(client);
    Ok(())
}

#[tokio::test]
async fn a_close_is_passed_on_after_the_last_bytes() -> Result<()> {
    let (_proxy, mut client) = proxied().await?;
    client.write_all(b"last").await?;
    client.shutdown().await?;
    let mut rest = Vec::new();
    timeout(SOON, client.read_to_end(&mut rest)).await??;
    assert_eq!(rest, b"last");
    Ok(())
}

#[tokio::test]
async fn latency_delays_both_directions_and_keeps_the_bandwidth() -> Result<()> {
    let (proxy, mut client) = proxied().await?;
    let latency = Duration::from_millis(50);
    proxy.set(Fault::Latency(latency)).await?;
    let start = Instant::now();
    assert_eq!(echo(&mut client, b"ping").await?, b"ping");
    assert!(start.elapsed() >= 2 * latency);
    let start = Instant::now();
    let megabyte = vec![7; 1 << 20];
    let (mut from, mut to) = client.split();
    let mut answer = vec![0; megabyte.len()];
    let (sent, received) = tokio::join!(to.write_all(&megabyte), from.read_exact(&mut answer));
    sent?;
    received?;
    assert_eq!(answer, megabyte);
    // One after the other, the 64 chunks of 16 KiB would take more than six seconds.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    Ok(())
}

#[tokio::test]
async fn held_bytes_arrive_once_the_fault_is_lifted() -> Result<()> {
    let (proxy, mut client) = proxied().await?;
    proxy.set(Fault::Hold).await?;
    client.write_all(b"late").await?;
    assert!(is_silent(&mut client).await);
    proxy.set(Fault::None).await?;
    let mut answer = [0; 4];
    timeout(SOON, client.read_exact(&mut answer)).await??;
    assert_eq!(&answer, b"late");
    Ok(())
}

#[tokio::test]
async fn a_connection_that_lost_bytes_is_reset_when_the_fault_is_lifted() -> Result<()> {
    let (proxy, mut client) = proxied().await?;
    proxy.set(Fault::Drop).await?;
    let mut newcomer = TcpStream::connect(proxy.address()).await?;
    client.write_all(b"lost").await?;
    newcomer.write_all(b"lost").await?;
    assert!(is_silent(&mut client).await);
    assert!(is_silent(&mut newcomer).await);
    proxy.set(Fault::None).await?;
    assert!(is_reset(&mut client).await);
    assert!(is_reset(&mut newcomer).await);
    assert_eq!(proxy.bytes_to_server(), 5);
    Ok(())
}

#[tokio::test]
async fn a_half_open_link_still_takes_requests() -> Result<()> {
    let (proxy, mut client) = proxied().await?;
    proxy.set(Fault::HalfOpen(Direction::ToClient)).await?;
    client.write_all(b"heard").await?;
    assert!(is_silent(&mut client).await);
    assert_eq!((proxy.bytes_to_server(), proxy.bytes_to_client()), (10, 5));
    Ok(())
}

#[tokio::test]
async fn refusal_spares_open_connections() -> Result<()> {
    let (proxy, mut client) = proxied().await?;
    proxy.set(Fault::Refuse).await?;
    let newcomer = TcpStream::connect(proxy.address()).await;
    assert_eq!(newcomer.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(echo(&mut client, b"still").await?, b"still");
    proxy.set(Fault::None).await?;
    let mut newcomer = TcpStream::connect(proxy.address()).await?;
    assert_eq!(echo(&mut newcomer, b"again").await?, b"again");
    Ok(())
}

#[tokio::test]
async fn a_cut_resets_everything_and_heals_on_the_same_port() -> Result<()> {
    let (proxy, mut client) = proxied().await?;
    proxy.set(Fault::Cut).await?;
    assert_eq!(proxy.open_connections(), 0);
    assert!(is_reset(&mut client).await);
    let newcomer = TcpStream::connect(proxy.address()).await;
    assert_eq!(newcomer.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    proxy.set(Fault::None).await?;
    let mut newcomer = TcpStream::connect(proxy.address()).await?;
    assert_eq!(echo(&mut newcomer, b"again").await?, b"again");
    Ok(())
}

#[tokio::test]
async fn an_absent_server_is_a_reset() -> Result<()> {
    let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let proxy = FaultProxy::start(gone)?;
    let mut client = TcpStream::connect(proxy.address()).await?;
    assert!(is_reset(&mut client).await);
    Ok(())
}

#[tokio::test]
async fn a_dropped_proxy_resets_its_connections() -> Result<()> {
    let (proxy, mut client) = proxied().await?;
    drop(proxy);
    assert!(is_reset(&mut client).await);
    Ok(())
}
