//! Readers on all nodes, paced from outside: a slow answer does not slow the next question down.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use tokio::time::{self, MissedTickBehavior};

use crate::{
    history::Seen,
    http::{Connection, Question},
    scan,
    scene::{CATEGORIES, Scene, headers, one_of, path_of, path_of_list},
};

/// Ids of one batch.
const BATCH: usize = 20;

/// Asks one node once per `period`, until it is dropped; after a stall it catches up.
pub(crate) async fn read(scene: Arc<Scene>, node: usize, period: Duration, mut rng: Rng) {
    let mut connection = Connection::default();
    let mut ticks = time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        ticks.tick().await;
        match rng.u32(..100) {
            0..10 => read_list(&scene, &mut connection, node, one_of(&mut rng, &CATEGORIES)).await,
            10..15 => read_batch(&scene, &mut connection, node, &mut rng).await,
            _ => {
                let product = any_product(&scene, &mut rng);
                read_product(&scene, &mut connection, node, product).await;
            }
        }
    }
}

/// Mostly a hot one.
fn any_product(scene: &Scene, rng: &mut Rng) -> i64 {
    match rng.u32(..100) {
        0..60 => one_of(rng, &scene.hot),
        60..75 => one_of(rng, &scene.mortal),
        _ => one_of(rng, &scene.cold),
    }
}

async fn read_product(scene: &Scene, connection: &mut Connection, node: usize, product: i64) {
    let (path, headers) = (path_of(product), headers(false, None));
    let question = Question { method: "GET", path: &path, headers: &headers, body: "" };
    let Some((asked, answer)) = scene.ask(connection, node, &question).await else { return };
    let shown = scan::products(connection.body(&answer));
    let mut checker = scene.checker();
    checker.answer(&asked);
    match (answer.status, shown.first()) {
        (200, Some((_, version))) => checker.product(&asked, product, Seen::Version(*version)),
        (404, None) => checker.product(&asked, product, Seen::Absent),
        (status, _) => checker.failure(&asked, &format!("GET {path}: {status}, without a product")),
    }
}

async fn read_list(scene: &Scene, connection: &mut Connection, node: usize, category: &str) {
    let (path, headers) = (path_of_list(category), headers(false, None));
    let question = Question { method: "GET", path: &path, headers: &headers, body: "" };
    let Some((asked, answer)) = scene.ask(connection, node, &question).await else { return };
    let listed = scan::products(connection.body(&answer));
    let mut checker = scene.checker();
    checker.answer(&asked);
    if answer.status == 200 {
        checker.list(&asked, category, &listed);
    } else {
        checker.failure(&asked, &format!("GET {path}: {}", answer.status));
    }
}

async fn read_batch(scene: &Scene, connection: &mut Connection, node: usize, rng: &mut Rng) {
    let ids: Vec<String> = (0..BATCH).map(|_| any_product(scene, rng).to_string()).collect();
    let (body, headers) = (format!("[{}]", ids.join(",")), headers(false, None));
    let question = Question { method: "POST", path: "/api/v1/products/batch", headers: &headers, body: &body };
    let Some((asked, answer)) = scene.ask(connection, node, &question).await else { return };
    let body = connection.body(&answer);
    let (shown, missing) = (scan::products(body), scan::missing(body));
    let mut checker = scene.checker();
    checker.answer(&asked);
    if answer.status != 200 {
        checker.failure(&asked, &format!("a batch: {}", answer.status));
    }
    for (product, version) in shown {
        checker.product(&asked, product, Seen::Version(version));
    }
    for product in missing {
        checker.product(&asked, product, Seen::Absent);
    }
}
