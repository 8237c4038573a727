//! Who may do what: every method of every route with every kind of token.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    cluster::eventually,
    larder::{ADMIN_TOKEN, Larder, draft, header, path_of, problem},
    tokens::new_token,
};

/// Who asks, in the order of the columns.
const CALLERS: [&str; 7] = ["nobody", "malformed", "unknown", "reader", "writer", "admin", "configured"];

/// Open to everybody, but nobody with a wrong token.
const READ: [u16; 7] = [200, 401, 401, 200, 200, 200, 200];
/// The same, where nothing is.
const ABSENT: [u16; 7] = [404, 401, 401, 404, 404, 404, 404];
const HEALTH: [u16; 7] = [200; 7];
const ADMIN: [u16; 7] = [401, 401, 401, 403, 403, 200, 200];

/// For writers, who are answered `status`.
const fn write(status: u16) -> [u16; 7] {
    [401, 401, 401, 403, status, status, status]
}

/// What is read, by GET and by HEAD.
const READS: [(&str, [u16; 7]); 22] = [
    ("/api/v1/products/search", READ),
    ("/api/v1/products/popular", READ),
    ("/api/v1/products/hot/{category}", READ),
    ("/api/v1/products/stats/summary", READ),
    ("/api/v1/products/{id}", READ),
    ("/api/v1/products", READ),
    ("/livez", HEALTH),
    ("/readyz", HEALTH),
    ("/health", HEALTH),
    ("/", READ),
    ("/favicon.svg", READ),
    // Of another version.
    ("/assets/{version}/{name}", ABSENT),
    ("/docs", READ),
    // It has no file of this name.
    ("/docs/{file}", ABSENT),
    ("/openapi.json", READ),
    ("/metrics", ADMIN),
    ("/admin/cache", ADMIN),
    ("/admin/cache/{cache}/{key:.+}", ADMIN),
    ("/admin/pool", ADMIN),
    ("/admin/system", ADMIN),
    ("/admin/live", ADMIN),
    ("/admin/live/stream", ADMIN),
];

/// A route, a method, a body for it, and the status for each of [`CALLERS`]. Bodies and ids are such that no row changes what another one finds.
fn rows() -> Vec<(&'static str, Method, Value, [u16; 7])> {
    let both = |(path, expected)| [Method::GET, Method::HEAD].map(|method| (path, method, Value::Null, expected));
    let mut rows: Vec<_> = READS.into_iter().flat_map(both).collect();
    let adjustment = json!({ "stock": 1, "reason": "found" });
    rows.extend([
        ("/api/v1/products/batch", Method::POST, json!([1]), READ),
        ("/api/v1/products/{id}", Method::PUT, draft("A-1"), write(200)),
        ("/api/v1/products/{id}", Method::PATCH, json!({ "stock": 5 }), write(200)),
        // The product is expected to be another one.
        ("/api/v1/products/{id}", Method::DELETE, Value::Null, write(412)),
        ("/api/v1/products", Method::POST, draft("A-1"), write(409)),
        ("/api/v1/products/{id}/adjustments", Method::POST, adjustment, write(200)),
        ("/admin/warm-up", Method::POST, Value::Null, ADMIN),
        ("/admin/cache/invalidate", Method::POST, json!({ "all": true }), ADMIN),
    ]);
    rows
}

#[test]
fn every_method_of_every_route_has_a_row() {
    let routes = larder_server::routes();
    let there_is: BTreeSet<(&str, &str)> = routes
        .iter()
        .flat_map(|(path, methods)| methods.split(", ").map(move |method| (*path, method)))
        .filter(|(_, method)| *method != "OPTIONS")
        .collect();
    let rows = rows();
    let tested: BTreeSet<(&str, &str)> = rows.iter().map(|(path, method, ..)| (*path, method.as_str())).collect();
    assert_eq!(tested, there_is);
}

#[tokio::test]
async fn each_route_admits_the_roles_of_its_row() {
    let larder = Larder::start(&[("LARDER__AUTH__FAILURES_PER_MINUTE", "100000"), ("LARDER__PAGE__AUDIENCE", "admin")]);
    let id = larder.create("A-1", true).await;
    let live = || larder.get("/admin/live").bearer_auth(ADMIN_TOKEN).send();
    eventually("there is something to show", async || live().await.expect("an answer").status() == 200).await;
    let roles = ["reader", "writer", "admin"].map(|role| new_token(larder.folder.path(), role, role));
    let [reader, writer, admin] = &roles;
    let sent_by = |request: RequestBuilder, caller: &str| match caller {
        "nobody" => request,
        "malformed" => request.header("authorization", "Basic YW5uOnBhc3M="),
        "unknown" => request.bearer_auth("larder_unknown"),
        "reader" => request.bearer_auth(reader),
        "writer" => request.bearer_auth(writer),
        "admin" => request.bearer_auth(admin),
        _ => request.bearer_auth(ADMIN_TOKEN),
    };
    for (route, method, body, expected) in rows() {
        let path = path_of(route, id);
        for (caller, status) in CALLERS.into_iter().zip(expected) {
            let mut request = larder.request(method.clone(), &path);
            if !body.is_null() {
                request = request.json(&body);
            }
            if method == Method::DELETE {
                request = request.header("if-match", "\"another\"");
            }
            let answer = sent_by(request, caller).send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), status, "{method} {path} by {caller}");
            let challenged = header(&answer, "www-authenticate").starts_with("Bearer ");
            assert_eq!(challenged, status == 401 || status == 403, "{method} {path} by {caller}");
        }
    }
}

#[tokio::test]
async fn a_token_that_is_no_bearer_token_is_401() {
    let larder = Larder::start(&[]);
    let path = format!("/api/v1/products/{}", larder.create("A-2", true).await);
    for value in ["Basic YW5uOnBhc3M=", "Bearer", "Bearer ", ADMIN_TOKEN, "Bearer a b"] {
        let answer = larder.get(&path).header("authorization", value).send().await.expect("an answer");
        problem(answer, 401).await;
    }
    let twice = larder.get(&path).bearer_auth(ADMIN_TOKEN).bearer_auth(ADMIN_TOKEN);
    problem(twice.send().await.expect("an answer"), 401).await;
    let any_case = larder.get(&path).header("authorization", format!("bEARER {ADMIN_TOKEN}"));
    assert_eq!(any_case.send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn a_refused_writer_is_refused_before_his_body_is_read() {
    let larder = Larder::start(&[]);
    let answer = larder.request(Method::POST, "/api/v1/products").body("nonsense").send().await.expect("an answer");
    problem(answer, 401).await;
}
