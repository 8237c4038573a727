//! The figures move with what the server does, and stand still when it is gone.

use reqwest::Method;
use serde_json::json;

use crate::{
    cluster::eventually,
    larder::{Larder, spawn},
    load::Load,
    scene::Scene,
};

const RATE: &str = "Number(document.getElementById('rate').textContent.replaceAll(',', '')) || 0";

fn share(level: &str) -> String {
    format!("parseFloat(document.getElementById('share-{level}').textContent) || 0")
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_move_with_the_load_and_shares_with_the_warmth_of_the_cache() {
    let larder = Larder::start(&[]).hears(false).await;
    let scene = Scene::of(&larder).await.live().await;
    assert_eq!(scene.text("document.getElementById('rate').textContent").await, "0");

    let load = Load::of(&larder, &[122]);
    scene.until(&format!("({RATE}) > 10 && ({}) > 90", share("l1"))).await;
    scene.until("document.getElementById('p99').textContent.endsWith(' ms')").await;
    scene.until("document.querySelector('#rate-spark .line').getAttribute('d').length > 10").await;
    scene.until("document.querySelector('#hottest tr:not([hidden]) a').textContent === '122'").await;
    scene.until("document.querySelectorAll('#flow .dot').length > 3").await;
    let before = scene.number("document.querySelector('#flow .dot').cx.baseVal.value").await;
    scene.until(&format!("document.querySelector('#flow .dot')?.cx.baseVal.value !== {before}")).await;

    eventually("a cache that forgets all the time sends readers to the database", async || {
        let order = larder.write(Method::POST, "/admin/cache/invalidate", &json!({ "all": true }));
        assert_eq!(order.send().await.expect("an answer").status(), 200);
        scene.number(&share("database")).await > 5.0
    })
    .await;
    drop(load);
    scene.says("rate", "0").await;
    scene.assert_content(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_said_to_be_and_one_that_is_back_is_found() {
    let mut larder = Larder::start(&[]);
    let scene = Scene::of(&larder).await.live().await;
    let address = larder.address().to_owned();
    larder.signal("TERM");
    assert!(larder.wait().success());
    scene
        .until("/^No connection since \\d\\d:\\d\\d:\\d\\d$/.test(document.getElementById('connection').textContent)")
        .await;
    scene.says("verdict-text", "No connection to the node").await;
    scene.until("/^next attempt in \\d+ s$/.test(document.getElementById('retry').textContent)").await;
    scene.until("document.querySelectorAll('#flow .dot').length === 0").await;

    let again = spawn(larder.folder.path(), &["serve"], &[("LARDER__SERVER__BIND", &address)]);
    again.log.wait_for("ready address=");
    scene.says("connection", "Live").await;
    scene.says("verdict-text", "well").await;
    scene.assert_content(&["net::ERR_"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_said_to_be_gone() {
    let larder = Larder::start(&[]);
    let scene = Scene::of(&larder).await.live().await;
    larder.signal("STOP");
    scene.says("connection", "No connection since").await;
    larder.signal("CONT");
    scene.says("connection", "Live").await;
}
