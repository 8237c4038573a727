//! A timer that is exact to microseconds; that of tokio counts whole milliseconds.

use std::{io, os::fd::OwnedFd, time::Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::{Interest, unix::AsyncFd};

/// A timer of the kernel, which tokio waits for as for a socket.
#[derive(Debug)]
pub struct ExactTimer {
    descriptor: AsyncFd<OwnedFd>,
}

impl ExactTimer {
    /// # Errors
    /// When the kernel gives none. To be called within a runtime.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(deprecated, reason = "its replacement is unsafe; an owned descriptor is what it asks for")]
        let descriptor = AsyncFd::with_interest(timer, Interest::READABLE)?;
        Ok(Self { descriptor })
    }

    /// Waits until `moment`; not at all if it has passed. It can be dropped and begun anew.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn wait_until(&self, moment: Instant) -> io::Result<()> {
        loop {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let it_value = left.try_into().map_err(io::Error::other)?;
            let once = Itimerspec { it_interval: Timespec::default(), it_value };
            timerfd_settime(self.descriptor.get_ref(), TimerfdTimerFlags::empty(), &once)?;
            // Not read: each setting is an event of its own. It may be that of a wait that was dropped, so the time is looked at again.
            self.descriptor.readable().await?.clear_ready();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Future as _, poll_fn},
        pin::pin,
        task::Poll,
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn no_wait_ends_early_and_each_ends() {
        let timer = ExactTimer::new().unwrap();
        for micros in [0, 50, 700, 50, 3_000] {
            let due = Instant::now() + Duration::from_micros(micros);
            timer.wait_until(due).await.unwrap();
            assert!(Instant::now() >= due);
        }
    }

    #[tokio::test]
    async fn a_wait_that_was_dropped_does_not_end_the_next_one() {
        let timer = ExactTimer::new().unwrap();
        {
            let mut dropped = pin!(timer.wait_until(Instant::now() + Duration::from_millis(50)));
            poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context).is_ready())).await;
        }
        // It fires for nobody.
        timer.descriptor.readable().await.unwrap().retain_ready();
        let due = Instant::now() + Duration::from_millis(20);
        timer.wait_until(due).await.unwrap();
        assert!(Instant::now() >= due);
    }
}
