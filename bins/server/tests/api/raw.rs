//! Requests as bytes, for what no client library would send.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::larder::{Larder, PATIENCE};

/// Sends bytes as they are, and gives what comes back until the server closes.
pub(crate) async fn exchange(larder: &Larder, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(larder.address()).await.expect("connects");
    // A server that has refused may close before it has read everything.
    let sent = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("the server closes");
    assert!(read.is_ok() || !answer.is_empty(), "{sent:?} {read:?}");
    String::from_utf8_lossy(&answer).into_owned()
}
