//! How much one client may ask: first of this process, then of the cluster, by grants of several requests at once.
//!
//! # What it promises
//! With the quota of `rate` requests a second and `burst` at once, one process admits at most `burst + rate × t` requests of one client in
//! any span `t`. With a shared limiter that answers, all nodes together admit at most `burst + rate × (t + 1 s)`: a grant counts when it is
//! given, and is used within a second or never. A client that spreads over many nodes may be refused early, by what lies granted
//! and unused: at most a tenth of the burst, and a fifth of a second of the rate, for each node. While the shared limiter does not answer, each
//! node counts alone.

use std::{fmt, hash::Hash, net::IpAddr, sync::Arc, time::Duration};

use super::{
    accounts::{Account, Accounts},
    clock::{Clock, Nanos},
    gcra::{Quota, Room},
    shared::{Cluster, Grant, SharedLimiter},
};

/// Clients that owe something at the same time; at 100 requests a second each, some 3 million requests a second.
const PLACES: usize = 32_768;
/// How long a granted cell may be used.
const GRANT_LIFE: Nanos = 1_000_000_000;

/// Whose requests are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    /// The bearer of the token of this name.
    Token(Arc<str>),
    /// Who has no token, by [`counted`](crate::client_address::counted) address.
    Address(IpAddr),
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(name) => write!(f, "t:{name}"),
            Self::Address(address) => write!(f, "a:{address}"),
        }
    }
}

/// Whether a request passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It does, and so much is left.
    Passes(Room),
    /// It does not, for so long.
    Refused(Duration),
}

/// What this process can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opinion {
    Verdict(Verdict),
    /// The process lets it pass; the cluster is to be asked for so many cells.
    Ask {
        cells: u32,
        room: Room,
    },
}

/// Counts requests by client.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    quota: Quota,
    accounts: Accounts<Spent>,
    clock: Clock,
    cluster: Option<Cluster>,
}

/// What one client spent here.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    /// Until when it is paid for, by the quota of the process.
    due: Nanos,
    /// What the cluster granted and was not used, until when it can be, how much was asked for, and what the cluster had left then.
    granted: u32,
    granted_until: Nanos,
    asked: u32,
    left: u32,
    /// Until when the cluster has nothing.
    refused_until: Nanos,
}

impl Account for Spent {
    fn settled_at(&self) -> Nanos {
        self.due.max(self.granted_until).max(self.refused_until)
    }
}

impl RateLimiter {
    /// Counts with others if there is a shared limiter, which is waited for no longer than `deadline`.
    pub(crate) fn new(quota: Quota, shared: Option<Arc<dyn SharedLimiter>>, deadline: Duration) -> Self {
        let clock = Clock::start();
        let cluster = shared.map(|shared| Cluster::new(shared, clock, deadline));
        Self { quota, accounts: Accounts::new(PLACES), clock, cluster }
    }

    /// What this process says to one more request of `client`; waits for nobody.
    pub(crate) fn weigh(&self, client: &Client) -> Opinion {
        let now = self.clock.now();
        self.accounts.with(client, now, |spent| self.spend(spent, now))
    }

    fn spend(&self, spent: &mut Spent, now: Nanos) -> Opinion {
        if spent.refused_until > now {
            return Opinion::Verdict(Verdict::Refused(Duration::from_nanos(spent.refused_until - now)));
        }
        let room = match self.quota.take(&mut spent.due, now) {
            Ok(room) => room,
            Err(wait) => return Opinion::Verdict(Verdict::Refused(wait)),
        };
        if self.cluster.is_none() {
            return Opinion::Verdict(Verdict::Passes(room));
        }
        let is_alive = spent.granted_until > now;
        if is_alive && spent.granted > 0 {
            spent.granted -= 1;
            let cells = room.cells.min(spent.left.saturating_add(spent.granted));
            return Opinion::Verdict(Verdict::Passes(Room { cells, ..room }));
        }
        // Who used up a grant within its life gets twice as much, who did not begins anew.
        spent.asked = if is_alive { (2 * spent.asked).min(self.largest_grant()) } else { 1 };
        Opinion::Ask { cells: spent.asked, room }
    }

    /// What the cluster says; the process' own word, with `room`, if it says nothing in time.
    pub(crate) async fn ask(&self, client: &Client, cells: u32, room: Room) -> Verdict {
        let Some(cluster) = &self.cluster else { return Verdict::Passes(room) };
        let Some(grant) = cluster.take(&client.to_string(), cells).await else { return Verdict::Passes(room) };
        let now = self.clock.now();
        self.accounts.with(client, now, |spent| spent.book(grant, now));
        if grant.cells == 0 {
            return Verdict::Refused(grant.wait);
        }
        Verdict::Passes(Room { cells: room.cells.min(grant.left.saturating_add(grant.cells - 1)), ..room })
    }

    /// A tenth of the burst, or what a fifth of a second brings, but at least one.
    fn largest_grant(&self) -> u32 {
        let fifth = Duration::from_millis(200).as_nanos() / self.quota.interval().as_nanos().max(1);
        (self.quota.burst() / 10).min(u32::try_from(fifth).unwrap_or(u32::MAX)).max(1)
    }
}

impl Spent {
    fn book(&mut self, grant: Grant, now: Nanos) {
        if grant.cells == 0 {
            self.refused_until = now + u64::try_from(grant.wait.as_nanos()).unwrap_or(u64::MAX >> 1);
            return;
        }
        let unused = if self.granted_until > now { self.granted } else { 0 };
        // The request that asked takes one at once. What another one was granted meanwhile keeps its own, shorter life only if it is alone.
        self.granted = unused.saturating_add(grant.cells - 1);
        self.granted_until = if unused > 0 { self.granted_until } else { now + GRANT_LIFE };
        self.left = grant.left;
    }
}

#[cfg(test)]
mod tests;
