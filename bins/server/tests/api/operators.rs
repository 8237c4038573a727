//! What operators see and do under `/admin`: caches, one key in every level, invalidation, pool, system.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, L1, MISS, eventually, level},
    larder::{ADMIN_TOKEN, Larder, header, problem},
};

async fn ask(node: &Larder, path: &str) -> Value {
    let answer = node.get(path).bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
    answer.json().await.expect("JSON")
}

async fn forget(node: &Larder, order: &Value) -> reqwest::Response {
    node.write(Method::POST, "/admin/cache/invalidate", order).send().await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_looked_up_in_every_level() {
    let cluster = Cluster::start().await;
    let (node, other) = (cluster.node().await, cluster.node().await);
    let id = cluster.ids[0];
    let path = format!("/admin/cache/product/{id}");
    let before = ask(&node, &path).await;
    assert_eq!((&before["l1"]["state"], &before["l2"]["state"]), (&json!("absent"), &json!("absent")), "{before}");
    assert_eq!(before["database"]["state"], "present");
    level(&node, id).await;
    eventually("L2 has it", async || ask(&node, &path).await["l2"]["state"] == "held").await;
    let filled = ask(&node, &path).await;
    for level in ["l1", "l2"] {
        let held = &filled[level];
        assert_eq!((&held["standing"], &held["believed"]), (&json!("fresh"), &json!(true)), "{filled}");
        assert_eq!(held["agrees_with_database"], true, "{filled}");
        assert_eq!((&held["version"], &held["value"]), (&filled["database"]["version"], &filled["database"]["value"]));
        assert!(held["fresh_for_ms"].as_f64() > Some(1_000.0) && held["bytes"].as_u64() > Some(100), "{filled}");
    }
    let elsewhere = ask(&other, &path).await;
    assert_eq!((&elsewhere["l1"]["state"], &elsewhere["l2"]["state"]), (&json!("absent"), &json!("held")));
    let absent = ask(&node, "/admin/cache/product/999999").await;
    assert_eq!((&absent["l1"]["state"], &absent["database"]["state"]), (&json!("absent"), &json!("absent")));
    let stats = ask(&node, "/admin/cache/stats/stats").await;
    assert_eq!((&stats["l1"]["state"], &stats["database"]), (&json!("absent"), &Value::Null));
    for unknown in ["/admin/cache/nothing/1", "/admin/cache/product/x", "/admin/cache/product/0"] {
        problem(node.get(unknown).bearer_auth(ADMIN_TOKEN).send().await.expect("an answer"), 404).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_with_slashes_in_its_key_is_found_too() {
    let larder = Larder::start(&[]).hears(false).await;
    larder.get("/api/v1/products?size=3").send().await.expect("an answer");
    let caches = ask(&larder, "/admin/cache").await;
    let names: Vec<_> = caches["caches"].as_array().expect("a list").iter().map(|cache| &cache["name"]).collect();
    assert_eq!(names, ["product", "list", "total", "stats"]);
    let total = ask(&larder, "/admin/cache/total/p-").await;
    assert_eq!((&total["l1"]["state"], &total["l2"]["state"]), (&json!("held"), &json!("unused")), "{total}");
    assert!(total["l1"]["value"].as_u64() > Some(100) && !total["l1"]["tags"].as_array().expect("tags").is_empty());
    for key in ["a/b", "a%2Fb", "%E7%BB%BF%E8%8C%B6"] {
        assert_eq!(ask(&larder, &format!("/admin/cache/list/{key}")).await["l1"]["state"], "absent");
    }
    assert_eq!(ask(&larder, "/admin/cache/list/a%252Fb").await["key"], "a%2Fb", "decoded once");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_forgets_a_key_a_tag_or_everything() {
    let cluster = Cluster::start().await;
    let (node, other) = (cluster.node().await, cluster.node().await);
    let (id, kept) = (cluster.ids[0], cluster.ids[1]);
    let fill = async || {
        for id in [id, kept] {
            eventually("both have it", async || level(&node, id).await == L1 && level(&other, id).await == L1).await;
        }
    };
    let gone = async |id: i64| {
        eventually("the other node forgets", async || {
            ask(&other, &format!("/admin/cache/product/{id}")).await["l1"]["state"] == "absent"
        })
        .await;
    };
    fill().await;
    let answer = forget(&node, &json!({ "key": id })).await;
    assert_eq!(answer.status(), 200);
    let done: Value = answer.json().await.expect("JSON");
    assert_eq!(done, json!({ "forgotten": { "key": id.to_string() }, "caches": ["product"], "queued": 0 }));
    gone(id).await;
    assert_eq!(level(&node, id).await, MISS);
    assert_eq!((level(&node, kept).await, level(&other, kept).await), (L1.into(), L1.into()));

    let list = async |node: &Larder| {
        let answer = node.get("/api/v1/products?size=2").send().await.expect("an answer");
        header(&answer, "cache-status").to_owned()
    };
    eventually("the list is kept", async || list(&node).await == L1).await;
    assert_eq!(forget(&node, &json!({ "tag": "all" })).await.status(), 200);
    assert_eq!(list(&node).await, MISS);
    assert_eq!(level(&node, kept).await, L1, "products do not carry it");

    fill().await;
    assert_eq!(forget(&node, &json!({ "all": true })).await.status(), 200);
    gone(id).await;
    gone(kept).await;
    assert_eq!(level(&node, kept).await, MISS);
}

#[tokio::test]
async fn an_order_that_is_not_clear_does_nothing() {
    let larder = Larder::start(&[]).hears(false).await;
    eventually("it is kept", async || level(&larder, 1).await == L1).await;
    for order in [
        json!({}),
        json!({ "all": false }),
        json!({ "all": true, "key": 1 }),
        json!({ "tag": "a", "key": 1 }),
        json!({ "tag": "" }),
        json!({ "cache": "product" }),
        json!({ "cache": "product", "all": true }),
        json!({ "key": true }),
        json!({ "key": 1, "cache": null }),
        json!({ "key": null, "all": true }),
        json!({ "everything": true }),
        json!([]),
    ] {
        problem(forget(&larder, &order).await, 422).await;
    }
    problem(forget(&larder, &json!({ "key": "x" })).await, 404).await;
    problem(forget(&larder, &json!({ "key": 1, "cache": "nothing" })).await, 404).await;
    problem(larder.get("/admin/cache?x=1").bearer_auth(ADMIN_TOKEN).send().await.expect("an answer"), 400).await;
    assert_eq!(level(&larder, 1).await, L1);
}

#[tokio::test]
async fn nothing_under_admin_is_for_others() {
    let larder = Larder::start(&[]);
    for path in ["/admin/cache", "/admin/cache/product/1", "/admin/pool", "/admin/system"] {
        problem(larder.get(path).send().await.expect("an answer"), 401).await;
    }
    let order = json!({ "all": true });
    let unsigned = larder.request(Method::POST, "/admin/cache/invalidate").json(&order);
    problem(unsigned.send().await.expect("an answer"), 401).await;
    problem(larder.get("/admin/cache/invalidate").send().await.expect("an answer"), 405).await;
}

#[tokio::test]
async fn caches_pool_and_system_tell_what_they_are() {
    let larder = Larder::start(&[("LARDER__DATABASE__POOL_SIZE", "900")]).hears(false).await;
    eventually("it is kept", async || level(&larder, 1).await == L1).await;
    let caches = ask(&larder, "/admin/cache").await;
    let product = &caches["caches"][0];
    assert_eq!((&caches["levels"], &product["name"]), (&json!("l1"), &json!("product")));
    assert!(product["statistics"]["lookups"]["l1"].as_u64() > Some(0), "{caches}");
    assert_eq!(product["statistics"]["gauges"]["load_budget"], 64);
    let pool = ask(&larder, "/admin/pool").await;
    assert_eq!((&pool["max"], &pool["advice"]["configured"]), (&json!(901), &json!(900)), "and one that writes");
    assert_eq!(pool["advice"]["verdict"], "too many");
    assert!(pool["waits"]["count"].as_u64() > Some(0) && pool["waits"]["mean_ms"].is_number(), "{pool}");
    let system = ask(&larder, "/admin/system").await;
    assert_eq!((&system["workers"], &system["version"]), (&json!(2), &json!(env!("CARGO_PKG_VERSION"))));
    assert!(system["memory"]["rss_bytes"].as_u64() > Some(1 << 20), "{system}");
    assert!(system["runtime"]["workers"].as_u64() > Some(0) && system["fds"]["open"].as_u64() > Some(2));
    assert_eq!(system["configuration"]["database"]["pool_size"], 900);
    assert!(!system.to_string().contains(ADMIN_TOKEN), "{system}");
}
