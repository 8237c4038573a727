//! One run from start to report.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use fastrand::Rng;
use tokio::{task::JoinSet, time};

use crate::{
    cluster::{Cluster, Setup},
    loads::Loads,
    plan::{self, Cast},
    quiet, readers,
    redis::Topology,
    report::Report,
    scene::Scene,
    sessions::Session,
    sql, storm,
    trouble::Kind,
    weather::ALLOWANCE,
    writers,
};

/// Readers with a connection of their own, for each node.
const READERS: u32 = 12;

const HTTP_WRITERS: u32 = 3;
const SQL_WRITERS: u32 = 2;
const SESSIONS: usize = 3;

/// Between two lives of a session's product.
const SESSION_PAUSE: Duration = Duration::from_millis(100);

/// Between two lines about how it goes.
const PROGRESS: Duration = Duration::from_secs(10);

/// What a run is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// What runs.
    pub setup: Setup,
    /// How long, quiet points included.
    pub length: Duration,
    /// What may go wrong.
    pub faults: Vec<Kind>,
    /// Decides what goes wrong when, and what each worker asks for.
    pub seed: u64,
    /// Over all nodes; at least this many are tried.
    pub reads_per_second: u32,
    /// Over HTTP and SQL, each half; sessions write besides.
    pub writes_per_second: u32,
    /// How old an answer may be.
    pub bound: Duration,
}

/// Starts servers and nodes, lets everybody at them, and reports what the checker found.
///
/// # Errors
/// When something that is not a violation goes wrong: a server or a node does not start, or does not come back.
pub async fn run(options: &Options) -> Result<Report> {
    eprintln!("seed {}, allowance {} s after a fault of a node's database", options.seed, ALLOWANCE.as_secs());
    let cluster = Cluster::start(&options.setup).await?;
    let scene = Arc::new(Scene::set(cluster, options.bound).await?);
    let loads = Arc::new(Loads::new(options.setup.nodes));
    let began = Instant::now();
    let mut workers = start_workers(&scene, options);
    workers.spawn(report_progress(Arc::clone(&scene), Arc::clone(&loads)));
    let Setup { nodes, relays, topology, .. } = options.setup;
    let cast = Cast { nodes, relays, has_replica: topology == Topology::Sentinel };
    let rounds = plan::draw(options.seed, options.length, cast, &options.faults);
    for round in &rounds {
        storm::rage(&scene, round).await?;
        quiet::compare(&scene, options.bound).await?;
    }
    let seconds = began.elapsed().as_secs();
    workers.shutdown().await;
    loads.read(&scene).await;
    let faults = rounds.iter().map(|round| round.events.len()).sum();
    let checker = scene.checker();
    Ok(Report {
        seed: options.seed,
        nodes,
        seconds,
        faults,
        loads: loads.total(),
        tally: checker.tally,
        told: checker.told.clone(),
    })
}

/// Every worker has choices of its own, out of the seed.
fn start_workers(scene: &Arc<Scene>, options: &Options) -> JoinSet<()> {
    let mut rng = Rng::with_seed(options.seed);
    let mut workers = JoinSet::new();
    let readers = READERS * u32::try_from(options.setup.nodes).unwrap_or(1);
    let period = Duration::from_secs(readers.into()) / options.reads_per_second.max(1);
    for node in 0..options.setup.nodes {
        for _ in 0..READERS {
            workers.spawn(readers::read(Arc::clone(scene), node, period, rng.fork()));
        }
    }
    let half = (options.writes_per_second / 2).max(1);
    for _ in 0..HTTP_WRITERS {
        let period = Duration::from_secs(HTTP_WRITERS.into()) / half;
        workers.spawn(writers::write(Arc::clone(scene), period, rng.fork()));
    }
    for _ in 0..SQL_WRITERS {
        let period = Duration::from_secs(SQL_WRITERS.into()) / half;
        workers.spawn(sql::write(Arc::clone(scene), period, rng.fork()));
    }
    for number in 0..SESSIONS {
        workers.spawn(Session::new(Arc::clone(scene), number, rng.fork()).live(SESSION_PAUSE));
    }
    workers
}

async fn report_progress(scene: Arc<Scene>, loads: Arc<Loads>) {
    let mut ticks = time::interval(PROGRESS);
    loop {
        ticks.tick().await;
        loads.read(&scene).await;
        let (now, tally) = (scene.now().as_secs_f64(), scene.checker().tally);
        eprintln!(
            "{now:7.1}s {} reads, {} writes, {} marked, {} excused, {} violations, max lag {} ms",
            tally.reads,
            tally.writes,
            tally.marked,
            tally.excused,
            tally.violations(),
            tally.max_lag.as_millis()
        );
    }
}
