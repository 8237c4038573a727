//! A client of HTTP/1.1 that costs next to nothing: one kept connection, few headers, no copies.

use std::{net::SocketAddr, ops::Range, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time,
};

/// No answer is waited for any longer.
const PATIENCE: Duration = Duration::from_secs(12);

/// The header that says how far a write got, and how far a read has to be.
pub(crate) const TOKEN: &str = "larder-version";

/// A connection to one node at a time, made anew when it broke or the node moved.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    open: Option<(SocketAddr, TcpStream)>,
    received: Vec<u8>,
}

/// What was answered; the body stays with the connection.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether `Cache-Status` says that it is stale or unconfirmed.
    pub(crate) is_marked: bool,
    /// What a write or a read gave for the reads after it.
    pub(crate) token: Option<String>,
    body: Range<usize>,
}

/// A question before it is written out.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    /// Lines of the head, each with its end.
    pub(crate) headers: &'a str,
    pub(crate) body: &'a str,
}

impl Connection {
    /// Asks, and waits for the whole answer.
    ///
    /// # Errors
    /// When the node cannot be reached, breaks off, or does not answer in time.
    pub(crate) async fn ask(&mut self, address: SocketAddr, question: &Question<'_>) -> Result<Answer> {
        // Taken out: what is not put back, because of an error or because the caller went away, is closed.
        let kept = self.open.take().filter(|(to, _)| *to == address);
        let exchange = async {
            let mut stream = match kept {
                Some((_, stream)) => stream,
                None => connect(address).await?,
            };
            stream.write_all(&question.bytes()).await.context("send")?;
            let answer = self.receive(&mut stream).await?;
            anyhow::Ok((stream, answer))
        };
        let (stream, answer) = time::timeout(PATIENCE, exchange).await.context("no answer in time")??;
        self.open = Some((address, stream));
        Ok(answer)
    }

    /// The body of the last answer.
    pub(crate) fn body(&self, answer: &Answer) -> &[u8] {
        &self.received[answer.body.clone()]
    }

    async fn receive(&mut self, stream: &mut TcpStream) -> Result<Answer> {
        self.received.clear();
        let head = loop {
            if let Some(end) = memmem::find(&self.received, b"\r\n\r\n") {
                break end;
            }
            ensure!(stream.read_buf(&mut self.received).await.context("receive")? > 0, "the connection was closed");
        };
        let text = std::str::from_utf8(&self.received[..head]).context("a head that is not text")?;
        let (answer, length) = read_head(text)?;
        let body = head + 4..head + 4 + length;
        while self.received.len() < body.end {
            ensure!(stream.read_buf(&mut self.received).await.context("receive")? > 0, "the connection was closed");
        }
        Ok(Answer { body, ..answer })
    }
}

impl Question<'_> {
    fn bytes(&self) -> Vec<u8> {
        let Self { method, path, headers, body } = self;
        let typed = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
        let length = body.len();
        format!("{method} {path} HTTP/1.1\r\nhost: soak\r\ncontent-length: {length}\r\n{typed}{headers}\r\n{body}")
            .into_bytes()
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await.context("connect")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The answer without its body, and how long that is.
fn read_head(head: &str) -> Result<(Answer, usize)> {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("a head without a status")?;
    let mut answer = Answer { status: status.parse().context("a status")?, is_marked: false, token: None, body: 0..0 };
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().context("a length")?;
        } else if name.eq_ignore_ascii_case("cache-status") {
            answer.is_marked = value.contains("detail=stale") || value.contains("detail=unconfirmed");
        } else if name.eq_ignore_ascii_case(TOKEN) {
            answer.token = Some(value.to_owned());
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("an answer in chunks, which this client does not read");
        }
    }
    Ok((answer, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\nCache-Status: larder; hit; detail=unconfirmed\r\nLarder-Version: a.b";
        let (answer, length) = read_head(head).unwrap();
        assert_eq!((answer.status, length, answer.is_marked), (200, 12, true));
        assert_eq!(answer.token.as_deref(), Some("a.b"));
        let (answer, length) = read_head("HTTP/1.1 204 No Content\r\ncache-status: larder; hit; detail=l1").unwrap();
        assert_eq!((answer.status, length, answer.is_marked), (204, 0, false));
    }
}
