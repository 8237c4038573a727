//! A client that a program made from the document reads, writes, searches and pages.

use std::path::Path;

use anyhow::Result;

use super::{
    node::{Node, TOKEN},
    schema::document,
};
use crate::step;

const MADE: &str = "target/fuzz-api/client";
const SCRIPT: &str = "bins/xtask/src/fuzz_api/try_client.py";

/// Makes the client and lets a script use it.
pub(super) fn try_out(programs: &Path, node: &Node) -> Result<()> {
    let program = |name: &str| programs.join(name).display().to_string();
    let arguments = ["generate", "--url", &document(node), "--output-path", MADE, "--meta", "none", "--overwrite"];
    step::run(&mut step::command(&program("openapi-python-client"), &arguments))?;
    let mut script = step::command(&program("python"), &[SCRIPT, &node.url()]);
    step::run(script.env("PYTHONPATH", "target/fuzz-api").env("LARDER_TOKEN", TOKEN))
}
