//! Who may do what: every route with every kind of token.

use std::{collections::HashMap, path::Path};

use reqwest::Method;
use serde_json::json;

use crate::larder::{ADMIN_TOKEN, Larder, draft, header, problem, run};

/// Makes a token as an operator does.
fn new_token(folder: &Path, role: &str) -> String {
    let output = run(folder, &["token", "new", "--name", role, "--role", role], &[]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[tokio::test]
async fn each_route_admits_the_roles_of_its_row() {
    let larder = Larder::start(&[]);
    let id = larder.create("A-1", true).await;
    let product = format!("/api/v1/products/{id}");
    let adjustments = format!("{product}/adjustments");
    let mut tokens: HashMap<_, _> =
        ["reader", "writer", "admin"].map(|role| (role, Some(new_token(larder.folder.path(), role)))).into();
    tokens.extend([("configured", Some(ADMIN_TOKEN.into())), ("bad", Some("larder_bad".into())), ("none", None)]);

    let adjustment = json!({ "stock": 1, "reason": "found" });
    // Each row: none, bad, reader, writer, admin, configured.
    for (method, path, body, expected) in [
        (Method::GET, product.as_str(), json!(null), [200, 401, 200, 200, 200, 200]),
        (Method::GET, "/api/v1/products", json!(null), [200, 401, 200, 200, 200, 200]),
        (Method::POST, "/api/v1/products/batch", json!([1]), [200, 401, 200, 200, 200, 200]),
        (Method::POST, "/api/v1/products", draft("A-1"), [401, 401, 403, 409, 409, 409]),
        (Method::PUT, product.as_str(), draft("A-1"), [401, 401, 403, 200, 200, 200]),
        (Method::PATCH, product.as_str(), json!({ "stock": 5 }), [401, 401, 403, 200, 200, 200]),
        (Method::POST, adjustments.as_str(), adjustment, [401, 401, 403, 200, 200, 200]),
        (Method::DELETE, "/api/v1/products/999999", json!(null), [401, 401, 403, 404, 404, 404]),
        (Method::GET, "/livez", json!(null), [200; 6]),
        (Method::GET, "/readyz", json!(null), [200; 6]),
        (Method::GET, "/health", json!(null), [200; 6]),
    ] {
        for (token, status) in ["none", "bad", "reader", "writer", "admin", "configured"].into_iter().zip(expected) {
            let mut request = larder.request(method.clone(), path).json(&body);
            if let Some(token) = &tokens[token] {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), status, "{method} {path} with {token}");
            let challenged = header(&answer, "www-authenticate").starts_with("Bearer ");
            assert_eq!(challenged, status == 401 || status == 403, "{method} {path} with {token}");
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
async fn a_revoked_token_is_401_at_once() {
    let larder = Larder::start(&[]);
    let folder = larder.folder.path();
    let token = new_token(folder, "writer");
    let path = format!("/api/v1/products/{}", larder.create("A-3", true).await);
    let read = async || larder.get(&path).bearer_auth(&token).send().await.expect("an answer");
    assert_eq!(read().await.status(), 200);
    let again = run(folder, &["token", "new", "--name", "writer", "--role", "reader"], &[]);
    assert_eq!(again.status.code(), Some(1), "a name is given once");
    assert!(run(folder, &["token", "revoke", "--name", "writer"], &[]).status.success());
    problem(read().await, 401).await;
    assert_eq!(run(folder, &["token", "revoke", "--name", "writer"], &[]).status.code(), Some(1));
}

#[tokio::test]
async fn a_refused_writer_is_refused_before_his_body_is_read() {
    let larder = Larder::start(&[]);
    let answer = larder.request(Method::POST, "/api/v1/products").body("nonsense").send().await.expect("an answer");
    problem(answer, 401).await;
}
