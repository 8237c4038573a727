//! What each route of the catalogue answers when all is well.

use reqwest::Method;
use serde_json::{Value, json};

use crate::larder::{ADMIN_TOKEN, Larder, draft, header, problem};

async fn body_of(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
    answer.json().await.expect("JSON")
}

#[tokio::test]
async fn a_product_comes_with_its_headers() {
    let larder = Larder::start(&[]);
    let created = larder.write(Method::POST, "/api/v1/products", &draft("NEW-1")).send().await.expect("an answer");
    assert_eq!(created.status(), 201);
    let location = header(&created, "location").to_owned();
    let tag = header(&created, "etag").to_owned();
    let made: Value = created.json().await.expect("JSON");
    assert_eq!(location, format!("/api/v1/products/{}", made["id"]));
    assert_eq!((&made["price"], &made["stock"]), (&json!(12.5), &json!(10)));

    let answer = larder.get(&location).header("x-request-id", "mine-1").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert_eq!(header(&answer, "etag"), tag);
    assert_eq!(header(&answer, "x-request-id"), "mine-1");
    assert!(!header(&answer, "cache-control").is_empty(), "{answer:?}");
    assert!(header(&answer, "cache-status").starts_with("larder; "), "{answer:?}");
    let text = answer.text().await.expect("a body");
    assert!(text.contains("\"price\":12.50,"), "exact decimals: {text}");
    assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), made);
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    // Lives would run on between the two answers.
    let larder = Larder::start(&[("LARDER__SERVER__CLIENT_MAX_AGE_MS", "0")]);
    let id = larder.create("HEAD-1", true).await;
    for path in [format!("/api/v1/products/{id}"), "/api/v1/products".into(), "/livez".into(), "/readyz".into()] {
        let get = larder.get(&path).send().await.expect("an answer");
        let head = larder.request(Method::HEAD, &path).send().await.expect("an answer");
        assert_eq!(head.status(), get.status());
        for name in ["etag", "content-type", "content-length", "cache-control"] {
            assert_eq!(header(&head, name), header(&get, name), "{name} of {path}");
        }
        assert!(head.bytes().await.expect("no body").is_empty());
    }
}

#[tokio::test]
async fn a_list_is_its_figures_and_its_products_newest_first() {
    let larder = Larder::start(&[("LARDER__DATABASE__DEMO_PRODUCTS", "0")]);
    for number in 1..=5 {
        let mut product = draft(&format!("LIST-{number}"));
        product["is_featured"] = json!(number % 2 == 0);
        product["category"] = json!(if number > 3 { "coffee & 咖啡" } else { "tea" });
        body_of(larder.write(Method::POST, "/api/v1/products", &product)).await;
    }
    let page = body_of(larder.get("/api/v1/products?page=2&size=2")).await;
    assert_eq!(page["total"], 5);
    assert_eq!((&page["page"], &page["size"], &page["pages"]), (&json!(2), &json!(2), &json!(3)));
    assert_eq!(page["filters"], json!({ "category": null, "featured": null }));
    let skus: Vec<_> = page["products"].as_array().expect("a list").iter().map(|product| &product["sku"]).collect();
    assert_eq!(skus, ["LIST-3", "LIST-2"]);

    let coffee = body_of(larder.get("/api/v1/products?category=coffee+%26+%E5%92%96%E5%95%A1&featured=true")).await;
    assert_eq!((&coffee["total"], &coffee["products"][0]["sku"]), (&json!(1), &json!("LIST-4")));
    assert_eq!(coffee["filters"], json!({ "category": "coffee & 咖啡", "featured": true }));

    let beyond = body_of(larder.get("/api/v1/products?page=9")).await;
    assert_eq!((&beyond["total"], &beyond["products"]), (&json!(5), &json!([])));
}

