//! The form: one product in every level, and forgetting it.

use serde_json::Value;

use crate::{
    cluster::{Cluster, L1, level, stop},
    larder::{ADMIN_TOKEN, Larder, PATIENCE, run},
    scene::Scene,
};

const LEVELS: &str = "[...document.querySelectorAll('#levels tr')].map((row) => row.cells[1].textContent).join('|')";

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_shown_in_every_level_and_forgotten_by_all() {
    let cluster = Cluster::start().await;
    let node = cluster.node().await;
    let id = cluster.ids[0];
    level(&node, id).await;
    cluster.filled(id).await;
    // A node that has heard nothing for a second, as on a busy machine, asks L2 instead.
    let held = async { while level(&node, id).await != L1 {} };
    tokio::time::timeout(PATIENCE, held).await.expect("L1 answers");

    let scene = Scene::of(&node).await.live().await;
    scene.fill("token", ADMIN_TOKEN).await;
    scene.fill("product", &id.to_string()).await;
    scene.tab.press("Enter").await.expect("is pressed");
    scene.says("lookup-note", "is held in L1 and L2, and present in the database").await;
    assert_eq!(scene.text(LEVELS).await, "held|held|present");
    scene.says("result-title", &format!("Product {id}: ")).await;
    scene.says("result-value", "\"price\"").await;

    scene.click("#invalidate").await;
    scene.says("lookup-note", &format!("Every node was told to forget product {id}.")).await;
    scene.says("lookup-note", "is in no cache").await;
    assert_eq!(scene.text(LEVELS).await, "absent|absent|present");

    let stored = "[localStorage.length, sessionStorage.length, document.cookie, location.href].join()";
    assert_eq!(scene.text(stored).await, format!("0,0,,{}/", node.base), "the token is kept nowhere");
    scene.assert_content(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_said_in_plain_words() {
    let larder = Larder::start(&[]);
    let arguments = ["token", "new", "--name", "clerk", "--role", "writer"];
    let made = run(larder.folder.path(), &arguments, &[]);
    let writer = String::from_utf8(made.stdout).expect("text").trim().to_owned();
    let scene = Scene::of(&larder).await.live().await;
    for (token, product, note) in [
        ("", "122", "An admin token is needed."),
        ("not-a-token", "122", "This token is not known."),
        (&writer, "122", "but it is not an admin’s."),
        (ADMIN_TOKEN, "tea", "A product id is a whole number, from 1 on."),
        (ADMIN_TOKEN, "9223372036854775808", "There is no such product id."),
        (ADMIN_TOKEN, "999999", "is in no cache, and absent in the database."),
        (ADMIN_TOKEN, "122", "present in the database."),
    ] {
        scene.fill("token", token).await;
        if token.is_empty() {
            scene.tab.value("document.getElementById('token').value = ''").await.expect("is emptied");
        }
        scene.fill("product", product).await;
        for button in ["#lookup-form button.main", "#invalidate"] {
            scene.tab.value("document.getElementById('lookup-note').textContent = ''").await.expect("is emptied");
            scene.click(button).await;
            scene.says("lookup-note", note).await;
        }
    }
    scene.fill("token", "not-a-token").await;
    scene.click("#access-form button").await;
    scene.says("token-note", "This token is not known.").await;

    stop(larder).await;
    scene.click("#lookup-form button.main").await;
    scene.says("lookup-note", "The node does not answer.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_too_many_tokens_is_told_to_wait() {
    let larder = Larder::start(&[("LARDER__AUTH__FAILURES_PER_MINUTE", "1")]);
    let scene = Scene::of(&larder).await.live().await;
    for attempt in 0..5 {
        scene.fill("token", &format!("not-a-token-{attempt}")).await;
        scene.tab.value("document.getElementById('token-note').textContent = ''").await.expect("is emptied");
        scene.click("#access-form button").await;
        scene.until("/known|attempts/.test(document.getElementById('token-note').textContent)").await;
    }
    scene
        .until("/^Too many attempts. Try again in \\d+ s.$/.test(document.getElementById('token-note').textContent)")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_figures_are_for_admins_the_page_asks_for_the_token() {
    let larder = Larder::start(&[("LARDER__PAGE__AUDIENCE", "admin")]);
    let scene = Scene::of(&larder).await;
    scene.says("connection", "For admins only").await;
    scene.says("token-note", "An admin token is needed.").await;
    assert_eq!(
        scene.tab.value("document.querySelector('.tiles').checkVisibility()").await.expect("a value"),
        Value::Bool(false)
    );

    scene.fill("token", "not-a-token").await;
    scene.tab.press("Enter").await.expect("is pressed");
    scene.says("token-note", "This token is not known.").await;
    scene.fill("token", ADMIN_TOKEN).await;
    scene.tab.press("Enter").await.expect("is pressed");
    scene.says("token-note", "The token is an admin’s.").await;
    scene.live().await.assert_content(&["401"]);
}
