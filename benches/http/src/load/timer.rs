//! A timer that is exact to microseconds; that of tokio counts whole milliseconds.

use std::{os::fd::OwnedFd, time::Instant};

use anyhow::{Context, Result};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::{Interest, unix::AsyncFd};

/// A timer of the kernel, which tokio waits for as for a socket.
#[derive(Debug)]
pub(super) struct Timer {
    descriptor: AsyncFd<OwnedFd>,
}

impl Timer {
    /// # Errors
    /// When the kernel gives none. To be called within a runtime.
    pub(super) fn new() -> Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).context("make a timer")?;
        #[expect(deprecated, reason = "its replacement is unsafe; an owned descriptor is what it asks for")]
        let descriptor = AsyncFd::with_interest(timer, Interest::READABLE).context("register a timer")?;
        Ok(Self { descriptor })
    }

    /// Waits until `moment`; not at all if it has passed.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) async fn wait_until(&self, moment: Instant) -> Result<()> {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: left.try_into().context("a wait beyond what the kernel counts")?,
        };
        timerfd_settime(self.descriptor.get_ref(), TimerfdTimerFlags::empty(), &once).context("set a timer")?;
        // Not read: each setting is an event of its own.
        self.descriptor.readable().await.context("wait for a timer")?.clear_ready();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn no_wait_ends_early_and_each_ends() {
        let timer = Timer::new().unwrap();
        for micros in [0, 50, 700, 50, 3_000] {
            let due = Instant::now() + Duration::from_micros(micros);
            timer.wait_until(due).await.unwrap();
            assert!(Instant::now() >= due);
        }
    }
}
