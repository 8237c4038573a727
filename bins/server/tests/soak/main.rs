//! A short slice of the soak with a fixed seed: three real nodes, a few faults, and nothing that the checker minds.

use std::{path::PathBuf, time::Duration};

use larder_soak::{Options, Report, Setup, Topology, trouble::Kind};

/// In 18 s it kills a node, the relay and Redis, flushes Redis, truncates the table, and troubles links of all nodes.
const SEED: u64 = 22;

/// Debug builds on a busy machine: gentle, and short.
fn slice(length: Duration, faults: &[Kind], settings: &[(&str, &str)]) -> Options {
    let setup = Setup {
        larder: PathBuf::from(env!("CARGO_BIN_EXE_larder")),
        nodes: 3,
        relays: 1,
        topology: Topology::Standalone,
        products: 500,
        skewed_clocks: false,
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        logs: None,
    };
    let (reads_per_second, writes_per_second, bound) = (600, 40, Duration::from_secs(1));
    Options { setup, length, faults: faults.to_vec(), seed: SEED, reads_per_second, writes_per_second, bound }
}

async fn run(options: Options) -> Report {
    let report = larder_soak::run(&options).await.expect("runs");
    // A run that hardly asked has shown nothing.
    assert!(report.tally.reads > 100 * report.seconds && report.tally.writes > report.seconds, "{report}");
    report
}

async fn assert_clean(options: Options) -> Report {
    let report = run(options).await;
    assert_eq!(report.tally.violations(), 0, "{report}\n{:#?}", report.told);
    report
}

/// One after the other in one test, so that they do not slow each other down.
#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_answer_within_the_bound_under_faults() {
    // The control: what is found without caches would be a mistake of the checker.
    let without_caches = [("LARDER__CACHE__LEVELS", "none"), ("LARDER__CACHE__RELAY", "true")];
    let control = Setup { relays: 0, ..slice(Duration::ZERO, &[], &without_caches).setup };
    assert_clean(Options { setup: control, ..slice(Duration::from_secs(6), &[Kind::Truncate, Kind::Cut], &[]) }).await;
    let report = assert_clean(slice(Duration::from_secs(18), &Kind::ALL, &[])).await;
    assert!(report.faults > 3, "{report}");
    // The same checker finds a node that believes its memory however long it heard nothing.
    #[cfg(feature = "planted-mistakes")]
    {
        let planted = [("LARDER__CACHE__PLANTED_MISTAKES", "NoBound")];
        let report = run(slice(Duration::from_secs(10), &[Kind::Isolate], &planted)).await;
        assert!(report.tally.stale > 0, "{report}");
    }
}