#[tokio::test]
async fn a_batch_answers_each_id_once_and_says_what_is_missing() {
    let larder = Larder::start(&[("LARDER__DATABASE__DEMO_PRODUCTS", "0")]);
    let (shown, hidden) = (larder.create("B-1", true).await, larder.create("B-2", false).await);
    let ids = json!([shown, 9_999, hidden, shown]);
    let anonymous = body_of(larder.request(Method::POST, "/api/v1/products/batch").json(&ids)).await;
    assert_eq!(anonymous["missing"], json!([9_999, hidden]));
    assert_eq!(anonymous["products"].as_object().expect("an object").len(), 1);
    assert_eq!(anonymous["products"][shown.to_string()]["sku"], "B-1");
    let bearer = body_of(larder.write(Method::POST, "/api/v1/products/batch", &ids)).await;
    assert_eq!(bearer["missing"], json!([9_999]));
    let none = body_of(larder.request(Method::POST, "/api/v1/products/batch").json(&json!([]))).await;
    assert_eq!(none, json!({ "products": {}, "missing": [] }));
}

#[tokio::test]
async fn unpublished_products_are_for_bearers_only() {
    let larder = Larder::start(&[("LARDER__DATABASE__DEMO_PRODUCTS", "0")]);
    let id = larder.create("HIDDEN-1", false).await;
    let path = format!("/api/v1/products/{id}");
    // Twice, so that a cached answer is hidden as well.
    for _ in 0..2 {
        problem(larder.get(&path).send().await.expect("an answer"), 404).await;
        let shown = larder.get(&path).bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
        assert_eq!((shown.status().as_u16(), header(&shown, "cache-control")), (200, "private, no-cache"));
        assert_eq!(body_of(larder.get("/api/v1/products")).await["total"], 0);
        assert_eq!(larder.total().await, 1);
    }
}

#[tokio::test]
async fn writes_are_seen_by_the_next_read() {
    let larder = Larder::start(&[]);
    let id = larder.create("W-1", true).await;
    let path = format!("/api/v1/products/{id}");
    let mut expected = body_of(larder.get(&path)).await;

    let mut replacement = draft("W-1");
    replacement["price"] = json!(99.9);
    let replaced = body_of(larder.write(Method::PUT, &path, &replacement)).await;
    assert_eq!(body_of(larder.get(&path)).await, replaced);
    assert_eq!(replaced["price"], json!(99.9));
    assert!(replaced["version"].as_i64() > expected["version"].as_i64());

    let patched = body_of(larder.write(Method::PATCH, &path, &json!({ "name": "Black tea", "brand": "Leaf" }))).await;
    assert_eq!(body_of(larder.get(&path)).await, patched);
    assert_eq!((&patched["name"], &patched["price"]), (&json!("Black tea"), &json!(99.9)));

    let sale = json!({ "stock": -3, "sales": 3, "reason": "sold" });
    expected = body_of(larder.write(Method::POST, &format!("{path}/adjustments"), &sale)).await;
    assert_eq!((&expected["stock"], &expected["sales"]), (&json!(7), &json!(3)));
    assert_eq!(body_of(larder.get(&path)).await, expected);

    let deleted = larder.write(Method::DELETE, &path, &json!({})).send().await.expect("an answer");
    assert_eq!(deleted.status(), 204);
    problem(larder.get(&path).send().await.expect("an answer"), 404).await;
    for method in [Method::PUT, Method::DELETE] {
        problem(larder.write(method, &path, &replacement).send().await.expect("an answer"), 404).await;
    }
}

#[tokio::test]
async fn a_sku_belongs_to_one_product() {
    let larder = Larder::start(&[]);
    larder.create("SKU-1", true).await;
    let other = larder.create("SKU-2", true).await;
    let again = larder.write(Method::POST, "/api/v1/products", &draft("SKU-1")).send().await.expect("an answer");
    problem(again, 409).await;
    let path = format!("/api/v1/products/{other}");
    let taken = larder.write(Method::PATCH, &path, &json!({ "sku": "SKU-1" })).send().await.expect("an answer");
    problem(taken, 409).await;
    assert_eq!(body_of(larder.get(&path)).await["sku"], "SKU-2");
}

#[tokio::test]
async fn health_routes_tell_of_each_part() {
    let larder = Larder::start(&[]);
    assert_eq!(body_of(larder.get("/livez")).await["status"], "alive");
    assert_eq!(body_of(larder.get("/readyz")).await["status"], "ready");
    let health = body_of(larder.get("/health")).await;
    assert_eq!((&health["status"], &health["parts"]["database"]["status"]), (&json!("healthy"), &json!("up")));
    assert!(health["parts"]["database"]["latency_ms"].is_number());
    assert!(health["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
}
