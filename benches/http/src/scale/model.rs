//! The capacity model of docs/scaling.md: from what one of each costs to nodes, shards of Redis and cores of PostgreSQL.

mod popularity;

pub(super) use self::popularity::Popularity;
use super::figures::{Cost, Figures};

/// Requests a second for which the model is asked.
pub(super) const RATES: [f64; 4] = [1e4, 1e5, 1e6, 1e7];

/// Products in the catalogue.
pub(super) const CATALOGUE: u64 = 1_000_000;

/// Of all requests, those that write.
pub(super) const WRITES: f64 = 0.001;

/// Cores of a node, and of the largest database that is thought of.
pub(super) const NODE_CORES: f64 = 8.0;
pub(super) const DATABASE_CORES: f64 = 64.0;

/// How busy a core may be on average: beyond, queues grow.
pub(super) const BUSY: f64 = 0.6;

/// What products get of the capacity of L1; lists and totals have the rest.
pub(super) const SHARE_PERCENT: u64 = 80;

/// `cache.ttl_ms`, in seconds.
const LIFE: f64 = 600.0;

/// A tail of the outbox asks at most once in 5 ms, however many changes there are.
const POLLS: f64 = 200.0;

/// More nodes than anybody runs: what needs more has no answer.
const MOST_NODES: u64 = 4_096;

/// What is measured, or read from the page.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Inputs {
    /// A request that L1 answers; one that L2 answers; one that is loaded.
    pub(super) l1: Cost,
    pub(super) l2: Cost,
    pub(super) load: Cost,
    /// A write on the node that takes it, and what it costs for each other node if it comes alone.
    pub(super) write: Cost,
    pub(super) heard: Cost,
    /// A product whose views are added to the database, and what that costs for each other node, where it comes with many others.
    pub(super) viewed: Cost,
    pub(super) viewed_heard: Cost,
    /// A node for a second in which nobody asks.
    pub(super) idle: Cost,
    /// Bytes of one product in L1.
    pub(super) entry_bytes: f64,
}

/// How the nodes are configured, and what is asked of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) l1_bytes: f64,
    /// `views.drain_ms`, in seconds; none if views are off.
    pub(super) drain_seconds: Option<f64>,
    pub(super) exponent: f64,
}

const MIB: f64 = 1_048_576.0;

/// What the page shows.
pub(super) const SETTINGS: [Setting; 4] = [
    Setting { name: "as it comes", l1_bytes: 256.0 * MIB, drain_seconds: Some(45.0), exponent: 0.99 },
    Setting {
        name: "L1 of 4 GiB, views each 10 minutes",
        l1_bytes: 4_096.0 * MIB,
        drain_seconds: Some(600.0),
        exponent: 0.99,
    },
    Setting { name: "L1 of 4 GiB, views off", l1_bytes: 4_096.0 * MIB, drain_seconds: None, exponent: 0.99 },
    Setting { name: "as it comes, exponent 0.75", l1_bytes: 256.0 * MIB, drain_seconds: Some(45.0), exponent: 0.75 },
];

/// What is needed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Need {
    pub(super) nodes: u64,
    /// The part of the reads that L1 answers.
    pub(super) l1_hits: f64,
    /// A second.
    pub(super) loads: f64,
    pub(super) viewed: f64,
    pub(super) writes: f64,
    pub(super) commands: f64,
    pub(super) queries: f64,
    /// Cores, busy all the time.
    pub(super) server_cores: f64,
    pub(super) redis_cores: f64,
    pub(super) database_cores: f64,
}

impl Need {
    /// A shard executes commands on one thread.
    pub(super) fn shards(&self) -> f64 {
        (self.redis_cores / BUSY).ceil().max(1.0)
    }

    /// Cores that PostgreSQL has to have.
    pub(super) fn database_size(&self) -> f64 {
        (self.database_cores / BUSY).ceil().max(1.0)
    }

    fn fits(&self) -> bool {
        self.server_cores <= self.nodes as f64 * NODE_CORES * BUSY
    }
}

