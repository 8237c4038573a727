//! How often one address may send tokens that nobody knows.

use std::{net::IpAddr, time::Duration};

use super::{
    accounts::{Account, Accounts},
    clock::{Clock, Nanos},
    gcra::Quota,
};

/// Addresses that guess at the same time.
const PLACES: usize = 8_192;

/// Counts failed tokens by [`counted`](crate::client_address::counted) address, in this process.
#[derive(Debug)]
pub(crate) struct FailureLimiter {
    quota: Quota,
    accounts: Accounts<Failed>,
    clock: Clock,
}

/// Until when the failures of one address are paid for.
#[derive(Debug, Clone, Copy, Default)]
struct Failed(Nanos);

impl Account for Failed {
    fn settled_at(&self) -> Nanos {
        self.0
    }
}

impl FailureLimiter {
    pub(crate) fn new(quota: Quota) -> Self {
        Self { quota, accounts: Accounts::new(PLACES), clock: Clock::start() }
    }

    /// How long `address` has to wait before it may fail once more; `None` if it may now.
    pub(crate) fn blocks(&self, address: IpAddr) -> Option<Duration> {
        let now = self.clock.now();
        let Failed(mut due) = self.accounts.get(&address, now);
        self.quota.take(&mut due, now).err()
    }

    /// Counts one failure of `address`.
    pub(crate) fn count(&self, address: IpAddr) {
        let now = self.clock.now();
        // One too many, because several came at once, costs nothing more: the address is blocked as it is.
        self.accounts.with(&address, now, |failed| self.quota.take(&mut failed.0, now).map_or((), drop));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_blocked_by_its_own_failures_only() {
        let limiter = FailureLimiter::new(Quota::new(1, Duration::from_mins(1), 2));
        let [bad, good] = [[7, 7, 7, 7], [8, 8, 8, 8]].map(IpAddr::from);
        for _ in 0..2 {
            assert_eq!(limiter.blocks(bad), None);
            limiter.count(bad);
        }
        assert!(limiter.blocks(bad).is_some_and(|wait| wait > Duration::from_secs(59)));
        limiter.count(bad);
        assert!(limiter.blocks(bad).is_some_and(|wait| wait <= Duration::from_mins(1)), "no failure is charged twice");
        assert_eq!(limiter.blocks(good), None);
    }
}
