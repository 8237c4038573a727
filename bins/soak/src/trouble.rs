//! What can go wrong in a run, and how a command line asks for it.

use std::{fmt, str::FromStr, time::Duration};

use anyhow::{Result, bail};
use larder_test_support::{Direction, Fault};

/// A sort of trouble that a run can be asked to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described by the trouble that it stands for")]
pub enum Kind {
    Latency,
    Hold,
    Drop,
    HalfOpen,
    Refuse,
    Cut,
    Isolate,
    Node,
    Relay,
    Redis,
    Hang,
    Failover,
    Flush,
    Postgres,
    Truncate,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Latency,
        Self::Hold,
        Self::Drop,
        Self::HalfOpen,
        Self::Refuse,
        Self::Cut,
        Self::Isolate,
        Self::Node,
        Self::Relay,
        Self::Redis,
        Self::Hang,
        Self::Failover,
        Self::Flush,
        Self::Postgres,
        Self::Truncate,
    ];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Hold => "hold",
            Self::Drop => "drop",
            Self::HalfOpen => "half-open",
            Self::Refuse => "refuse",
            Self::Cut => "cut",
            Self::Isolate => "isolate",
            Self::Node => "node",
            Self::Relay => "relay",
            Self::Redis => "redis",
            Self::Hang => "hang",
            Self::Failover => "failover",
            Self::Flush => "flush",
            Self::Postgres => "postgres",
            Self::Truncate => "truncate",
        }
    }
}

/// The name of skewed clocks on the command line.
const SKEW: &str = "skew";

/// What may go wrong in a run: `all`, `none`, or names with commas between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// What comes and goes.
    pub kinds: Vec<Kind>,
    /// Whether clocks of nodes are wrong from beginning to end.
    pub skewed_clocks: bool,
}

impl FromStr for Faults {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let kind = |name: &str| match Kind::ALL.into_iter().find(|kind| kind.name() == name) {
            Some(kind) => Ok(kind),
            None => bail!("no fault is called {name:?}; there are {SKEW}, {}", Kind::ALL.map(Kind::name).join(", ")),
        };
        let names: Vec<&str> = match text {
            "none" => Vec::new(),
            "all" => Kind::ALL.map(Kind::name).into_iter().chain([SKEW]).collect(),
            names => names.split(',').collect(),
        };
        let kinds = names.iter().filter(|name| **name != SKEW).map(|name| kind(name)).collect::<Result<_>>()?;
        Ok(Self { kinds, skewed_clocks: names.contains(&SKEW) })
    }
}

/// A server that every node has a link to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Server {
    Postgres,
    Redis,
}

/// What is wrong with one link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Bytes come this much later, in each direction.
    Slow(Duration),
    /// A partition that heals: bytes wait.
    Held,
    /// Bytes vanish.
    BlackHole,
    /// Requests vanish, answers arrive.
    DeafToRequests,
    /// Requests arrive, answers vanish.
    DeafToAnswers,
    /// No new connection.
    Refused,
    /// No connection.
    Cut,
}

impl Link {
    /// The same as the proxy has it.
    #[must_use]
    pub fn fault(self) -> Fault {
        match self {
            Self::Slow(by) => Fault::Latency(by),
            Self::Held => Fault::Hold,
            Self::BlackHole => Fault::Drop,
            Self::DeafToRequests => Fault::HalfOpen(Direction::ToServer),
            Self::DeafToAnswers => Fault::HalfOpen(Direction::ToClient),
            Self::Refused => Fault::Refuse,
            Self::Cut => Fault::Cut,
        }
    }
}

/// One thing that goes wrong; nodes are numbered from 0, and relays after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The link of a node, or of a relay, to a server.
    Link {
        /// Whose.
        process: usize,
        /// To what.
        server: Server,
        /// What is wrong with it.
        link: Link,
    },
    /// A node, or a relay, reaches no server at all: bytes wait.
    Isolated {
        /// Which.
        process: usize,
    },
    /// A node dies by SIGKILL, and is started again at the end.
    NodeKilled {
        /// Which.
        process: usize,
    },
    /// A relay dies by SIGKILL, and is started again at the end.
    RelayKilled {
        /// Which.
        process: usize,
    },
    /// Redis (of two, the master) dies by SIGKILL, and is started again at the end, empty, on its port.
    RedisKilled,
    /// Redis (of two, the master) stands still and goes on at the end, as if no time had passed: by then another may be the master.
    RedisHung,
    /// The master dies by SIGKILL, the replica takes its place, and the dead one comes back as its replica.
    RedisFailedOver,
    /// Everything in Redis is gone at once.
    RedisFlushed,
    /// PostgreSQL is restarted as an operator would: all connections are closed, nothing is lost.
    PostgresRestarted,
    /// TRUNCATE, and at the end everything is inserted again under the ids it had.
    Truncated,
}

/// What a trouble befalls; it can befall it once at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Target {
    Link(usize, Server),
    Process(usize),
    Server(Server),
}

impl Trouble {
    /// What it befalls.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        match self {
            Self::Link { process, server, .. } => vec![Target::Link(*process, *server)],
            Self::Isolated { process } => [Server::Postgres, Server::Redis].map(|to| Target::Link(*process, to)).into(),
            Self::NodeKilled { process } | Self::RelayKilled { process } => vec![Target::Process(*process)],
            Self::RedisKilled | Self::RedisHung | Self::RedisFailedOver | Self::RedisFlushed => {
                vec![Target::Server(Server::Redis)]
            }
            Self::PostgresRestarted | Self::Truncated => vec![Target::Server(Server::Postgres)],
        }
    }

    /// Whether it is over as soon as it happened.
    #[must_use]
    pub fn is_momentary(&self) -> bool {
        matches!(self, Self::RedisFlushed | Self::PostgresRestarted)
    }

    /// What sort it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Link { link, .. } => match link {
                Link::Slow(_) => Kind::Latency,
                Link::Held => Kind::Hold,
                Link::BlackHole => Kind::Drop,
                Link::DeafToRequests | Link::DeafToAnswers => Kind::HalfOpen,
                Link::Refused => Kind::Refuse,
                Link::Cut => Kind::Cut,
            },
            Self::Isolated { .. } => Kind::Isolate,
            Self::NodeKilled { .. } => Kind::Node,
            Self::RelayKilled { .. } => Kind::Relay,
            Self::RedisKilled => Kind::Redis,
            Self::RedisHung => Kind::Hang,
            Self::RedisFailedOver => Kind::Failover,
            Self::RedisFlushed => Kind::Flush,
            Self::PostgresRestarted => Kind::Postgres,
            Self::Truncated => Kind::Truncate,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { process, server, link } => write!(f, "process {process} to {server:?}: {link:?}"),
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_chosen_by_name() {
        let chosen = |text: &str| text.parse::<Faults>().map(|faults| (faults.kinds, faults.skewed_clocks));
        assert_eq!(chosen("all").unwrap(), (Kind::ALL.to_vec(), true));
        assert_eq!(chosen("none").unwrap(), (Vec::new(), false));
        assert_eq!(chosen("cut,half-open").unwrap(), (vec![Kind::Cut, Kind::HalfOpen], false));
        assert_eq!(chosen("skew,cut").unwrap(), (vec![Kind::Cut], true));
        assert!(chosen("cut,frogs").unwrap_err().to_string().contains("frogs"));
    }
}
