//! Keys that no other row uses, and the loader that stands for the database: counted, slow on demand, stoppable.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::Semaphore;

/// Bytes of a value.
const VALUE_BYTES: usize = 1024;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A key, in both shapes that caches ask for.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// For caches that build their own keys from arguments.
    pub(crate) id: u64,
    /// For caches that take text.
    pub(crate) text: String,
}

impl Key {
    /// A key that was never used, neither in this run nor, its values being short-lived, in one before.
    pub(crate) fn fresh() -> Self {
        let seed = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |age| age.as_secs()) << 24;
        let id = seed | NEXT.fetch_add(1, Ordering::Relaxed);
        Self { id, text: format!("peers:{id}") }
    }

    /// As many fresh keys as asked for.
    pub(crate) fn several(count: usize) -> Vec<Self> {
        (0..count).map(|_| Self::fresh()).collect()
    }
}

/// Stops a load in its middle until the test lets it go on.
#[derive(Debug)]
struct Gate {
    entered: Semaphore,
    released: Semaphore,
}

/// The source behind the cache.
#[derive(Debug)]
pub(crate) struct Loader {
    calls: AtomicU64,
    delay: Duration,
    value: String,
    gate: Option<Gate>,
}

impl Loader {
    /// A loader that answers at once with a value that starts with `mark`.
    pub(crate) fn immediate(mark: char) -> Self {
        let value = std::iter::once(mark).chain(std::iter::repeat('x')).take(VALUE_BYTES).collect();
        Self { calls: AtomicU64::new(0), delay: Duration::ZERO, value, gate: None }
    }

    /// A loader that takes this long.
    pub(crate) fn slow(delay: Duration) -> Self {
        Self { delay, ..Self::immediate('s') }
    }

    /// A loader that waits, having begun, for [`Loader::release`].
    pub(crate) fn gated(mark: char) -> Self {
        let gate = Gate { entered: Semaphore::new(0), released: Semaphore::new(0) };
        Self { gate: Some(gate), ..Self::immediate(mark) }
    }

    /// Loads the value as text.
    pub(crate) async fn text(&self) -> String {
        self.wait().await;
        self.value.clone()
    }

    /// Loads the value as bytes.
    pub(crate) async fn bytes(&self) -> Bytes {
        self.wait().await;
        Bytes::copy_from_slice(self.value.as_bytes())
    }

    async fn wait(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        if let Some(gate) = &self.gate {
            gate.entered.add_permits(1);
            // A closed semaphore cannot be: nobody closes it.
            drop(gate.released.acquire().await);
        }
    }

    /// Waits until a load has begun.
    pub(crate) async fn begun(&self) {
        if let Some(gate) = &self.gate {
            drop(gate.entered.acquire().await);
        }
    }

    /// Lets all loads end.
    pub(crate) fn release(&self) {
        if let Some(gate) = &self.gate {
            gate.released.add_permits(Semaphore::MAX_PERMITS / 2);
        }
    }

    /// How often a load began.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}
