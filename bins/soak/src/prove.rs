//! Runs that must find something, because a mistake is planted in the nodes: without them, a clean run would show nothing.

use anyhow::{Context, Result};

use crate::{
    Report,
    cluster::Setup,
    redis::Topology,
    run::{Options, run},
    trouble::Kind,
};

/// A planted mistake, and what brings it to light.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    /// Its name, as `cache.planted_mistakes` has it.
    pub mistake: &'static str,
    /// Troubles under which it shows.
    pub faults: &'static [Kind],
    /// How Redis has to be set up for that.
    pub topology: Topology,
    /// Whether every run of a minute finds it. Of the others most are covered by something else that has to fail too.
    pub is_certain: bool,
}

const fn proof(mistake: &'static str, faults: &'static [Kind], is_certain: bool) -> Proof {
    Proof { mistake, faults, topology: Topology::Standalone, is_certain }
}

impl Proof {
    /// All mistakes that can be seen from outside.
    pub const ALL: [Self; 9] = [
        proof("NoBound", &[Kind::Isolate], true),
        proof("NoFloors", &[Kind::Relay, Kind::Hold], true),
        proof("JoinAnyFlight", &[Kind::Latency], false),
        Self { topology: Topology::Sentinel, ..proof("AnyServer", &[Kind::Failover], false) },
        proof("NoBypass", &[Kind::Hold, Kind::Relay], false),
        proof("NoFence", &[Kind::Truncate, Kind::Latency], false),
        proof("NoGapDetection", &[Kind::Hold, Kind::Flush], false),
        proof("FenceBeforeL2", &[Kind::Latency], false),
        proof("TagsNotedAfterLoad", &[Kind::Latency], false),
    ];

    /// Those for these mistakes; for none named, those that are certain.
    ///
    /// # Errors
    /// Names the one that is not known.
    pub fn named(mistakes: &[String]) -> Result<Vec<Self>> {
        if mistakes.is_empty() {
            return Ok(Self::ALL.into_iter().filter(|proof| proof.is_certain).collect());
        }
        let known = |name: &str| Self::ALL.into_iter().find(|proof| proof.mistake == name);
        mistakes.iter().map(|name| known(name).with_context(|| format!("no run is known to find {name:?}"))).collect()
    }
}

/// Runs with the mistake planted.
///
/// # Errors
/// As [`run`]; also when the nodes were built without the feature `planted-mistakes`.
pub async fn prove(proof: &Proof, options: &Options) -> Result<Report> {
    // With one relay, its death is felt.
    let mut setup = Setup { relays: 1, topology: proof.topology, ..options.setup.clone() };
    setup.settings.push(planted(proof.mistake));
    run(&Options { setup, faults: proof.faults.to_vec(), ..options.clone() }).await
}

/// What plants a mistake in a node.
#[must_use]
pub fn planted(mistake: &str) -> (String, String) {
    ("LARDER__CACHE__PLANTED_MISTAKES".to_owned(), mistake.to_owned())
}
