//! One operation, and what follows from its kind: who may, what it is sent, which statuses, headers and problems it has.

use serde_json::{Map, Value, json};

use super::headers;

/// Who may do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Everybody, and no token is looked at.
    Unasked,
    /// Everybody; who has a token sees more.
    Open,
    /// Who has a token of this role, or of a higher one.
    Role(&'static str),
}

/// What an operation is, before it is JSON.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    pub(super) access: Access,
    /// Those in the path and in the query string.
    pub(super) parameters: Vec<Value>,
    /// Names of parameters that stand in headers.
    pub(super) headers: &'static [&'static str],
    /// The schema of the body, and an example of it.
    pub(super) body: Option<(Value, Value)>,
    pub(super) successes: Vec<Success>,
    /// Statuses of problems, besides those that every operation can have.
    pub(super) problems: &'static [u16],
}

/// One good answer.
#[derive(Debug)]
pub(super) struct Success {
    pub(super) status: u16,
    pub(super) description: &'static str,
    /// Names of headers, besides those that every answer has.
    pub(super) headers: &'static [&'static str],
    pub(super) content: Content,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Content {
    None,
    /// JSON of a schema, and an example.
    Json(Value, Value),
    /// Text of a media type.
    Text(&'static str, &'static str),
}

impl Success {
    pub(super) fn json(status: u16, description: &'static str, schema: &str, example: Value) -> Self {
        Self { status, description, headers: &[], content: Content::Json(of(schema), example) }
    }

    pub(super) fn with(self, headers: &'static [&'static str]) -> Self {
        Self { headers, ..self }
    }

    fn response(&self, access: Access, has_body: bool) -> Value {
        let mut response = json!({ "description": self.description, "headers": headers::of(self.headers, access) });
        match &self.content {
            Content::Json(schema, example) if has_body => {
                response["content"] = json!({ "application/json": { "schema": schema, "example": example } });
            }
            Content::Text(media_type, example) if has_body => {
                response["content"][*media_type] = json!({ "schema": { "type": "string" }, "example": example });
            }
            _ => {}
        }
        response
    }
}

impl Operation {
    /// As OpenAPI has it.
    pub(super) fn json(&self) -> Value {
        self.described(self.id.to_owned(), true)
    }

    /// HEAD beside a GET: the same without a body.
    pub(super) fn head(&self) -> Value {
        let mut first = self.id.chars();
        let id =
            first.next().map_or_else(String::new, |letter| format!("head{}{}", letter.to_uppercase(), first.as_str()));
        let mut head = self.described(id, false);
        head["summary"] = format!("{} (head only)", self.summary).into();
        head
    }

    fn described(&self, id: String, has_body: bool) -> Value {
        let names = self.headers.iter().chain(&["X-Request-Id", "traceparent"]);
        let in_headers = names.map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }));
        let parameters: Vec<Value> = self.parameters.iter().cloned().chain(in_headers).collect();
        let mut operation = json!({
            "operationId": id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.described_access(),
            "parameters": parameters,
            "responses": self.responses(has_body),
            "security": self.security(),
        });
        if let Some((schema, example)) = &self.body {
            let content = json!({ "application/json": { "schema": schema, "example": example } });
            operation["requestBody"] = json!({ "required": true, "content": content });
        }
        operation
    }

    fn described_access(&self) -> String {
        match self.access {
            Access::Role(role) => {
                format!("{}\n\nNeeds a token of the role {role}.", self.description).trim_start().to_owned()
            }
            _ => self.description.to_owned(),
        }
    }

    fn security(&self) -> Value {
        match self.access {
            Access::Unasked => json!([]),
            Access::Open => json!([{}, { "token": [] }]),
            Access::Role(_) => json!([{ "token": [] }]),
        }
    }

    fn responses(&self, has_body: bool) -> Value {
        let mut responses = Map::new();
        for success in &self.successes {
            responses.insert(success.status.to_string(), success.response(self.access, has_body));
        }
        let of_body: &[u16] = if self.body.is_some() { &[408, 413, 415, 422] } else { &[] };
        for status in self.common().iter().chain(of_body).chain(self.problems) {
            // HEAD has the statuses of GET, and no bodies.
            let name = if has_body { format!("Problem{status}") } else { format!("Bare{status}") };
            let response = json!({ "$ref": format!("#/components/responses/{name}") });
            responses.entry(status.to_string()).or_insert(response);
        }
        Value::Object(responses)
    }

    /// Of every operation; a role makes a token needed.
    fn common(&self) -> &'static [u16] {
        match self.access {
            Access::Unasked => &[406, 414, 431, 500, 503, 504],
            Access::Open => &[400, 401, 406, 414, 429, 431, 500, 503, 504],
            Access::Role(_) if self.method == "get" => &[400, 401, 403, 406, 414, 429, 431, 500, 503, 504],
            Access::Role(_) => &[400, 401, 403, 414, 429, 431, 500, 503, 504],
        }
    }
}

/// A reference to a schema.
pub(super) fn of(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// A parameter in the path.
pub(super) fn in_path(name: &str, schema: &Value, example: &Value, description: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": schema, "example": example, "description": description })
}

/// A parameter in the query string that may be left out.
pub(super) fn in_query(name: &str, schema: &Value, example: &Value, description: &str) -> Value {
    json!({ "name": name, "in": "query", "required": false, "schema": schema, "example": example, "description": description })
}
