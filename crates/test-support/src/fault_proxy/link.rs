//! One connection through the proxy: two pumps, one for each direction, under the fault of the moment.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::{net::TcpStream, sync::watch};

use super::{Counts, Direction, Fault, pump::Pump};

/// A client's connection, at first not yet connected to the server.
#[derive(Debug)]
pub(super) struct Link {
    client: TcpStream,
    upstream: SocketAddr,
    fault: watch::Receiver<Fault>,
    counts: Arc<Counts>,
}

impl Link {
    pub(super) fn new(
        client: TcpStream,
        upstream: SocketAddr,
        fault: watch::Receiver<Fault>,
        counts: Arc<Counts>,
    ) -> Self {
        Self { client, upstream, fault, counts }
    }

    /// Runs until both sides have closed, one broke, or the link is cut.
    pub(super) async fn run(mut self) {
        let mut fault = self.fault.clone();
        let server = tokio::select! {
            _ = fault.wait_for(|fault| *fault == Fault::Cut) => None,
            server = connect(self.upstream, self.fault.clone()) => server.ok(),
        };
        let Some(mut server) = server else { return reset(&self.client) };
        let passed_on = tokio::select! {
            _ = fault.wait_for(|fault| *fault == Fault::Cut) => false,
            passed = self.pass(&mut server) => passed.is_ok(),
        };
        if !passed_on {
            reset(&self.client);
            reset(&server);
        }
    }

    async fn pass(&mut self, server: &mut TcpStream) -> io::Result<()> {
        // Requests are small; waiting to fill packets would be a fault that nobody asked for.
        self.client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = self.client.split();
        let (from_server, to_server) = server.split();
        let requests = Pump::new(Direction::ToServer, self.fault.clone(), Arc::clone(&self.counts));
        let answers = Pump::new(Direction::ToClient, self.fault.clone(), Arc::clone(&self.counts));
        tokio::try_join!(requests.run(from_client, to_server), answers.run(from_server, to_client))?;
        Ok(())
    }
}

/// A client that connects into a black hole or a partition is accepted and hears nothing.
async fn connect(upstream: SocketAddr, mut fault: watch::Receiver<Fault>) -> io::Result<TcpStream> {
    let at_first = *fault.borrow_and_update();
    drop(fault.wait_for(|fault| !matches!(fault, Fault::Drop | Fault::Hold)).await);
    if at_first == Fault::Drop {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    TcpStream::connect(upstream).await
}

/// Makes the coming close a reset. A socket that is past caring about it is closed already.
fn reset(socket: &TcpStream) {
    drop(socket.set_zero_linger());
}