impl Inputs {
    /// Out of what was measured; none before axes and costs were.
    pub(super) fn of(figures: &Figures) -> Option<Self> {
        let costs = figures.costs?;
        let (alone, most) = (figures.writes.first()?, figures.writes.last()?);
        let others = (most.nodes - alone.nodes).max(1) as f64;
        let more = |most: f64, alone: f64| (most - alone).max(0.0) / others;
        let nodes = most.nodes as f64;
        Some(Self {
            l1: costs.l1,
            l2: costs.l2,
            load: costs.load,
            write: Cost {
                server_micros: alone.writer_micros,
                redis_micros: alone.redis_micros,
                database_micros: alone.database_micros,
                commands: alone.commands,
                queries: alone.queries,
            },
            heard: Cost {
                server_micros: most.others_micros / others,
                redis_micros: more(most.redis_micros, alone.redis_micros),
                database_micros: more(most.database_micros, alone.database_micros),
                commands: more(most.commands, alone.commands),
                queries: more(most.queries, alone.queries),
            },
            viewed: costs.viewed,
            viewed_heard: costs.viewed_heard,
            idle: Cost {
                server_micros: most.idle.server_micros / nodes,
                redis_micros: most.idle.redis_micros / nodes,
                database_micros: most.idle.database_micros / nodes,
                commands: most.idle.commands / nodes,
                queries: most.idle.queries / nodes,
            },
            entry_bytes: costs.entry_bytes,
        })
    }

    /// Rows a second that views can be added to: one node at a time adds them, one batch after the other, each a turn of node, Redis and
    /// PostgreSQL. With all three on free cores a little more; nothing that more nodes change.
    pub(super) fn most_viewed(&self) -> f64 {
        1e6 / (self.viewed.server_micros + self.viewed.redis_micros + self.viewed.database_micros)
    }

    /// The smallest number of nodes that is enough, and what else is needed then; none if no number is.
    pub(super) fn need(&self, setting: &Setting, rate: f64) -> Option<Need> {
        let popularity = Popularity::zipf(CATALOGUE, setting.exponent);
        let time = popularity.characteristic_requests(self.held(setting));
        let with = |nodes: u64| self.with(&popularity, time, setting, rate, nodes);
        let mut high = 1;
        while !with(high).fits() {
            high *= 2;
            if high > MOST_NODES {
                return None;
            }
        }
        let mut low = high / 2;
        while low + 1 < high {
            let middle = u64::midpoint(low, high);
            if with(middle).fits() { high = middle } else { low = middle }
        }
        Some(with(high))
    }

    /// Products that fit into an L1.
    fn held(&self, setting: &Setting) -> f64 {
        setting.l1_bytes * SHARE_PERCENT as f64 / 100.0 / self.entry_bytes
    }

    /// Of so many writes a second, those of which another node hears one by one: as many as its questions are enough for. A tail takes what
    /// there is each time it asks, so the others come together.
    pub(super) fn alone(&self, writes: f64) -> f64 {
        writes.min(POLLS / self.heard.queries.max(1.0))
    }

    fn with(&self, popularity: &Popularity, time: f64, setting: &Setting, rate: f64, nodes: u64) -> Need {
        let flows = Flows::of(popularity, time, setting, rate, nodes as f64);
        let nodes_of = nodes as f64;
        let others = nodes_of - 1.0;
        let writes = rate * WRITES;
        let alone = self.alone(writes);
        let together = writes - alone + flows.viewed;
        let sum = |part: fn(&Cost) -> f64| {
            flows.l1 * part(&self.l1)
                + flows.l2 * part(&self.l2)
                + flows.loads * part(&self.load)
                + writes * part(&self.write)
                + flows.viewed * part(&self.viewed)
                + alone * others * part(&self.heard)
                + together * others * part(&self.viewed_heard)
                + nodes_of * part(&self.idle)
        };
        Need {
            nodes,
            l1_hits: flows.l1 / (flows.l1 + flows.l2 + flows.loads),
            loads: flows.loads,
            viewed: flows.viewed,
            writes,
            commands: sum(|cost| cost.commands),
            queries: sum(|cost| cost.queries),
            server_cores: sum(|cost| cost.server_micros) / 1e6,
            redis_cores: sum(|cost| cost.redis_micros) / 1e6,
            database_cores: sum(|cost| cost.database_micros) / 1e6,
        }
    }
}

/// Where reads end, a second.
struct Flows {
    l1: f64,
    l2: f64,
    loads: f64,
    /// Products whose views are added.
    viewed: f64,
}

