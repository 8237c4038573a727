//! What all workers of a run share: the clock, the cluster, the checker, and which products are hot.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use fastrand::Rng;
use tokio::{sync::RwLock, task::JoinSet, time};

use crate::{
    checker::{Asked, Checker},
    cluster::{Cluster, authorization},
    history::{Moment, State},
    http::{Answer, Connection, Question},
};

/// Lists that are changed, read and compared; everything hot is in one of them.
pub(crate) const CATEGORIES: [&str; 4] = ["soak-0", "soak-1", "soak-2", "soak-3"];

/// Products that writers and readers like best.
const HOT: usize = 24;

/// Of these, as many as come and go.
const MORTAL: usize = 6;

/// The stage of a run.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) cluster: Cluster,
    /// Hot products that always are there.
    pub(crate) hot: Vec<i64>,
    /// Hot products that are removed and made again under the same id.
    pub(crate) mortal: Vec<i64>,
    /// Products outside of [`CATEGORIES`].
    pub(crate) cold: Vec<i64>,
    /// Held for reading by each write; who holds it for writing has quiet.
    pub(crate) writing: RwLock<()>,
    checker: Mutex<Checker>,
    start: Instant,
}

impl Scene {
    /// Puts the hot products into their lists, and begins the history with what the database has.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(crate) async fn set(cluster: Cluster, bound: Duration) -> Result<Self> {
        let mut drivers = JoinSet::new();
        let client = cluster.connect(&mut drivers).await?;
        let moved = format!(
            "UPDATE products SET category = 'soak-' || id % {} WHERE id IN \
             (SELECT id FROM products WHERE is_published ORDER BY id LIMIT {HOT})",
            CATEGORIES.len()
        );
        client.batch_execute(&moved).await.context("set the scene")?;
        let rows = client.query("SELECT id, version, category FROM products WHERE is_published ORDER BY id", &[]).await;
        let mut checker = Checker::new(cluster.nodes.len(), bound);
        let (mut hot, mut cold) = (Vec::new(), Vec::new());
        for row in rows.context("read the products")? {
            let (id, category): (i64, String) = (row.get(0), row.get(2));
            if CATEGORIES.contains(&category.as_str()) {
                hot.push(id)
            } else {
                cold.push(id)
            }
            checker.history.commit(id, row.get(1), State::In(category), Duration::ZERO);
        }
        let mortal = hot.split_off(HOT - MORTAL);
        let (writing, checker) = (RwLock::new(()), Mutex::new(checker));
        Ok(Self { cluster, hot, mortal, cold, writing, checker, start: Instant::now() })
    }

    pub(crate) fn now(&self) -> Moment {
        self.start.elapsed()
    }

    pub(crate) fn checker(&self) -> MutexGuard<'_, Checker> {
        self.checker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Any node.
    pub(crate) fn any_node(&self, rng: &mut Rng) -> usize {
        rng.usize(..self.cluster.nodes.len())
    }

    /// Asks `node`, and counts a server error or no answer as a failure. Gives nothing then.
    pub(crate) async fn ask(
        &self,
        connection: &mut Connection,
        node: usize,
        question: &Question<'_>,
    ) -> Option<(Asked, Answer)> {
        let asked = self.now();
        let answer = match self.cluster.nodes[node].address() {
            Some(address) => connection.ask(address, question).await,
            None => Err(anyhow::anyhow!("the node is down")),
        };
        let is_marked = answer.as_ref().is_ok_and(|answer| answer.is_marked);
        let question_asked = Asked { node, asked, answered: self.now(), is_marked };
        let what = match answer {
            Ok(answer) if answer.status < 500 => return Some((question_asked, answer)),
            Ok(answer) => format!("{} {}: {}", question.method, question.path, answer.status),
            Err(error) => format!("{} {}: {error:#}", question.method, question.path),
        };
        self.checker().failure(&question_asked, &what);
        // A node that is down refuses at once: not a thousand times a second.
        time::sleep(Duration::from_millis(20)).await;
        None
    }
}

/// The head lines of a question: who asks, and after which write.
pub(crate) fn headers(is_writer: bool, token: Option<&str>) -> String {
    let mut lines = if is_writer { authorization() } else { String::new() };
    if let Some(token) = token {
        lines.extend([crate::http::TOKEN, ": ", token, "\r\n"]);
    }
    lines
}

/// The path of a product.
pub(crate) fn path_of(product: i64) -> String {
    format!("/api/v1/products/{product}")
}

/// The path of the whole list of a category.
pub(crate) fn path_of_list(category: &str) -> String {
    format!("/api/v1/products?category={category}&size=1000")
}

/// One of `choices`.
pub(crate) fn one_of<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(..choices.len())]
}
