//! Reading answers of HTTP/1.1 off a kept connection: the status and the length, and the body no further than its end.

use anyhow::{Context, Result, ensure};
use tokio::{io::AsyncReadExt as _, net::tcp::OwnedReadHalf};

/// More than any of these servers sends.
const MOST_HEADERS: usize = 48;
/// Of one read; a head must fit.
const BUFFER_BYTES: usize = 64 << 10;

/// The reading side of one connection.
#[derive(Debug)]
pub(super) struct Answers {
    socket: OwnedReadHalf,
    buffer: Vec<u8>,
}

impl Answers {
    pub(super) fn new(socket: OwnedReadHalf) -> Self {
        Self { socket, buffer: vec![0; BUFFER_BYTES] }
    }

    /// Waits for a whole answer and gives its status.
    ///
    /// # Errors
    /// When the connection breaks, or what comes is not one answer with a known length.
    pub(super) async fn next(&mut self) -> Result<u16> {
        let mut received = 0;
        let (status, length) = loop {
            ensure!(received < self.buffer.len(), "a head of more than {BUFFER_BYTES} bytes");
            received += self.read(received).await?;
            if let Some(found) = head(&self.buffer[..received])? {
                break found;
            }
        };
        ensure!(received <= length, "more than one answer to one request");
        while received < length {
            received += self.read(0).await?;
        }
        Ok(status)
    }

    async fn read(&mut self, start: usize) -> Result<usize> {
        let count = self.socket.read(&mut self.buffer[start..]).await.context("receive")?;
        ensure!(count > 0, "the server closed the connection");
        Ok(count)
    }
}

/// The status and how many bytes the answer has, head included, once the head is whole.
fn head(received: &[u8]) -> Result<Option<(u16, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(received).context("read a head")? else { return Ok(None) };
    let status = response.code.context("a head without a status")?;
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let body = match length {
        Some(length) => std::str::from_utf8(length.value)?.trim().parse().context("read a length")?,
        None => {
            ensure!(matches!(status, 204 | 304), "an answer of unknown length, which this driver does not read");
            0
        }
    };
    Ok(Some((status, head + body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_where_its_answer_ends() {
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(), None);
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{").unwrap(), Some((200, 51)));
        assert_eq!(head(b"HTTP/1.1 304 Not Modified\r\n\r\n").unwrap(), Some((304, 29)));
        assert!(head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(head(b"SSH-2.0-x\r\n").is_err());
    }
}
