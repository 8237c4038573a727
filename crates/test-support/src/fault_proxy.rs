//! A TCP proxy whose link can be made slow, deaf or dead while connections are open.

mod link;
mod pump;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

use self::link::Link;
use crate::port::free_port;

/// How many ports are tried before a start fails.
const PORTS_TRIED: usize = 20;

/// What is wrong with the link to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Bytes arrive this much later, in each direction: a round trip takes twice as long. Bandwidth stays. The timer's
    /// grain is a millisecond.
    Latency(Duration),
    /// A partition that heals: bytes of both directions wait, and arrive once the fault is lifted.
    Hold,
    /// A black hole: connections are accepted and stay open, bytes of both directions vanish. A connection that lost bytes
    /// is reset when the fault is lifted.
    Drop,
    /// Only one direction works; bytes of the named one vanish as with [`Drop`](Self::Drop).
    HalfOpen(Direction),
    /// Open connections live on, new ones are refused.
    Refuse,
    /// Open connections are reset, new ones are refused.
    Cut,
}

/// A direction of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Requests.
    ToServer,
    /// Answers.
    ToClient,
}

/// A proxy in front of one server, on a free port of the loopback address, which it keeps.
///
/// It runs on a thread and runtime of its own, so that neither a busy test nor a paused clock bends its times. Dropping it
/// resets all connections.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    orders: Option<mpsc::UnboundedSender<Order>>,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

type Order = (Fault, oneshot::Sender<Result<()>>);

/// What went through, over all connections.
#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    open: AtomicU64,
    to_server: AtomicU64,
    to_client: AtomicU64,
}

impl FaultProxy {
    /// Starts a proxy to `upstream` without a fault. The server need not be there yet.
    ///
    /// # Errors
    /// When no port or thread is to be had.
    pub fn start(upstream: SocketAddr) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime")?;
        let listener = {
            let _guard = runtime.enter();
            listen_somewhere()?
        };
        let address = listener.local_addr()?;
        let (orders, incoming) = mpsc::unbounded_channel();
        let counts = Arc::new(Counts::default());
        let proxy = Proxy {
            address,
            upstream,
            listener: Some(listener),
            fault: watch::Sender::new(Fault::None),
            links: JoinSet::new(),
            counts: Arc::clone(&counts),
        };
        let thread = std::thread::Builder::new()
            .name("fault-proxy".to_owned())
            .spawn(move || runtime.block_on(proxy.run(incoming)))
            .context("start the proxy's thread")?;
        Ok(Self { address, orders: Some(orders), counts, thread: Some(thread) })
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the fault. It is in force when this returns: after [`Fault::Cut`], say, every connection is closed.
    ///
    /// # Errors
    /// When the port, given up by [`Fault::Refuse`] or [`Fault::Cut`], was taken by somebody else meanwhile.
    pub async fn set(&self, fault: Fault) -> Result<()> {
        let (done, is_done) = oneshot::channel();
        let orders = self.orders.as_ref().context("the proxy has ended")?;
        orders.send((fault, done)).ok().context("the proxy has died")?;
        is_done.await.context("the proxy has died")?
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// Connections open now.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        self.counts.open.load(Ordering::Relaxed)
    }

    /// Bytes passed on to the server.
    #[must_use]
    pub fn bytes_to_server(&self) -> u64 {
        self.counts.to_server.load(Ordering::Relaxed)
    }

    /// Bytes passed on to clients.
    #[must_use]
    pub fn bytes_to_client(&self) -> u64 {
        self.counts.to_client.load(Ordering::Relaxed)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Counts {
    fn passed(&self, direction: Direction, bytes: usize) {
        let count = match direction {
            Direction::ToServer => &self.to_server,
            Direction::ToClient => &self.to_client,
        };
        count.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// The proxy as its thread sees it.
#[derive(Debug)]
struct Proxy {
    address: SocketAddr,
    upstream: SocketAddr,
    listener: Option<TcpListener>,
    fault: watch::Sender<Fault>,
    links: JoinSet<()>,
    counts: Arc<Counts>,
}

impl Proxy {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some((fault, done)) => drop(done.send(self.change(fault).await)),
                    None => break,
                },
                client = accept(self.listener.as_ref()) => self.open(client),
                Some(_) = self.links.join_next() => {}
            }
        }
        drop(self.change(Fault::Cut).await);
    }

    async fn change(&mut self, fault: Fault) -> Result<()> {
        let refuses = matches!(fault, Fault::Refuse | Fault::Cut);
        if refuses {
            self.listener = None;
        }
        self.fault.send_replace(fault);
        if fault == Fault::Cut {
            while self.links.join_next().await.is_some() {}
        }
        if !refuses && self.listener.is_none() {
            let listener = TcpListener::bind(self.address).await;
            self.listener = Some(listener.map_err(|error| anyhow!(error).context("listen again on the proxy's port"))?);
        }
        Ok(())
    }

    fn open(&mut self, client: TcpStream) {
        self.counts.connections.fetch_add(1, Ordering::Relaxed);
        self.counts.open.fetch_add(1, Ordering::Relaxed);
        let counts = Arc::clone(&self.counts);
        let link = Link::new(client, self.upstream, self.fault.subscribe(), Arc::clone(&counts));
        self.links.spawn(async move {
            link.run().await;
            counts.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        // A client that gave up before it was accepted is no concern of ours.
        if let Ok((client, _)) = listener.accept().await {
            return client;
        }
    }
}

/// Binds like a server does, so that the port can be bound again while old connections fade away.
fn listen_somewhere() -> Result<TcpListener> {
    for _ in 0..PORTS_TRIED {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        if let Ok(listener) = std::net::TcpListener::bind(address) {
            listener.set_nonblocking(true)?;
            return Ok(TcpListener::from_std(listener)?);
        }
    }
    Err(anyhow!("find a port for the proxy"))
}
