//! What a million entries take in a bare moka: what the memory of L1 is held against.

use std::fs;

use anyhow::{Context, Result};
use bytes::Bytes;
use moka::sync::Cache;

const ENTRIES: u64 = 1_000_000;

/// As the bodies of demo products have on average.
const BODY_BYTES: usize = 529;

#[expect(clippy::print_stdout, reason = "what it is run for")]
fn main() -> Result<()> {
    let before = resident_kib()?;
    let cache = Cache::builder().weigher(|_key, body: &Bytes| u32::try_from(body.len()).unwrap_or(u32::MAX));
    let cache: Cache<u64, Bytes> = cache.max_capacity(4 << 30).build();
    for key in 0..ENTRIES {
        let body = Bytes::from(vec![0; BODY_BYTES].into_boxed_slice());
        // As in a service, each body was cloned once.
        cache.insert(key, body.clone());
    }
    cache.run_pending_tasks();
    let bytes = (resident_kib()? - before) * 1_024 / cache.entry_count();
    println!(
        "{bytes} bytes of memory for an entry with a body of {BODY_BYTES}: {:.2} times",
        bytes as f64 / BODY_BYTES as f64
    );
    Ok(())
}

fn resident_kib() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("read the status of this process")?;
    let line = status.lines().find(|line| line.starts_with("RssAnon")).context("no resident memory in it")?;
    let figure = line.split_whitespace().nth(1).context("no figure")?;
    figure.parse().with_context(|| format!("{figure} is no number"))
}
