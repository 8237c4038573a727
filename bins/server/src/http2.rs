//! Limits on one connection of HTTP/2, for which the HTTP layer has none: how many requests at once, and how long an answer may stay
//! unread.

use std::{
    any::Any,
    cell::Cell,
    fmt,
    net::Shutdown,
    pin::Pin,
    rc::{Rc, Weak},
    task::{Context, Poll},
    time::Duration,
};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::Extensions,
    rt::net::TcpStream,
};
use bytes::Bytes;
use pin_project_lite::pin_project;
use socket2::{SockRef, Socket};
use tokio::task::{JoinHandle, spawn_local};

/// One connection, on the worker that serves it.
pub(crate) struct Connection {
    /// A second handle, by which the connection can be closed while the HTTP layer waits for its client.
    socket: Socket,
    open: Cell<usize>,
}

/// Notes a new connection, if it speaks HTTP/2: as `HttpServer::on_connect` wants it.
pub(crate) fn note(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TlsStream<TcpStream>>() else { return };
    let (socket, session) = stream.get_ref();
    if session.alpn_protocol() != Some(b"h2") {
        return;
    }
    match SockRef::from(socket).try_clone() {
        Ok(socket) => {
            data.insert(Rc::new(Connection { socket, open: Cell::new(0) }));
        }
        Err(cause) => tracing::warn!(%cause, "a connection of HTTP/2 goes without its limits"),
    }
}

impl Connection {
    /// A place for one more request, unless there are `limit` already.
    pub(crate) fn enter(self: &Rc<Self>, limit: usize) -> Option<StreamPlace> {
        if self.open.get() >= limit {
            return None;
        }
        self.open.set(self.open.get() + 1);
        Some(StreamPlace { connection: Rc::clone(self), closer: None })
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("open", &self.open.get()).finish_non_exhaustive()
    }
}

/// The place of one request on its connection, from its head until its answer has been sent.
#[derive(Debug)]
pub(crate) struct StreamPlace {
    connection: Rc<Connection>,
    /// Ends the connection when the client has not taken the answer in time.
    closer: Option<JoinHandle<()>>,
}

impl StreamPlace {
    /// `body`, which keeps the place until it was sent, for at most `patience`.
    pub(crate) fn hold(mut self, body: BoxBody, patience: Duration) -> BoxBody {
        if matches!(body.size(), BodySize::None | BodySize::Sized(0)) {
            return body;
        }
        if matches!(body.size(), BodySize::Sized(_)) {
            self.closer = Some(spawn_local(close_later(Rc::downgrade(&self.connection), patience)));
        }
        BoxBody::new(HeldBody { inner: body, place: self })
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        self.connection.open.set(self.connection.open.get().saturating_sub(1));
        if let Some(closer) = &self.closer {
            closer.abort();
        }
    }
}

async fn close_later(connection: Weak<Connection>, patience: Duration) {
    tokio::time::sleep(patience).await;
    if let Some(connection) = connection.upgrade() {
        tracing::debug!("a client left its answer unread for too long: its connection is closed");
        // Nobody to tell if it is closed already.
        connection.socket.shutdown(Shutdown::Both).unwrap_or_default();
    }
}

pin_project! {
    struct HeldBody {
        #[pin]
        inner: BoxBody,
        place: StreamPlace,
    }
}

impl MessageBody for HeldBody {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.inner.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().inner.poll_next(context)
    }
}