impl Flows {
    /// An entry lives until its time is over, its product is written, or its views are added. After that the next read of each node misses in
    /// L1, and the first of all misses in L2: one miss in each span of life and wait, `1 / (life + 1 / rate)`. What L1 has no room for is
    /// missed as often as Che's approximation says.
    fn of(popularity: &Popularity, time: f64, setting: &Setting, rate: f64, nodes: f64) -> Self {
        let reads = rate * (1.0 - WRITES);
        let longest = setting.drain_seconds.map_or(LIFE, |drain| drain.min(LIFE));
        let (mut missed, mut loads, mut viewed) = (0.0, 0.0, 0.0);
        for (count, part) in &popularity.groups {
            let (of_all, of_node) = (reads * part, reads * part / nodes);
            let life = life(longest, rate * WRITES * part);
            let forgotten = nodes / (life + 1.0 / of_node);
            let evicted = of_all * (-part * time).exp();
            missed += count * forgotten.max(evicted);
            loads += count / (life + 1.0 / of_all);
            viewed += setting.drain_seconds.map_or(0.0, |drain| count * -(-of_all * drain).exp_m1() / drain);
        }
        Self { l1: reads - missed, l2: (missed - loads).max(0.0), loads: loads.min(missed), viewed }
    }
}

/// The mean life of what is kept for `longest` at most, and changes `rate` times a second.
fn life(longest: f64, rate: f64) -> f64 {
    if rate * longest < 1e-9 { longest } else { -(-rate * longest).exp_m1() / rate }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(server_micros: f64, redis_micros: f64, database_micros: f64) -> Cost {
        Cost { server_micros, redis_micros, database_micros, commands: 1.0, queries: 1.0 }
    }

    fn inputs() -> Inputs {
        Inputs {
            l1: Cost { server_micros: 10.0, ..Cost::default() },
            l2: cost(40.0, 5.0, 0.0),
            load: cost(100.0, 20.0, 50.0),
            write: cost(200.0, 40.0, 300.0),
            heard: cost(20.0, 2.0, 5.0),
            viewed: cost(30.0, 10.0, 60.0),
            entry_bytes: 1_000.0,
            ..Inputs::default()
        }
    }

    #[test]
    fn a_life_is_cut_short_by_changes() {
        assert!((life(600.0, 0.0) - 600.0).abs() < 1e-9);
        assert!((life(600.0, 1.0) - 1.0).abs() < 1e-9);
        assert!(life(600.0, 0.001) < 600.0);
    }

    #[test]
    fn each_read_ends_somewhere() {
        for setting in &SETTINGS {
            let popularity = Popularity::zipf(CATALOGUE, setting.exponent);
            let time = popularity.characteristic_requests(250_000.0);
            let flows = Flows::of(&popularity, time, setting, 1e5, 4.0);
            let sum = flows.l1 + flows.l2 + flows.loads;
            assert!((sum - 1e5 * (1.0 - WRITES)).abs() < 1.0 && flows.l2 >= 0.0 && flows.l1 >= 0.0, "{sum}");
        }
    }

    #[test]
    fn the_number_of_nodes_is_the_smallest_that_is_enough() {
        let setting = &SETTINGS[1];
        let need = inputs().need(setting, 1e6).unwrap();
        assert!(need.nodes > 1 && need.fits());
        let popularity = Popularity::zipf(CATALOGUE, setting.exponent);
        let time = popularity.characteristic_requests(inputs().held(setting));
        assert!(!inputs().with(&popularity, time, setting, 1e6, need.nodes - 1).fits());
    }

    #[test]
    fn where_hearing_of_changes_is_all_work_no_number_of_nodes_is_enough() {
        let dear = Inputs { viewed_heard: cost(10_000.0, 0.0, 0.0), ..inputs() };
        assert!(dear.need(&SETTINGS[2], 1e4).is_some());
        assert!(dear.need(&SETTINGS[2], 1e7).is_none());
    }

    #[test]
    fn a_tail_asks_no_more_often_than_it_may() {
        let twice = Inputs { heard: Cost { queries: 2.0, ..Cost::default() }, ..Inputs::default() };
        assert_eq!((twice.alone(30.0), twice.alone(5_000.0)), (30.0, POLLS / 2.0));
        assert_eq!(Inputs::default().alone(5_000.0), POLLS);
    }

    #[test]
    fn more_requests_never_need_less() {
        let needs = RATES.map(|rate| inputs().need(&SETTINGS[1], rate).unwrap());
        assert!(needs.windows(2).all(|pair| pair[0].nodes <= pair[1].nodes && pair[0].loads <= pair[1].loads));
    }
}
