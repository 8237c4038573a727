//! The document is held against the routes, and each example against its schema.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::document;
use crate::routes;

/// Paths that show pages to people, and what these pages load: no part of the API.
fn is_for_people(path: &str) -> bool {
    path == "/" || ["/favicon", "/assets/", "/docs"].iter().any(|start| path.starts_with(start))
}

#[test]
fn every_method_of_every_route_is_described_and_nothing_else() {
    let there_is: BTreeSet<(String, String)> = routes::routes()
        .into_iter()
        .filter(|(path, _)| !is_for_people(path))
        .flat_map(|(path, methods)| {
            methods.split(", ").map(move |method| (path.replace(":.+", ""), method.to_lowercase()))
        })
        .collect();
    let document = document();
    let paths = document["paths"].as_object().expect("paths");
    let described: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().expect("methods").keys().map(move |method| (path.clone(), method.clone()))
        })
        .collect();
    assert_eq!(described, there_is);
}

#[test]
fn each_operation_has_a_name_of_its_own_and_describes_the_parameters_of_its_path() {
    let document = document();
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let name = operation["operationId"].as_str().expect("a name");
            assert!(names.insert(name.to_owned()), "{name} twice");
            let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
            let parameters = operation["parameters"].as_array().expect("parameters");
            let described =
                parameters.iter().filter(|parameter| parameter["in"] == "path").map(|parameter| &parameter["name"]);
            assert!(in_path.eq(described), "{method} {path}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_no_component_is_left_over() {
    let document = document();
    let mut references = BTreeSet::new();
    collect_references(&document, &mut references);
    for reference in &references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for kind in ["schemas", "headers", "parameters"] {
        for name in document["components"][kind].as_object().expect("components").keys() {
            let is_special = kind == "headers" && name == "Allow";
            assert!(is_special || references.contains(&format!("#/components/{kind}/{name}")), "{kind} {name}");
        }
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

#[test]
fn every_example_obeys_its_schema() {
    let document = document();
    let mut examples = Vec::new();
    collect_examples(&document, &mut examples);
    assert!(examples.len() > 60, "{}", examples.len());
    for (schema, example) in examples {
        let whole = json!({ "allOf": [schema], "components": document["components"] });
        let validator = jsonschema::validator_for(&whole).expect("a schema");
        let broken: Vec<String> =
            validator.iter_errors(&example).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(broken.is_empty(), "{example}: {broken:?}");
    }
}

/// Each example beside the schema that it is of.
fn collect_examples(value: &Value, found: &mut Vec<(Value, Value)>) {
    if let (Some(schema), Some(example)) = (value.get("schema"), value.get("example")) {
        found.push((schema.clone(), example.clone()));
    }
    if let (Some(schema), Some(examples)) = (value.get("schema"), value.get("examples").and_then(Value::as_object)) {
        found.extend(examples.values().map(|example| (schema.clone(), example["value"].clone())));
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| collect_examples(member, found)),
        Value::Array(items) => items.iter().for_each(|item| collect_examples(item, found)),
        _ => {}
    }
}
