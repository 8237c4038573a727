//! One product, or some by their ids: read and written.

use serde_json::{Value, json};

use super::{
    headers::{OF_READS, OF_WRITES},
    operation::{Access, Content, Operation, Success, in_path, of},
    schemas::{draft_example, product_example},
};

const PRODUCT: &str = "/api/v1/products/{id}";
const WRITER: Access = Access::Role("writer");

/// What a write of an existing product may say in headers.
const CONDITIONS: &[&str] = &["If-Match", "If-None-Match"];
/// Of writes that tell where they may go wrong.
const WRITE_PROBLEMS: &[u16] = &[404, 409, 412];

pub(super) fn operations() -> Vec<Operation> {
    vec![read(), batch(), create(), replace(), patch(), delete(), adjust()]
}

fn id() -> Vec<Value> {
    let schema = json!({ "type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX });
    vec![in_path("id", &schema, &json!(1), "The id of the product.")]
}

fn read() -> Operation {
    Operation {
        path: PRODUCT,
        method: "get",
        id: "readProduct",
        tag: "products",
        summary: "Read a product",
        description: "Counts as a view. What is not published is there only for who has a token.",
        access: Access::Open,
        parameters: id(),
        headers: &["If-None-Match", "Larder-Version", "Cache-Control", "Accept-Encoding"],
        body: None,
        successes: vec![Success::json(200, "The product.", "Product", product_example()).with(OF_READS), unchanged()],
        problems: &[404],
    }
}

/// 304, of every read that has a tag.
pub(super) fn unchanged() -> Success {
    Success { status: 304, description: "What you have is current.", headers: OF_READS, content: Content::None }
}

fn batch() -> Operation {
    let ids = json!({
        "type": "array", "maxItems": 1000,
        "items": { "type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX },
    });
    let example = json!({ "products": { "1": product_example() }, "missing": [3] });
    Operation {
        path: "/api/v1/products/batch",
        method: "post",
        id: "readProducts",
        tag: "products",
        summary: "Read products by their ids",
        description: "Writes nothing. An id that is listed twice counts once.",
        access: Access::Open,
        parameters: Vec::new(),
        headers: &["Larder-Version", "Cache-Control", "Accept-Encoding"],
        body: Some((ids, json!([1, 3]))),
        successes: vec![Success::json(200, "What there is.", "Batch", example).with(OF_READS)],
        problems: &[],
    }
}

/// A write of the product in the path, by a body of `schema`.
fn write(method: &'static str, id_of_it: &'static str, schema: &str, example: Value) -> Operation {
    Operation {
        path: PRODUCT,
        method,
        id: id_of_it,
        tag: "products",
        summary: "",
        description: "",
        access: WRITER,
        parameters: id(),
        headers: CONDITIONS,
        body: Some((of(schema), example)),
        successes: vec![Success::json(200, "The product as it is now.", "Product", product_example()).with(OF_WRITES)],
        problems: WRITE_PROBLEMS,
    }
}

fn create() -> Operation {
    const HEADERS: &[&str] = &["ETag", "Cache-Control", "Larder-Version", "Location"];
    Operation {
        path: "/api/v1/products",
        summary: "Make a product",
        description: "Takes no conditions: `If-Match` and `If-None-Match` are refused.",
        parameters: Vec::new(),
        headers: &[],
        successes: vec![Success::json(201, "The new product.", "Product", product_example()).with(HEADERS)],
        problems: &[409],
        ..write("post", "createProduct", "ProductDraft", draft_example())
    }
}

fn replace() -> Operation {
    Operation {
        summary: "Replace a product",
        description: "What was read can be edited and sent back. Figures that are left out stay.",
        ..write("put", "replaceProduct", "ProductDraft", draft_example())
    }
}

fn patch() -> Operation {
    Operation {
        summary: "Change some members of a product",
        description: "`application/merge-patch+json` is taken as well.",
        ..write("patch", "patchProduct", "ProductPatch", json!({ "price": 11.9, "brand": null }))
    }
}

fn delete() -> Operation {
    let removed =
        Success { status: 204, description: "It is gone.", headers: &["Larder-Version"], content: Content::None };
    Operation {
        summary: "Remove a product",
        body: None,
        successes: vec![removed],
        problems: &[404, 412],
        ..write("delete", "deleteProduct", "Product", Value::Null)
    }
}

fn adjust() -> Operation {
    Operation {
        path: "/api/v1/products/{id}/adjustments",
        summary: "Change stock or sales by a step",
        description: "Relative, so that two who sell at once do not lose a piece. Takes no conditions.",
        headers: &[],
        problems: &[404],
        ..write("post", "adjustProduct", "Adjustment", json!({ "stock": -1, "sales": 1, "reason": "sold" }))
    }
}
