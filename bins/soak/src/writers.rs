//! Writers over HTTP, through any node.

use std::{sync::Arc, time::Duration};

use fastrand::Rng;
use tokio::time;

use crate::{
    history::State,
    http::{Connection, Question},
    scan,
    scene::{CATEGORIES, Scene, headers, one_of, path_of},
};

/// Changes a hot product once per `period`, until it is dropped.
pub(crate) async fn write(scene: Arc<Scene>, period: Duration, mut rng: Rng) {
    let mut connections: Vec<Connection> = Vec::new();
    connections.resize_with(scene.cluster.nodes.len(), Connection::default);
    loop {
        time::sleep(period).await;
        let _writing = scene.writing.read().await;
        let node = scene.any_node(&mut rng);
        let product = one_of(&mut rng, &scene.hot);
        match rng.u32(..10) {
            0 => {
                let category = one_of(&mut rng, &CATEGORIES);
                let body = format!(r#"{{"category":"{category}"}}"#);
                patch(&scene, &mut connections[node], node, product, &body, Some(category)).await;
            }
            1..5 => {
                let body = format!(r#"{{"price":{}.5}}"#, rng.u32(1..1_000));
                patch(&scene, &mut connections[node], node, product, &body, None).await;
            }
            _ => {
                let body = format!(r#"{{"stock":{}}}"#, rng.u32(..1_000));
                patch(&scene, &mut connections[node], node, product, &body, None).await;
            }
        }
    }
}

/// Changes `product`; `to` is its new category, if that is what changes.
async fn patch(scene: &Scene, connection: &mut Connection, node: usize, product: i64, body: &str, to: Option<&str>) {
    let ticket = to.map(|category| scene.checker().history.begin(product, State::In(category.to_owned())));
    let (path, headers) = (path_of(product), headers(true, None));
    let question = Question { method: "PATCH", path: &path, headers: &headers, body };
    // An unclear end leaves the change possible for good.
    let Some((asked, answer)) = scene.ask(connection, node, &question).await else { return };
    let body = connection.body(&answer);
    let written = scan::products(body).first().copied().zip(scan::category(body));
    let mut checker = scene.checker();
    match written {
        Some(((_, version), category)) if answer.status == 200 => {
            checker.tally.writes += 1;
            checker.history.commit(product, version, State::In(category), asked.answered);
        }
        _ => checker.failure(&asked, &format!("PATCH {path}: {}", answer.status)),
    }
    if let Some(ticket) = ticket {
        checker.history.end(&ticket);
    }
}
