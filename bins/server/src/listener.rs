//! The listening sockets.

use std::{
    io,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the kernel holds until a worker takes them.
const BACKLOG: i32 = 1_024;

/// Listens on the addresses that `bind` stands for: on all that this machine has, which must be one at least.
///
/// Connections inherit `send_timeout`: the kernel ends one whose client takes nothing of what was sent to it for so long
/// (`TCP_USER_TIMEOUT`, RFC 5482), as the HTTP layer would wait for ever.
///
/// # Errors
/// When an address cannot be found or listened on.
pub(crate) fn listen(bind: &str, send_timeout: Duration) -> io::Result<Vec<TcpListener>> {
    let (mut listening, mut failure) = (Vec::new(), None);
    for address in bind.to_socket_addrs()? {
        match listen_on(address, send_timeout) {
            Ok(listener) => listening.push(listener),
            Err(cause) => failure = Some(cause),
        }
    }
    match failure {
        Some(cause) if listening.is_empty() => Err(cause),
        _ => Ok(listening),
    }
}

fn listen_on(address: SocketAddr, send_timeout: Duration) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(send_timeout))?;
    #[cfg(not(target_os = "linux"))]
    let _only_linux_has_it = send_timeout;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
