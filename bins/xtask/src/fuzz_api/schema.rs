//! The document is valid, and the server does what it says.

use std::path::Path;

use anyhow::Result;

use super::node::{Node, TOKEN};
use crate::step;

const SETTINGS: &str = "bins/xtask/src/fuzz_api/schemathesis.toml";
/// The validator reads files only.
const DOWNLOAD: &str = "import sys, urllib.request; urllib.request.urlretrieve(*sys.argv[1:])";
const SAVED: &str = "target/fuzz-api/openapi.json";
/// Its answer has no end.
const ENDLESS: &str = "/admin/live/stream";
const REPORTS: &str = "target/fuzz-api/reports";

/// Holds the document against the rules of OpenAPI 3.1.
pub(super) fn validate(programs: &Path, node: &Node) -> Result<()> {
    let program = |name: &str| programs.join(name).display().to_string();
    step::run(&mut step::command(&program("python"), &["-c", DOWNLOAD, &document(node), SAVED]))?;
    step::run(&mut step::command(&program("openapi-spec-validator"), &["--schema", "3.1", SAVED]))
}

/// Sends what the document allows and what it does not, from one seed.
pub(super) fn fuzz(programs: &Path, node: &Node, seconds: u32, seed: u64) -> Result<()> {
    let schemathesis = programs.join("schemathesis").display().to_string();
    let (seconds, seed, token) = (seconds.to_string(), seed.to_string(), format!("Authorization: Bearer {TOKEN}"));
    let mut fuzz = step::command(&schemathesis, &["--config-file", SETTINGS, "run", &document(node)]);
    fuzz.args(["--header", &token, "--seed", &seed, "--max-time", &seconds, "--report-dir", REPORTS]);
    step::run(fuzz.args(["--continue-on-failure", "--no-color", "--exclude-path", ENDLESS]))
}

pub(super) fn document(node: &Node) -> String {
    format!("{}/openapi.json", node.url())
}
