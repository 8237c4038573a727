//! Sessions that write through one node and read through all, and may never be taken back behind their own writes.

use std::sync::Arc;

use fastrand::Rng;
use tokio::{
    sync::RwLockReadGuard,
    time::{self, Duration},
};

use crate::{
    checker::{Asked, Floor},
    history::{Seen, State},
    http::{Answer, Connection, Question},
    scan,
    scene::{CATEGORIES, Scene, headers, one_of, path_of, path_of_list},
};

/// Reads after each write.
const READS: usize = 6;

/// One client with products that nobody else changes.
pub(crate) struct Session {
    scene: Arc<Scene>,
    connections: Vec<Connection>,
    rng: Rng,
    /// Tells the products of one session from another's.
    name: String,
    made: u32,
    /// From the last answer that had one.
    token: Option<String>,
    /// How often everything had been removed when the present life began: it ends with the next time.
    truncations: u32,
}

impl Session {
    pub(crate) fn new(scene: Arc<Scene>, number: usize, rng: Rng) -> Self {
        let mut connections = Vec::new();
        connections.resize_with(scene.cluster.nodes.len(), Connection::default);
        Self { scene, connections, rng, name: format!("session-{number}"), made: 0, token: None, truncations: 0 }
    }

    /// Makes a product, changes it, removes it, looks at it after each step, and again, until it is dropped.
    pub(crate) async fn live(mut self, period: Duration) {
        loop {
            time::sleep(period).await;
            self.one_life().await;
        }
    }

    /// Ends early when a write has no clear end: what is there then, nobody knows.
    async fn one_life(&mut self) -> Option<()> {
        let category = one_of(&mut self.rng, &CATEGORIES);
        self.look_for_nothing().await;
        let (product, mut floor) = self.make(category).await?;
        self.look(product, category, floor).await;
        for _ in 0..self.rng.u32(1..4) {
            floor = self.change(product, category).await?;
            self.look(product, category, floor).await;
        }
        self.remove(product).await?;
        self.look(product, category, Floor::Gone).await;
        Some(())
    }

    /// Leaves the next id in caches as absent, so that the product to come has something to overcome.
    async fn look_for_nothing(&mut self) {
        let next = self.scene.checker().history.newest_product() + 1;
        for node in 0..self.connections.len() {
            drop(self.ask(node, "GET", &path_of(next), "").await);
        }
    }

    async fn make(&mut self, category: &str) -> Option<(i64, Floor)> {
        let scene = Arc::clone(&self.scene);
        let _writing = scene.writing.read().await;
        self.made += 1;
        self.truncations = scene.checker().truncations;
        let (name, made) = (&self.name, self.made);
        let body = format!(r#"{{"name":"{name}","price":1,"sku":"{name}-{made}","category":"{category}","stock":1}}"#);
        let (asked, answer, written) = self.write("POST", "/api/v1/products", &body).await?;
        let Some((product, version)) = written else {
            scene.checker().failure(&asked, &format!("POST: {}", answer.status));
            return None;
        };
        let mut checker = scene.checker();
        checker.tally.writes += 1;
        checker.history.commit(product, 0, State::Gone, Duration::ZERO);
        checker.history.commit(product, version, State::In(category.to_owned()), asked.answered);
        Some((product, Floor::Version(version)))
    }

    async fn change(&mut self, product: i64, category: &str) -> Option<Floor> {
        let scene = Arc::clone(&self.scene);
        let _writing = self.go_on_writing(&scene).await?;
        let body = format!(r#"{{"stock":{}}}"#, self.rng.u32(..1_000));
        let (asked, answer, written) = self.write("PATCH", &path_of(product), &body).await?;
        let mut checker = scene.checker();
        let Some((_, version)) = written else {
            checker.failure(&asked, &format!("PATCH of a session's product: {}", answer.status));
            return None;
        };
        checker.tally.writes += 1;
        checker.history.commit(product, version, State::In(category.to_owned()), asked.answered);
        Some(Floor::Version(version))
    }

    async fn remove(&mut self, product: i64) -> Option<()> {
        let scene = Arc::clone(&self.scene);
        let _writing = self.go_on_writing(&scene).await?;
        let removal = scene.checker().history.begin(product, State::Gone);
        let (asked, answer, _) = self.write("DELETE", &path_of(product), "").await?;
        let mut checker = scene.checker();
        checker.history.end(&removal);
        if answer.status != 204 {
            checker.failure(&asked, &format!("DELETE of a session's product: {}", answer.status));
            return None;
        }
        checker.tally.writes += 1;
        let version = checker.history.last_version(product);
        checker.history.commit(product, version, State::Gone, asked.answered);
        Some(())
    }

    /// Nothing once the product was removed by somebody else.
    async fn go_on_writing<'a>(&self, scene: &'a Scene) -> Option<RwLockReadGuard<'a, ()>> {
        let writing = scene.writing.read().await;
        (scene.checker().truncations == self.truncations).then_some(writing)
    }

