//! What was measured, kept as JSON.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{counts::Counts, made::Made};
use crate::{kept, results::Turn};

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Axis {
    /// Products in the database.
    Products,
    /// The part of the products that fits into L1.
    L1,
    /// Nodes on one Redis and one PostgreSQL.
    Nodes,
    /// Connections of clients.
    Connections,
    /// Bytes of a product.
    Values,
    /// Nothing grows: what one request, one write and one viewed product cost.
    Costs,
}

/// All figures; a run of some axes replaces these.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Figures {
    /// How each axis was measured.
    pub(super) made: BTreeMap<Axis, Made>,
    pub(super) axes: BTreeMap<Axis, Vec<Series>>,
    /// With one node, two, and so on.
    pub(super) writes: Vec<Writes>,
    pub(super) costs: Option<Costs>,
}

/// One system in one traffic, as the work grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
}

/// One turn; several nodes are summed up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) step: String,
    pub(super) turn: Turn,
    /// Bytes that the clients read, heads included.
    pub(super) bytes: u64,
    pub(super) counts: Counts,
    /// Of L1; both 0 if there is none.
    pub(super) hits: u64,
    pub(super) misses: u64,
    /// Products in L1 at the end.
    pub(super) held: u64,
}

/// Writes at a fixed rate on the first of some nodes, nothing else going on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Writes {
    pub(super) nodes: usize,
    /// The rate.
    pub(super) per_second: f64,
    pub(super) writes: u64,
    pub(super) failed: u64,
    /// Of the node that writes, of all others together, and so on; without what they cost idle.
    pub(super) writer_micros: f64,
    pub(super) others_micros: f64,
    pub(super) redis_micros: f64,
    pub(super) database_micros: f64,
    pub(super) commands: f64,
    pub(super) queries: f64,
    /// What all nodes together cost in a second in which nobody asks.
    pub(super) idle: Cost,
}

/// What one of something costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cost {
    pub(super) server_micros: f64,
    pub(super) redis_micros: f64,
    pub(super) database_micros: f64,
    pub(super) commands: f64,
    pub(super) queries: f64,
}

/// The inputs of the model that are measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Costs {
    /// A request that L1 answers.
    pub(super) l1: Cost,
    /// One that L2 answers, and that fills L1.
    pub(super) l2: Cost,
    /// One that the database answers, and that fills both.
    pub(super) load: Cost,
    /// A product whose views are added to the database: row, outbox, relay, invalidation.
    pub(super) viewed: Cost,
    /// What that costs for each other node.
    pub(super) viewed_heard: Cost,
    /// Bytes of one product in L1.
    pub(super) entry_bytes: f64,
}

impl Figures {
    /// Reads `file`; nothing was measured if there is none.
    ///
    /// # Errors
    /// When it can't be read, is damaged, or is of another version.
    pub(super) fn read(file: &Path) -> Result<Self> {
        Ok(kept::read(&[file])?.unwrap_or_default())
    }

    /// What the page of all axes lacks.
    pub(super) fn missing(&self) -> Vec<Axis> {
        let shown = Axis::value_variants().iter().copied().filter(|axis| *axis != Axis::Costs);
        shown.filter(|axis| !self.axes.contains_key(axis)).collect()
    }

    /// Replaces `file`, or leaves it as it was.
    ///
    /// # Errors
    /// When it can't be written.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        kept::write(file, self)
    }
}

impl Step {
    /// The part of lookups that L1 answered, if there is an L1.
    pub(super) fn hit_ratio(&self) -> Option<f64> {
        let lookups = self.hits + self.misses;
        (lookups > 0).then(|| self.hits as f64 / lookups as f64)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Otherwise a run of one axis would take all others from the page.
    #[test]
    fn a_page_lacks_what_was_not_measured() {
        let mut figures = Figures::default();
        figures.axes.insert(Axis::Nodes, Vec::new());
        assert_eq!(figures.missing(), [Axis::Products, Axis::L1, Axis::Connections, Axis::Values]);
    }

    #[test]
    fn figures_are_kept_and_damaged_ones_are_named_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report/scale.json");
        assert_eq!(Figures::read(&file).unwrap(), Figures::default());
        let figures = Figures { made: [(Axis::L1, Made::default())].into(), ..Figures::default() };
        figures.write(&file).unwrap();
        assert_eq!(Figures::read(&file).unwrap(), figures);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        fs::write(&file, "{").unwrap();
        assert!(format!("{:#}", Figures::read(&file).unwrap_err()).contains("damaged"));
    }
}
