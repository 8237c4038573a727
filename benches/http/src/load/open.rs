//! The open loop: requests are due at moments that do not depend on the server, and their latency counts from then.
//!
//! A driver that waits for an answer before it asks again asks less while a server stalls, and so leaves out just the waits that matter:
//! "coordinated omission" (Gil Tene, "How NOT to Measure Latency"). Here a request that finds no free connection waits in a queue, and its
//! latency runs. The moments are a Poisson process, as those of many clients that know nothing of each other are; a fixed spacing would
//! hide the queues that chance builds.

#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    collections::VecDeque,
    io,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use larder_test_support::ExactTimer;
use rand::{SeedableRng as _, rngs::Xoshiro256PlusPlus};
use rand_distr::{Distribution as _, Exp};
use rustix::process::setpriority_process;
use tokio::{
    net::{TcpStream, tcp::OwnedWriteHalf},
    task::{JoinSet, LocalSet},
    time,
};

use super::{
    OpenLoop, Target, Traffic,
    answer::Answers,
    requests::{Request, Requests, WRITE_END},
};

/// The nice value of the driver.
const URGENT: i32 = -15;
/// How late the driver itself may come to a request without that being counted.
const LATE: Duration = Duration::from_micros(500);
/// How long answers are waited for after the last request was due.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks at whether all answers are there.
const LOOK: Duration = Duration::from_millis(5);
/// Before a connection that broke is made anew.
const RECONNECT: Duration = Duration::from_millis(20);
/// The longest latency that is told from longer ones: ten minutes, in µs.
const LONGEST_MICROS: u64 = 600_000_000;

/// Asks `per_second` times a second on average, for `duration`, over `connections` kept connections. It runs on a thread of its own.
///
/// # Errors
/// When the server cannot be reached, or the traffic contradicts itself.
pub(crate) async fn open_loop(
    target: &Target,
    traffic: &Traffic,
    connections: u32,
    per_second: f64,
    duration: Duration,
) -> Result<OpenLoop> {
    ensure!(connections > 0, "an open loop needs at least one connection");
    ensure!(per_second.is_finite() && per_second > 0.0, "a rate of {per_second} requests a second is none");
    let schedule = Schedule::new(traffic.seed, per_second)?;
    let requests = Requests::new(target, traffic)?;
    let address = target.address;
    let drive = move || {
        let _urgent = Urgent::begin();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime")?;
        let driven = async {
            let mut streams = Vec::new();
            for _ in 0..connections {
                streams.push(connect(address).await?);
            }
            drive(address, streams, schedule, requests, duration).await
        };
        LocalSet::new().block_on(&runtime, driven)
    };
    tokio::task::spawn_blocking(drive).await.context("the driver")?
}

/// While it lives, this thread goes before others: a driver that waits for a core that a server uses would measure its own wait.
#[derive(Debug)]
struct Urgent;

impl Urgent {
    fn begin() -> Self {
        // Only root may. Without it more turns are late, and said to be.
        setpriority_process(None, URGENT).unwrap_or_default();
        Self
    }
}

impl Drop for Urgent {
    fn drop(&mut self) {
        setpriority_process(None, 0).unwrap_or_default();
    }
}

/// The gaps between requests.
#[derive(Debug)]
struct Schedule {
    gaps: Exp<f64>,
    random: Xoshiro256PlusPlus,
}

impl Schedule {
    fn new(seed: u64, per_second: f64) -> Result<Self> {
        Ok(Self { gaps: Exp::new(per_second)?, random: Xoshiro256PlusPlus::seed_from_u64(!seed) })
    }

    fn gap(&mut self) -> Duration {
        Duration::from_secs_f64(self.gaps.sample(&mut self.random))
    }
}

/// What the tasks of the connections and the one that keeps the time share; all are on one thread.
#[derive(Debug)]
struct Driver {
    address: SocketAddr,
    connections: Vec<Connection>,
    /// Those with nothing to wait for; the one that was used last is used next.
    free: Vec<usize>,
    /// When those were due that found no connection free.
    queue: VecDeque<Instant>,
    requests: Requests,
    outcome: OpenLoop,
}