    /// A write through any node; gives the product in its answer, and keeps its token.
    async fn write(&mut self, method: &str, path: &str, body: &str) -> Option<(Asked, Answer, Option<(i64, i64)>)> {
        let node = self.scene.any_node(&mut self.rng);
        let (asked, answer) = self.ask(node, method, path, body).await?;
        let written = scan::products(self.connections[node].body(&answer)).first().copied();
        let written = written.filter(|_| answer.status < 300);
        Some((asked, answer, written))
    }

    /// Reads through any nodes, by id and by list.
    async fn look(&mut self, product: i64, category: &str, floor: Floor) {
        for _ in 0..READS {
            let node = self.scene.any_node(&mut self.rng);
            if self.rng.u8(..3) == 0 {
                self.look_at_list(node, product, category, floor).await;
            } else {
                self.look_at_product(node, product, floor).await;
            }
        }
    }

    async fn look_at_product(&mut self, node: usize, product: i64, floor: Floor) -> Option<()> {
        let (asked, answer) = self.ask(node, "GET", &path_of(product), "").await?;
        let shown = scan::products(self.connections[node].body(&answer));
        let mut checker = self.scene.checker();
        checker.answer(&asked);
        let seen = match (answer.status, shown.first()) {
            (200, Some((_, version))) => Seen::Version(*version),
            (404, None) => Seen::Absent,
            (status, _) => {
                checker.failure(&asked, &format!("GET of a session's product: {status}"));
                return None;
            }
        };
        checker.product(&asked, product, seen);
        if checker.truncations == self.truncations {
            checker.session(&asked, product, floor, seen);
        }
        Some(())
    }

    async fn look_at_list(&mut self, node: usize, product: i64, category: &str, floor: Floor) -> Option<()> {
        let (asked, answer) = self.ask(node, "GET", &path_of_list(category), "").await?;
        let listed = scan::products(self.connections[node].body(&answer));
        let mut checker = self.scene.checker();
        checker.answer(&asked);
        if answer.status != 200 {
            checker.failure(&asked, &format!("GET of a session's list: {}", answer.status));
            return None;
        }
        checker.list(&asked, category, &listed);
        if checker.truncations != self.truncations {
            return None;
        }
        match listed.iter().find(|(id, _)| *id == product) {
            Some((_, version)) => checker.session(&asked, product, floor, Seen::Version(*version)),
            None => checker.session(&asked, product, floor, Seen::Unlisted(category)),
        }
        Some(())
    }

    /// Asks with the session's token; a newer one in the answer takes its place.
    async fn ask(&mut self, node: usize, method: &str, path: &str, body: &str) -> Option<(Asked, Answer)> {
        // Only writers have a bearer token: what it shows is not cached for everybody.
        let headers = headers(method != "GET", self.token.as_deref());
        let question = Question { method, path, headers: &headers, body };
        let (asked, answer) = self.scene.ask(&mut self.connections[node], node, &question).await?;
        if answer.token.is_some() {
            self.token.clone_from(&answer.token);
        }
        Some((asked, answer))
    }
}
