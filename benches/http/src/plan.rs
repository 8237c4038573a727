//! The plan as data: which systems, which scenes, how long; nothing else decides what is measured.

use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::load::{Asked, Keys, Traffic};

/// Products in the database.
pub(crate) const PRODUCTS: u32 = 10_000;

/// Connections of the load generator, unless a scene says otherwise.
pub(crate) const CONNECTIONS: u32 = 64;

/// Exponent of the skewed traffic: that of YCSB, where the hottest tenth of 10,000 keys gets three quarters of the requests.
pub(crate) const ZIPF_EXPONENT: f64 = 0.99;

/// Seed of the traffic: each system is asked for the same keys in the same order.
pub(crate) const SEED: u64 = 6;

/// Something that answers requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum System {
    /// Larder, `levels=none`.
    Uncached,
    /// Larder, `levels=l2`.
    L2,
    /// Larder, `levels=l1`.
    L1,
    /// Larder, `levels=two-level`.
    TwoLevel,
    /// actix-web answering constant bytes.
    Bare,
    /// The same inside Larder's middleware, with Larder's headers.
    Middleware,
    /// The tuned recipe without a cache.
    TunedPlain,
    /// The tuned recipe with Redis.
    TunedRedis,
    /// The tuned recipe with a dict in front of Redis.
    TunedTwoLevel,
    /// The recipe as articles write it, without a cache.
    ArticlePlain,
    /// The recipe as articles write it, with Redis.
    ArticleRedis,
    /// The recipe as articles write it, with a dict in front of Redis.
    ArticleTwoLevel,
    /// nginx with `proxy_cache` in front of an uncached Larder.
    Nginx,
    /// Larder, `levels=none`, its database 2 ms away.
    FarUncached,
    /// Larder, `levels=two-level`, its database 2 ms away.
    FarTwoLevel,
}

impl System {
    /// Its name in tables.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Uncached => "Larder, no cache",
            Self::L2 => "Larder, Redis",
            Self::L1 => "Larder, memory",
            Self::TwoLevel => "Larder, two levels",
            Self::Bare => "actix-web, constant bytes",
            Self::Middleware => "the same in Larder's middleware",
            Self::TunedPlain => "FastAPI tuned, no cache",
            Self::TunedRedis => "FastAPI tuned, Redis",
            Self::TunedTwoLevel => "FastAPI tuned, two levels",
            Self::ArticlePlain => "FastAPI as in articles, no cache",
            Self::ArticleRedis => "FastAPI as in articles, Redis",
            Self::ArticleTwoLevel => "FastAPI as in articles, two levels",
            Self::Nginx => "nginx proxy_cache",
            Self::FarUncached => "Larder, no cache, database 2 ms away",
            Self::FarTwoLevel => "Larder, two levels, database 2 ms away",
        }
    }

    /// The round trip between it and its database beyond that of the machine itself.
    pub(crate) fn database_round_trip(self) -> Duration {
        match self {
            Self::FarUncached | Self::FarTwoLevel => Duration::from_millis(2),
            _ => Duration::ZERO,
        }
    }
}

/// Systems under one load, one after the other, round by round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turns {
    /// Its name on the command line and in the results.
    pub(crate) name: &'static str,
    /// What is asked, in words.
    pub(crate) title: &'static str,
    pub(crate) keys: Keys,
    pub(crate) asked: Asked,
    pub(crate) writes_percent: u8,
    pub(crate) systems: &'static [System],
}

impl Turns {
    /// The traffic of this scene.
    pub(crate) fn traffic(&self) -> Traffic {
        traffic(self.keys, self.asked, self.writes_percent)
    }
}

/// Traffic over all products.
pub(crate) fn traffic(keys: Keys, asked: Asked, writes_percent: u8) -> Traffic {
    let products = u64::from(PRODUCTS);
    Traffic { keys, products, asked, writes_percent, seed: SEED, stream: 0, prepared_at_least: 0 }
}

/// The skewed traffic.
pub(crate) const ZIPF: Keys = Keys::Zipf { exponent: ZIPF_EXPONENT };

use System::{
    ArticlePlain, ArticleRedis, ArticleTwoLevel, Bare, FarTwoLevel, FarUncached, L1, L2, Middleware, Nginx, TunedPlain,
    TunedRedis, TunedTwoLevel, TwoLevel, Uncached,
};

const READ: Turns = Turns { name: "", title: "", keys: ZIPF, asked: Asked::Product, writes_percent: 0, systems: &[] };