#[derive(Debug)]
struct Connection {
    socket: OwnedWriteHalf,
    /// When the request was due that is under way.
    due: Option<Instant>,
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn drive(
    address: SocketAddr,
    streams: Vec<TcpStream>,
    mut schedule: Schedule,
    requests: Requests,
    duration: Duration,
) -> Result<OpenLoop> {
    let latency = Histogram::new_with_max(LONGEST_MICROS, 3)?;
    let outcome = OpenLoop { latency, sent: 0, failed: 0, late: 0 };
    let free = (0..streams.len()).collect();
    let mut driver = Driver { address, connections: Vec::new(), free, queue: VecDeque::new(), requests, outcome };
    let (mut answers, mut tasks) = (Vec::new(), JoinSet::new());
    for stream in streams {
        let (reading, socket) = stream.into_split();
        driver.connections.push(Connection { socket, due: None });
        answers.push(Answers::new(reading));
    }
    let driver = Rc::new(RefCell::new(driver));
    for (number, answers) in answers.into_iter().enumerate() {
        tasks.spawn_local(listen(Rc::clone(&driver), number, answers));
    }
    let timer = ExactTimer::new()?;
    let start = Instant::now();
    let mut due = start + schedule.gap();
    while due < start + duration {
        timer.wait_until(due).await?;
        let now = Instant::now();
        while due <= now && due < start + duration {
            driver.borrow_mut().ask(due, now);
            due += schedule.gap();
        }
        // Answers come first: at high rates there is always a next request due.
        tokio::task::yield_now().await;
    }
    let give_up = start + duration + PATIENCE;
    while !driver.borrow().has_all_answers() && Instant::now() < give_up {
        time::sleep(LOOK).await;
    }
    tasks.shutdown().await;
    let driver = Rc::into_inner(driver).context("a task of the driver goes on")?.into_inner();
    Ok(driver.ended(Instant::now()))
}

/// Takes the answers of one connection, and sends on it what waits; makes it anew when it broke.
async fn listen(driver: Rc<RefCell<Driver>>, number: usize, mut answers: Answers) {
    loop {
        let answer = answers.next().await;
        driver.borrow_mut().answered(number, answer.as_ref().ok().copied());
        if answer.is_ok() {
            driver.borrow_mut().next(number);
            continue;
        }
        answers = loop {
            time::sleep(RECONNECT).await;
            let address = driver.borrow().address;
            if let Ok(stream) = connect(address).await {
                let (reading, socket) = stream.into_split();
                driver.borrow_mut().connections[number].socket = socket;
                break Answers::new(reading);
            }
        };
        driver.borrow_mut().next(number);
    }
}

impl Driver {
    /// Sends a request that is due, or lets it wait.
    fn ask(&mut self, due: Instant, now: Instant) {
        self.outcome.sent += 1;
        self.outcome.late += u64::from(now.duration_since(due) > LATE);
        match self.free.pop() {
            Some(number) => self.send(number, due),
            None => self.queue.push_back(due),
        }
    }

    fn send(&mut self, number: usize, due: Instant) {
        let text = match self.requests.draw() {
            Request::Read(text) => text,
            Request::Write(start) => format!("{start}{}{WRITE_END}", self.requests.price()),
        };
        let connection = &mut self.connections[number];
        connection.due = Some(due);
        // A kept connection without a request under way has room for one. If not, it broke, of which the reading side hears.
        let sent: io::Result<usize> = connection.socket.try_write(text.as_bytes());
        if !sent.is_ok_and(|count| count == text.len()) {
            connection.due = None;
            self.outcome.failed += 1;
            self.record(due, Instant::now());
        }
    }

    /// Notes an answer, or that the connection broke.
    fn answered(&mut self, number: usize, status: Option<u16>) {
        let Some(due) = self.connections[number].due.take() else {
            self.free.retain(|free| *free != number);
            return;
        };
        self.outcome.failed += u64::from(status.is_none_or(|status| status >= 400));
        // One that broke has been waited for as well.
        self.record(due, Instant::now());
    }

    /// Gives a connection the request that has waited longest.
    fn next(&mut self, number: usize) {
        match self.queue.pop_front() {
            Some(due) => self.send(number, due),
            None => self.free.push(number),
        }
    }

    fn record(&mut self, due: Instant, now: Instant) {
        let micros = u64::try_from(now.duration_since(due).as_micros()).unwrap_or(u64::MAX);
        self.outcome.latency.saturating_record(micros.max(1));
    }

    fn has_all_answers(&self) -> bool {
        self.queue.is_empty() && self.connections.iter().all(|connection| connection.due.is_none())
    }

    /// Counts what never was answered.
    fn ended(mut self, now: Instant) -> OpenLoop {
        let under_way = self.connections.iter_mut().filter_map(|connection| connection.due.take());
        let waiting: Vec<Instant> = under_way.chain(self.queue.drain(..)).collect();
        for due in waiting {
            self.outcome.failed += 1;
            self.record(due, now);
        }
        self.outcome
    }
}
