//! Products, what makes and changes them, and lists of them.

use larder_domain::{Price, Rating};
use serde_json::{Value, json};

use super::{count, flag, list, nullable, object, one_of, text, time};
use crate::openapi::operation::of;

/// The largest count that a draft may have.
const MAX_COUNT: i64 = 1_000_000_000_000;
/// The largest step of an adjustment.
const MAX_DELTA: i64 = 1_000_000_000;
/// No control characters, and not blank.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
/// No control characters but line breaks and tabs.
const LINES: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
const URL: &str = r"^(https?://|/)[^\u0000-\u001f\u007f-\u009f]*$";

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let stats = object(
        "Figures over all products, published or not.",
        json!({
            "total": count("How many there are."),
            "published": count("How many everybody sees."),
            "featured": count("How many are put forward."),
            "total_stock": count("Pieces in stock."),
            "total_sales": count("Pieces sold."),
            "publish_rate": percent("Published of all."),
            "featured_rate": percent("Featured of all."),
            "timestamp": time("When it was counted."),
        }),
    );
    let batch = object(
        "Products by their ids.",
        json!({
            "products": {
                "type": "object", "propertyNames": { "pattern": "^[1-9][0-9]{0,18}$" }, "additionalProperties": of("Product"),
                "description": "The products, by id.",
            },
            "missing": list(id(), "The ids that are nothing that you may see."),
        }),
    );
    vec![
        ("Product", product()),
        ("ProductDraft", draft()),
        ("ProductPatch", patch()),
        ("Adjustment", adjustment()),
        ("ProductList", product_list()),
        ("SearchResult", search_result()),
        ("BestSold", best_sold()),
        ("Batch", batch),
        ("Stats", stats),
    ]
}

fn line(max: u32, description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max, "pattern": LINE, "description": description })
}

fn id() -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX, "description": "Given once by the database." })
}

fn hundredths(max: i64, description: &str) -> Value {
    // Written with two digits behind the point, as the largest value is.
    let max = serde_json::from_str::<Value>(&format!("{}.{:02}", max / 100, max % 100)).unwrap_or_default();
    json!({ "type": "number", "minimum": 0, "maximum": max, "multipleOf": 0.01, "description": description })
}

fn price(description: &str) -> Value {
    hundredths(Price::MAX_HUNDREDTHS, description)
}

fn percent(description: &str) -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.01, "description": description })
}

fn amount(description: &str) -> Value {
    json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": MAX_COUNT, "description": description })
}

fn description() -> Value {
    json!({ "type": "string", "maxLength": 10_000, "pattern": LINES, "description": "Free text; may be empty." })
}

fn image() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 2048, "pattern": URL, "description": "Address of its picture." })
}

/// What a client may set, in the form in which it must be set.
fn settable() -> Value {
    json!({
        "name": line(200, "Display name."),
        "description": description(),
        "price": price("What it costs now."),
        "original_price": nullable(price("What it cost before a reduction.")),
        "stock": amount("Pieces in stock."),
        "sku": line(64, "Stock-keeping unit: unique."),
        "category": line(64, "Where it is listed; compared exactly."),
        "subcategory": nullable(line(64, "A finer place within the category.")),
        "brand": nullable(line(100, "Who makes it.")),
        "sales": amount("Pieces sold."),
        "popularity": amount("How often it was looked at."),
        "rating": hundredths(Rating::MAX_HUNDREDTHS, "Average of its reviews."),
        "review_count": amount("Number of its reviews."),
        "is_published": flag("Whether everybody sees it."),
        "is_featured": flag("Whether it is put forward."),
        "main_image_url": nullable(image()),
    })
}

fn product() -> Value {
    let mut members = settable();
    members["id"] = id();
    members["discount_rate"] = percent("By how many percent the price lies below the original price.");
    members["created_at"] = time("When it was made.");
    members["updated_at"] = time("When it last changed.");
    members["version"] =
        json!({ "type": "integer", "format": "int64", "minimum": 1, "description": "Grows with every change." });
    // Adjustments may go beyond what a draft may say, and views count on.
    for counter in ["stock", "sales", "popularity", "review_count"] {
        members[counter] = count(members[counter]["description"].as_str().unwrap_or_default());
    }
    let mut schema = object("A product.", members);
    schema["example"] = product_example();
    schema
}

