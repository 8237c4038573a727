//! The closed loop, by wrk.

use std::{
    io::{BufWriter, Write as _},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;
use tokio::{process::Command, time};

use super::{
    Asked, ClosedLoop, Target, Traffic,
    requests::{Request, Requests},
};
use crate::meters::ended_children_micros;

const SCRIPT: &str = include_str!("wrk.lua");
/// What the line of figures begins with.
const FIGURES: &str = "larder-wrk ";
/// Requests that are prepared for each product; then the walk begins anew.
const PREPARED_FOR_EACH: u64 = 8;
/// Fewest and most that are prepared, so that neither the walk is short nor its making long.
const PREPARED: std::ops::RangeInclusive<u64> = 65_536..=524_288;
/// Batches are long; each is this many draws in one.
const DRAWS_IN_BATCH: u64 = 16;
/// How much longer than asked wrk may take, its preparation included.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks as fast as answers come, over `connections` kept connections, each with one request at a time. One thread asks for two cores.
///
/// # Errors
/// When wrk is not there, cannot connect, or does not end in time.
pub(crate) async fn closed_loop(
    target: &Target,
    traffic: &Traffic,
    connections: u32,
    duration: Duration,
) -> Result<ClosedLoop> {
    ensure!(connections > 0, "a closed loop needs at least one connection");
    ensure!(duration >= Duration::from_secs(1), "wrk runs for whole seconds, at least one");
    let prepared = prepare(Requests::new(target, traffic)?, traffic)?;
    let script = file(|file| file.write_all(SCRIPT.as_bytes()))?;
    let cores = std::thread::available_parallelism()?.get();
    let threads = u32::try_from(cores / 2)?.clamp(1, connections);
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "wrk"]);
    command.args(["--threads", &threads.to_string(), "--connections", &connections.to_string()]);
    command.args(["--duration", &format!("{}s", duration.as_secs()), "--timeout", "10s", "--script"]);
    command.arg(script.path()).arg(format!("http://{}", target.address)).arg("--");
    command.arg(prepared.path()).arg((traffic.seed % 1_000_000).to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let before = ended_children_micros()?;
    let ended = time::timeout(duration + PATIENCE, command.output()).await.context("wrk did not end")?;
    let generator_micros = ended_children_micros()?.saturating_sub(before);
    let output = ended.context("start wrk (needs setpriv and wrk; Debian: util-linux, wrk)")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let figures = read(&said).with_context(|| format!("wrk: {said}{}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(ClosedLoop { generator_micros, ..figures })
}

/// The requests in a file, as the script reads them.
fn prepare(mut requests: Requests, traffic: &Traffic) -> Result<NamedTempFile> {
    let wanted = (traffic.products.saturating_mul(PREPARED_FOR_EACH))
        .clamp(*PREPARED.start(), *PREPARED.end())
        .max(traffic.prepared_at_least);
    let count = if traffic.asked == Asked::Batch { wanted / DRAWS_IN_BATCH } else { wanted };
    file(|file| {
        (0..count).try_for_each(|_| match requests.draw() {
            Request::Read(text) => write!(file, "{text}\0"),
            Request::Write(text) => write!(file, "\u{1}{text}\0"),
        })
    })
}

fn file(fill: impl FnOnce(&mut BufWriter<&mut NamedTempFile>) -> std::io::Result<()>) -> Result<NamedTempFile> {
    let mut file = NamedTempFile::new().context("make a file for wrk")?;
    let mut writer = BufWriter::new(&mut file);
    fill(&mut writer).and_then(|()| writer.flush()).context("write a file for wrk")?;
    drop(writer);
    Ok(file)
}

/// The figures of the line that the script ends with. A system that answers nothing for a whole turn has done so: that is its figure.
fn read(output: &str) -> Result<ClosedLoop> {
    let line = output.lines().find_map(|line| line.strip_prefix(FIGURES)).context("no figures")?;
    let figures: Vec<u64> = line.split(' ').map(str::parse).collect::<Result<_, _>>().context("odd figures")?;
    let [answered, micros, bytes, refused, broken] = figures[..] else { anyhow::bail!("odd figures") };
    let elapsed = Duration::from_micros(micros);
    Ok(ClosedLoop { requests: answered - refused, elapsed, failed: refused + broken, bytes, generator_micros: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read() {
        let output = "Running 2s test\nlarder-wrk 100 2000000 54321 3 4\n";
        let ClosedLoop { requests, elapsed, failed, bytes, .. } = read(output).unwrap();
        assert_eq!((requests, elapsed, failed, bytes), (97, Duration::from_secs(2), 7, 54_321));
        assert!(read("unable to connect\n").is_err());
    }
}