/// The closed loops.
pub(crate) const TURNS: [Turns; 7] = [
    Turns {
        name: "zipf",
        title: "one product, zipf",
        systems: &[
            Bare,
            Middleware,
            L1,
            TwoLevel,
            L2,
            Uncached,
            Nginx,
            TunedTwoLevel,
            TunedRedis,
            TunedPlain,
            ArticleTwoLevel,
            ArticleRedis,
            ArticlePlain,
        ],
        ..READ
    },
    Turns {
        name: "uniform",
        title: "one product, uniform",
        keys: Keys::Uniform,
        systems: &[TwoLevel, L2, Uncached, TunedTwoLevel],
        ..READ
    },
    Turns {
        name: "one-key",
        title: "one product, always the same",
        keys: Keys::One,
        systems: &[Bare, Middleware, TwoLevel, L2, Nginx, TunedTwoLevel],
        ..READ
    },
    Turns {
        name: "writes",
        title: "one product, zipf, 5 % writes",
        writes_percent: 5,
        systems: &[TwoLevel, L2, Uncached, TunedTwoLevel, TunedRedis],
        ..READ
    },
    Turns { name: "page", title: "a page of 20", asked: Asked::Page, systems: &[Bare, TwoLevel, Uncached], ..READ },
    Turns { name: "batch", title: "a batch of 100", asked: Asked::Batch, systems: &[Bare, TwoLevel, Uncached], ..READ },
    Turns { name: "far", title: "one product, zipf, database 2 ms away", systems: &[FarTwoLevel, FarUncached], ..READ },
];

/// Open loops: each system at half of its own peak.
pub(crate) const OWN_HALF: [System; 10] =
    [Uncached, L2, TwoLevel, Nginx, TunedPlain, TunedRedis, TunedTwoLevel, ArticlePlain, ArticleRedis, ArticleTwoLevel];

/// Open loops: at half of the peak of L1 hits, so that the ceilings can be held against it.
pub(crate) const SAME_RATE: [System; 4] = [Bare, Middleware, TwoLevel, Nginx];

/// Systems whose database queries are counted as traffic grows, from a start without views that wait.
pub(crate) const DEMAND: [System; 4] = [Uncached, TwoLevel, TunedTwoLevel, ArticleTwoLevel];

/// Requests a second at which they are.
pub(crate) const DEMAND_RATES: [f64; 4] = [500.0, 1_000.0, 2_000.0, 8_000.0];

/// Parts of the data that fit into L1, in percent.
pub(crate) const L1_PERCENT: [u64; 6] = [1, 3, 10, 30, 60, 100];

/// Turns of which the median is a system's peak.
pub(crate) const PEAK_TURNS: u32 = 3;

/// The shortest turn of an open loop.
pub(crate) const OPEN_TURN: Duration = Duration::from_secs(5);

/// Of the requests of an open loop, those that its driver may send late before the turn tells nothing of the server.
pub(crate) const MAX_LATE: f64 = 0.01;

/// How long a turn of the steady state is: views become writes each 45 seconds, and that has to be in it.
pub(crate) const STEADY: Duration = Duration::from_secs(46);

/// Products of the scene about memory.
pub(crate) const MEMORY_PRODUCTS: u32 = 1_000_000;

/// The same where nothing is measured.
pub(crate) const MEMORY_PRODUCTS_QUICK: u32 = 20_000;

/// What can be asked for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scene {
    Zipf,
    Uniform,
    OneKey,
    Writes,
    Page,
    Batch,
    Far,
    /// Open loops.
    Latency,
    /// Database queries in the steady state.
    Steady,
    /// Database queries against traffic.
    Demand,
    /// Hit ratio against the size of L1.
    HitRatio,
    /// Redis killed under load.
    RedisLost,
    /// From start to ready.
    Start,
    /// Memory with a million products.
    Memory,
}

impl Scene {
    /// The closed loop of this name, if it is one.
    pub(crate) fn turns(self) -> Option<&'static Turns> {
        let value = self.to_possible_value()?;
        TURNS.iter().find(|turns| turns.name == value.get_name())
    }
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Effort {
    pub(crate) rounds: u32,
    /// Of one turn.
    pub(crate) seconds: f64,
    /// Before each turn, unmeasured.
    pub(crate) run_in_seconds: f64,
    pub(crate) connections: u32,
    /// Of each server.
    pub(crate) workers: usize,
    /// Of the scene about memory.
    #[serde(default)]
    pub(crate) memory_products: u32,
}

impl Effort {
    pub(crate) fn turn(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    pub(crate) fn run_in(&self) -> Duration {
        Duration::from_secs_f64(self.run_in_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_closed_loop_is_a_scene() {
        let found = Scene::value_variants().iter().filter_map(|scene| scene.turns()).count();
        assert_eq!(found, TURNS.len());
    }
}
