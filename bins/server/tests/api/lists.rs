//! Searched, sorted and sought lists, the best sold, and the figures: the same over both databases.

use larder_test_support::Postgres;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    cluster::eventually,
    larder::{Larder, draft, header, problem},
};

/// A server over SQLite, and one over PostgreSQL, both without products.
async fn shops() -> Vec<Larder> {
    let database = Postgres::shared().await.expect("a server").fresh_database().await.expect("a database");
    let empty = ("LARDER__DATABASE__DEMO_PRODUCTS", "0");
    let url = database.url();
    let shops = vec![
        Larder::start(&[empty]).hears(false).await,
        Larder::start(&[("LARDER__DATABASE__URL", &url)]).hears(false).await,
    ];
    // The database lasts as long as the test program.
    std::mem::forget(database);
    shops
}

async fn add(larder: &Larder, fields: Value) -> i64 {
    let mut body = draft(fields["sku"].as_str().expect("a SKU"));
    for (name, value) in fields.as_object().expect("fields") {
        body[name] = value.clone();
    }
    let made = larder.write(Method::POST, "/api/v1/products", &body).send().await.expect("an answer");
    assert_eq!(made.status(), 201);
    made.json::<Value>().await.expect("JSON")["id"].as_i64().expect("an id")
}

async fn fetch(larder: &Larder, path: &str) -> Value {
    let answer = larder.get(path).send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{path}: {answer:?}");
    answer.json().await.expect("JSON")
}

fn skus(list: &Value) -> Vec<&str> {
    list["products"].as_array().expect("a list").iter().map(|product| product["sku"].as_str().expect("text")).collect()
}

