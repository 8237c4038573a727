//! Lists of products, and the figures over all of them.

use serde_json::{Value, json};

use super::{
    catalogue::unchanged,
    headers::OF_READS,
    operation::{Access, Operation, Success, in_path, in_query},
    schemas::product_example,
};
use crate::list_request::{DEFAULT_SIZE, MAX_LIMIT};

/// No control characters, and not blank.
const NAME: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// At most ten words.
const WORDS: &str = concat!(
    r"^[\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*",
    r"([^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+",
    r"([\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|$)){0,10}$",
);

pub(super) fn operations() -> Vec<Operation> {
    vec![newest(), search(), popular(), hot(), stats()]
}

fn list(path: &'static str, id: &'static str, summary: &'static str, description: &'static str) -> Operation {
    Operation {
        path,
        method: "get",
        id,
        tag: "lists",
        summary,
        description,
        access: Access::Open,
        parameters: Vec::new(),
        headers: &["If-None-Match", "Larder-Version", "Cache-Control", "Accept-Encoding"],
        body: None,
        successes: Vec::new(),
        problems: &[],
    }
}

fn answered(description: &'static str, schema: &str, example: Value) -> Vec<Success> {
    vec![Success::json(200, description, schema, example).with(OF_READS), unchanged()]
}

fn name() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": NAME })
}

/// Page or cursor.
fn stretch() -> [Value; 3] {
    let page = json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": 1_000_001 });
    let size = json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": 1000, "default": DEFAULT_SIZE });
    [
        in_query(
            "page",
            &page,
            &json!(1),
            "From 1, which is where a list without a cursor begins. It begins within a configured number of products, at most 1,000,000.",
        ),
        in_query("size", &size, &json!(DEFAULT_SIZE), "The most products of a page."),
        in_query(
            "cursor",
            &json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{54}$" }),
            &Value::Null,
            "A `next_cursor` of the same list, in place of `page`; costs the same at any depth.",
        ),
    ]
    .map(without_null_example)
}

/// No example is better than one that no server takes.
fn without_null_example(mut parameter: Value) -> Value {
    if parameter["example"].is_null()
        && let Some(members) = parameter.as_object_mut()
    {
        members.remove("example");
    }
    parameter
}

fn newest() -> Operation {
    let featured = json!({ "type": "boolean" });
    let own = [
        in_query("category", &name(), &json!("tea"), "Only this category; compared exactly."),
        in_query("featured", &featured, &json!(true), "Only those that are put forward, or only the others."),
    ];
    let example = json!({
        "total": 1, "page": 1, "size": 20, "pages": 1, "filters": { "category": "tea", "featured": null }, "next_cursor": null,
        "products": [product_example()],
    });
    Operation {
        parameters: own.into_iter().chain(stretch()).collect(),
        successes: answered("A page.", "ProductList", example),
        ..list("/api/v1/products", "listProducts", "List products", "The newest first.")
    }
}

fn search() -> Operation {
    let price = json!({ "type": "number", "minimum": 0, "maximum": 9_999_999_999.99, "multipleOf": 0.01 });
    let words = json!({ "type": "string", "maxLength": 200, "pattern": WORDS });
    let keys = json!({ "type": "string", "enum": ["popularity", "price", "sales", "rating", "created_at"], "default": "popularity" });
    let orders = json!({ "type": "string", "enum": ["desc", "asc"], "default": "desc" });
    let own = [
        in_query(
            "query",
            &words,
            &json!("green tea"),
            "Up to ten words, each somewhere in name or description; `%` and `_` are themselves.",
        ),
        in_query("category", &name(), &json!("tea"), "Only this category; compared exactly."),
        in_query("min_price", &price, &json!(5.0), "From this price on; not above `max_price`."),
        in_query("max_price", &price, &json!(20.0), "Up to this price."),
        in_query("sort_by", &keys, &json!("price"), "The key; equal products are sorted by id."),
        in_query("sort_order", &orders, &json!("asc"), "Which end comes first."),
    ];
    let example = json!({
        "query": "green tea", "category": "tea", "total": 1, "page": 1, "size": 20, "pages": 1, "next_cursor": null,
        "filters": { "min_price": 5.0, "max_price": 20.0, "sort_by": "price", "sort_order": "asc" },
        "products": [product_example()],
    });
    Operation {
        parameters: own.into_iter().chain(stretch()).collect(),
        successes: answered("A page of what was found.", "SearchResult", example),
        ..list(
            "/api/v1/products/search",
            "searchProducts",
            "Search products",
            "By words, category and price, in any order.",
        )
    }
}

fn limit() -> Value {
    let schema =
        json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_SIZE });
    in_query("limit", &schema, &json!(DEFAULT_SIZE), "The most products.")
}

fn popular() -> Operation {
    let example = json!({ "category": null, "count": 1, "products": [product_example()] });
    Operation {
        parameters: vec![limit()],
        successes: answered("The best sold.", "BestSold", example),
        ..list("/api/v1/products/popular", "popularProducts", "The best sold of all", "By sales, then by popularity.")
    }
}

fn hot() -> Operation {
    let example = json!({ "category": "tea", "count": 1, "products": [product_example()] });
    Operation {
        parameters: vec![in_path("category", &name(), &json!("tea"), "The category; compared exactly."), limit()],
        successes: answered("The best sold.", "BestSold", example),
        ..list(
            "/api/v1/products/hot/{category}",
            "hotProducts",
            "The best sold of a category",
            "By sales, then by popularity.",
        )
    }
}

fn stats() -> Operation {
    let example = json!({
        "total": 1000, "published": 950, "featured": 100, "total_stock": 40_000, "total_sales": 12_000, "publish_rate": 95.0,
        "featured_rate": 10.0, "timestamp": "2026-02-11T17:30:00.250000Z",
    });
    Operation {
        successes: answered("The figures.", "Stats", example),
        ..list(
            "/api/v1/products/stats/summary",
            "productStats",
            "Figures over all products",
            "Published or not; rates are percentages.",
        )
    }
}