fn draft() -> Value {
    let mut members = settable();
    for figure in ["sales", "popularity", "rating", "review_count"] {
        members[figure] = nullable(members[figure].take());
    }
    members["description"]["default"] = json!("");
    members["stock"]["default"] = json!(0);
    members["is_published"]["default"] = json!(true);
    members["is_featured"]["default"] = json!(false);
    for ignored in ["id", "discount_rate", "created_at", "updated_at", "version"] {
        members[ignored] = json!({ "description": "Accepted and ignored, so that what was read can be sent back." });
    }
    let about =
        "A whole product. Figures that are left out or null start at zero; when a product is replaced, they stay.";
    let mut schema = object(about, members);
    schema["required"] = json!(["name", "price", "sku", "category"]);
    schema
}

fn patch() -> Value {
    let about = "A JSON merge patch (RFC 7396): what is left out stays; null clears what may be absent.";
    let mut schema = object(about, settable());
    schema["required"] = json!([]);
    schema["minProperties"] = json!(1);
    schema
}

fn adjustment() -> Value {
    let step = |what: &str| json!({ "type": "integer", "format": "int64", "minimum": -MAX_DELTA, "maximum": MAX_DELTA, "default": 0, "description": what });
    let mut schema = object(
        "A relative change, with its reason. One of the steps is not zero.",
        json!({
            "stock": step("Added to the stock, which does not fall below zero."),
            "sales": step("Added to the sales, which do not fall below zero."),
            "reason": line(200, "Why; kept beside the change."),
        }),
    );
    schema["required"] = json!(["reason"]);
    let moves = |name: &str| json!({ "required": [name], "properties": { name: { "not": { "const": 0 } } } });
    schema["anyOf"] = json!([moves("stock"), moves("sales")]);
    schema
}

/// Members of every list that has pages.
fn paged(filters: Value) -> Value {
    json!({
        "total": count("How many products the filters leave."),
        "page": { "type": ["integer", "null"], "minimum": 1, "description": "Null where a cursor led." },
        "size": { "type": "integer", "minimum": 1, "maximum": 1000, "description": "The most products of a page." },
        "pages": count("How many pages there are."),
        "filters": filters,
        "next_cursor": { "type": ["string", "null"], "description": "Send it as `cursor`, with the same filters, to go on; null at the end." },
        "products": list(of("Product"), "The products."),
    })
}

fn product_list() -> Value {
    let filters = object(
        "What was asked for.",
        json!({
            "category": nullable(text("Only this one.")),
            "featured": nullable(flag("Only those, or only others.")),
        }),
    );
    object("A page of products, newest first.", paged(filters))
}

fn search_result() -> Value {
    let filters = object(
        "What was asked for.",
        json!({
            "min_price": nullable(price("From here.")),
            "max_price": nullable(price("To here.")),
            "sort_by": one_of(&["popularity", "price", "sales", "rating", "created_at"], "The key."),
            "sort_order": one_of(&["desc", "asc"], "The order."),
        }),
    );
    let mut members = paged(filters);
    members["query"] = text("The text as it was given.");
    members["category"] = nullable(text("Only this one."));
    object("A page of what was found.", members)
}

fn best_sold() -> Value {
    object(
        "The best sold; among equals, the most looked at.",
        json!({
            "category": nullable(text("Null for all.")),
            "count": { "type": "integer", "minimum": 0, "maximum": 100, "description": "How many follow." },
            "products": list(of("Product"), "The products."),
        }),
    )
}

/// A product as it is answered.
pub(in crate::openapi) fn product_example() -> Value {
    json!({
        "id": 122, "name": "Green tea 绿茶", "description": "From the first harvest.", "price": 12.5, "original_price": 15.0,
        "discount_rate": 16.67, "stock": 40, "sku": "TEA-0122", "category": "tea", "subcategory": "green", "brand": "Larder",
        "sales": 310, "popularity": 5120, "rating": 4.6, "review_count": 87, "is_published": true, "is_featured": false,
        "main_image_url": "https://example.org/tea.jpg", "created_at": "2026-01-05T08:00:00.000000Z",
        "updated_at": "2026-02-11T17:30:00.250000Z", "version": 4711,
    })
}

/// A product as it is sent.
pub(in crate::openapi) fn draft_example() -> Value {
    json!({ "name": "Green tea 绿茶", "price": 12.5, "sku": "TEA-0122", "category": "tea", "stock": 40 })
}
