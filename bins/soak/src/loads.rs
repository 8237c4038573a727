//! How often the nodes' caches asked the database, from their own counters.

use std::sync::{Mutex, PoisonError};

use crate::{
    cluster::authorization,
    http::{Connection, Question},
    node::Node,
    scene::Scene,
};

/// A counter of all loads of a node, one series for each cache.
const FAMILY: &str = "larder_cache_loads_total";

/// The counters of all nodes, added up over restarts. What a node counted between the last look and its death is missing.
#[derive(Debug)]
pub(crate) struct Loads(Mutex<Vec<Counter>>);

#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    is_there: bool,
    last: u64,
    total: u64,
}

impl Loads {
    pub(crate) fn new(nodes: usize) -> Self {
        Self(Mutex::new(vec![Counter::default(); nodes]))
    }

    /// Looks at every node that is up.
    pub(crate) async fn read(&self, scene: &Scene) {
        for (number, node) in scene.cluster.nodes.iter().enumerate() {
            if let Some(now) = page(node).await.as_deref().and_then(sum) {
                self.counters()[number].add(now);
            }
        }
    }

    /// All loads, if the nodes count them.
    pub(crate) fn total(&self) -> Option<u64> {
        let counters = self.counters();
        counters.iter().any(|counter| counter.is_there).then(|| counters.iter().map(|counter| counter.total).sum())
    }

    fn counters(&self) -> std::sync::MutexGuard<'_, Vec<Counter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counter {
    /// A counter that went back began anew.
    fn add(&mut self, now: u64) {
        self.total += now.checked_sub(self.last).unwrap_or(now);
        self.last = now;
        self.is_there = true;
    }
}

/// All figures of a node, while it is up.
pub(crate) async fn page(node: &Node) -> Option<String> {
    let mut connection = Connection::default();
    let headers = authorization();
    let question = Question { method: "GET", path: "/metrics", headers: &headers, body: "" };
    let answer = connection.ask(node.address()?, &question).await.ok()?;
    Some(String::from_utf8_lossy(connection.body(&answer)).into_owned())
}

/// All loads of some nodes by now; those that are down count for nothing.
pub(crate) async fn of(nodes: &[Node]) -> u64 {
    let mut loads = 0;
    for node in nodes {
        loads += page(node).await.as_deref().and_then(sum).unwrap_or(0);
    }
    loads
}

/// The sum over all series of the family, if there is one.
fn sum(text: &str) -> Option<u64> {
    let series = text.lines().filter_map(|line| line.strip_prefix(FAMILY));
    let values =
        series.filter(|rest| rest.starts_with(['{', ' '])).filter_map(|rest| rest.rsplit(' ').next()?.parse().ok());
    values.fold(None, |sum, value: u64| Some(sum.unwrap_or(0) + value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_added_and_other_families_are_not() {
        let text = "# TYPE larder_cache_loads counter\nlarder_cache_loads_total{cache=\"product\"} 3\n\
                    larder_cache_loads_total{cache=\"list\"} 4\nlarder_cache_loads_total_seconds 9\n";
        assert_eq!(sum(text), Some(7));
        assert_eq!(sum("other 1\n"), None);
    }

    #[test]
    fn a_restarted_node_goes_on_from_where_it_was() {
        let mut counter = Counter::default();
        [10, 15, 2].into_iter().for_each(|now| counter.add(now));
        assert_eq!(counter.total, 17);
    }
}