async fn stock(larder: &Larder) {
    for (sku, name, category, price, sales, published) in [
        ("A", "Wireless Headphones 50% off", "audio", 199.0, 7, true),
        ("B", "无线耳机 a_b", "audio", 99.5, 9, true),
        ("C", "Teapot, wireless", "kitchen", 20.0, 9, true),
        ("D", "Hidden headphones", "audio", 10.0, 100, false),
    ] {
        let fields = json!({
            "sku": sku, "name": name, "category": category, "price": price, "sales": sales, "is_published": published,
            "popularity": if sku == "C" { 5 } else { 1 }, "description": "Sold in a box. 附赠收纳盒",
        });
        add(larder, fields).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_words_in_any_script_and_shows_what_it_looked_for() {
    for larder in shops().await {
        stock(&larder).await;
        for (query, found) in [
            ("query=WIRELESS&sort_by=price", &["A", "C"][..]),
            ("query=wireless+head", &["A"]),
            ("query=%E8%80%B3%E6%9C%BA", &["B"]),
            ("query=%E6%97%A0", &["B"]),
            ("query=%E6%94%B6%E7%BA%B3%E7%9B%92&sort_by=price&sort_order=asc", &["C", "B", "A"]),
            ("query=%25", &["A"]),
            ("query=_", &["B"]),
            ("query=a_b", &["B"]),
            ("query=nothing+has+this", &[]),
            ("query=&category=audio&sort_by=created_at", &["B", "A"]),
            ("min_price=99.50&max_price=199&sort_by=price&sort_order=asc", &["B", "A"]),
            ("max_price=20", &["C"]),
            ("sort_by=sales", &["C", "B", "A"]),
            ("sort_by=sales&sort_order=asc", &["A", "B", "C"]),
        ] {
            let list = fetch(&larder, &format!("/api/v1/products/search?{query}")).await;
            assert_eq!(skus(&list), found, "{query}: {list}");
            assert_eq!(list["total"], found.len(), "{query}");
        }
        let list = fetch(&larder, "/api/v1/products/search?query=Tea&category=kitchen&min_price=1.5").await;
        assert_eq!((&list["query"], &list["category"]), (&json!("Tea"), &json!("kitchen")));
        let filters = json!({ "min_price": 1.5, "max_price": null, "sort_by": "popularity", "sort_order": "desc" });
        assert_eq!(list["filters"], filters);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_sold_come_first_and_a_sale_moves_them() {
    for larder in shops().await {
        stock(&larder).await;
        let hot = fetch(&larder, "/api/v1/products/hot/audio").await;
        assert_eq!((&hot["category"], &hot["count"], skus(&hot)), (&json!("audio"), &json!(2), vec!["B", "A"]));
        let popular = fetch(&larder, "/api/v1/products/popular?limit=2").await;
        assert_eq!((&popular["category"], skus(&popular)), (&Value::Null, vec!["C", "B"]));
        let id = hot["products"][1]["id"].as_i64().expect("an id");
        let sale = json!({ "sales": 3, "stock": -3, "reason": "sold" });
        let sold = larder.write(Method::POST, &format!("/api/v1/products/{id}/adjustments"), &sale).send().await;
        assert_eq!(sold.expect("an answer").status(), 200);
        assert_eq!(skus(&fetch(&larder, "/api/v1/products/hot/audio").await), ["A", "B"]);
        assert_eq!(skus(&fetch(&larder, "/api/v1/products/popular").await), ["A", "C", "B"]);
        let none = fetch(&larder, "/api/v1/products/hot/%E8%8C%B6%2F%25").await;
        assert_eq!((&none["category"], &none["count"]), (&json!("茶/%"), &json!(0)));
        for bad in ["hot/audio?limit=0", "hot/audio?limit=101", "popular?page=1", "hot/%ff", "hot/%00"] {
            problem(larder.get(&format!("/api/v1/products/{bad}")).send().await.expect("an answer"), 400).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_lead_through_a_list_once_and_fit_no_other() {
    for larder in shops().await {
        for number in 0..7 {
            add(&larder, json!({ "sku": format!("C-{number}"), "price": f64::from(number / 2), "name": "Cup" })).await;
        }
        let path = "/api/v1/products/search?query=cup&sort_by=price&sort_order=asc&size=3";
        let first = fetch(&larder, path).await;
        let cursor = first["next_cursor"].as_str().expect("more follow");
        let second = fetch(&larder, &format!("{path}&cursor={cursor}")).await;
        assert_eq!((&second["page"], &second["total"]), (&Value::Null, &json!(7)));
        let last = second["next_cursor"].as_str().expect("one follows");
        let third = fetch(&larder, &format!("{path}&cursor={last}")).await;
        assert_eq!(third["next_cursor"], Value::Null);
        let all: Vec<_> = [&first, &second, &third].into_iter().flat_map(skus).collect();
        assert_eq!(all, ["C-0", "C-1", "C-2", "C-3", "C-4", "C-5", "C-6"]);
        for other in ["search?query=cup&sort_by=price", "search?sort_by=price&sort_order=asc", "?size=3"] {
            let joint = if other.contains('?') && other.len() > 1 { '&' } else { '?' };
            let path = format!("/api/v1/products/{other}{joint}cursor={cursor}").replace("products/?", "products?");
            let refused = problem(larder.get(&path).send().await.expect("an answer"), 400).await;
            assert_eq!(refused["errors"][0]["field"], "cursor", "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_too_deep_are_refused_with_the_way_out() {
    let larder = Larder::start(&[("LARDER__PAGING__MAX_OFFSET", "100")]);
    assert_eq!(fetch(&larder, "/api/v1/products?page=6&size=20").await["page"], 6);
    let refused = problem(larder.get("/api/v1/products?page=7&size=20").send().await.expect("an answer"), 400).await;
    assert!(refused["errors"][0]["rule"].as_str().expect("a rule").contains("next_cursor"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_every_write_and_say_when_they_were_counted() {
    for larder in shops().await {
        stock(&larder).await;
        let path = "/api/v1/products/stats/summary";
        let stats = fetch(&larder, path).await;
        assert_eq!((&stats["total"], &stats["published"], &stats["featured"]), (&json!(4), &json!(3), &json!(0)));
        assert_eq!((&stats["total_stock"], &stats["total_sales"]), (&json!(40), &json!(125)));
        assert_eq!((&stats["publish_rate"], &stats["featured_rate"]), (&json!(75.0), &json!(0.0)));
        eventually("the figures are counted once", async || {
            let first = fetch(&larder, path).await;
            fetch(&larder, path).await["timestamp"] == first["timestamp"]
        })
        .await;
        add(&larder, json!({ "sku": "E", "is_featured": true })).await;
        let stats = fetch(&larder, path).await;
        assert_eq!((&stats["total"], &stats["featured_rate"]), (&json!(5), &json!(20.0)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_read_is_answered_from_memory_the_second_time() {
    for larder in shops().await {
        stock(&larder).await;
        let first = fetch(&larder, "/api/v1/products?size=1").await;
        let cursor = first["next_cursor"].as_str().expect("more follow");
        for path in [
            "/api/v1/products/1".to_owned(),
            "/api/v1/products?category=audio".into(),
            format!("/api/v1/products?size=1&cursor={cursor}"),
            "/api/v1/products/search?query=wireless".into(),
            "/api/v1/products/search?query=%E8%80%B3%E6%9C%BA".into(),
            "/api/v1/products/search?query=nothing+has+this".into(),
            "/api/v1/products/hot/audio".into(),
            "/api/v1/products/popular".into(),
            "/api/v1/products/stats/summary".into(),
        ] {
            // What was written before is announced once more to who wrote it, and forgotten then.
            eventually(&path, async || {
                fetch(&larder, &path).await;
                let again = larder.get(&path).send().await.expect("an answer");
                header(&again, "cache-status") == "larder; hit; detail=l1"
            })
            .await;
        }
    }
}
