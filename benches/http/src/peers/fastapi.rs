//! The recipes with FastAPI, served by uvicorn.

use std::{net::SocketAddr, path::Path, time::Instant};

use anyhow::{Context, Result, ensure};
use tokio::time::sleep;

use super::{DEADLINE, LOOK, Peer, Recipe, group::Group};

/// Where `cargo x bench http` installs Python's packages, from the workspace.
const PROGRAM: &str = "target/bench-http/python/bin/uvicorn";
const RECIPES: &str = "benches/peers/fastapi";
/// What uvicorn says before its address, of a worker that ended, and what each worker says once it serves.
const RUNNING: &str = "running on http://";
const DIED: &str = "] died";
const COMPLETE: &str = "startup complete";

impl Recipe {
    /// The module, and its `LEVELS`.
    fn settings(self) -> (&'static str, &'static str) {
        match self {
            Self::TunedPlain => ("tuned", "none"),
            Self::TunedRedis => ("tuned", "redis"),
            Self::TunedTwoLevel => ("tuned", "two-level"),
            Self::ArticlePlain => ("article", "none"),
            Self::ArticleRedis => ("article", "redis"),
            Self::ArticleTwoLevel => ("article", "two-level"),
        }
    }
}

/// Starts a recipe with so many workers, and waits until all serve. The database must have Larder's schema.
///
/// # Errors
/// When it is not installed, or does not start within a minute; the message has what it said.
pub(crate) async fn start_recipe(recipe: Recipe, postgres_url: &str, redis_url: &str, workers: usize) -> Result<Peer> {
    ensure!(workers > 0, "a recipe needs at least one worker");
    let program = std::path::absolute(PROGRAM)?;
    ensure!(
        program.exists() && Path::new(RECIPES).is_dir(),
        "{PROGRAM} or {RECIPES} is not there: `cargo x bench http`, within the workspace, installs what the recipes need"
    );
    let (module, levels) = recipe.settings();
    let folder = tempfile::tempdir().context("make a folder")?;
    // The rule of thumb for a whole service, two for each core and one, spread over the workers.
    let connections = (2 * std::thread::available_parallelism()?.get() + 1).div_ceil(workers);
    let environment = [
        ("LEVELS", levels.to_owned()),
        ("CONNECTIONS", connections.to_string()),
        ("POSTGRES_URL", postgres_url.to_owned()),
        ("REDIS_URL", redis_url.to_owned()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
    ];
    let (program, workers_word) = (program.display().to_string(), workers.to_string());
    let app = format!("{module}:app");
    let words = [program.as_str(), &app, "--host", "127.0.0.1", "--port", "0", "--workers", &workers_word];
    let settings = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-use-colors"];
    let log = folder.path().join("log");
    let mut group = Group::start(&[&words[..], &settings].concat(), &environment, Path::new(RECIPES), &log)?;
    let give_up = Instant::now() + DEADLINE;
    loop {
        let said = group.said().with_context(|| format!("start the recipe {module}, {levels}"))?;
        if let Some(address) = address(&said).filter(|_| said.matches(COMPLETE).count() >= workers) {
            return Ok(Peer { address, group, _folder: folder });
        }
        // uvicorn would start it anew for ever.
        let goes_on = !said.contains(DIED) && Instant::now() < give_up;
        ensure!(goes_on, "the recipe {module}, {levels}, did not start, and said: {said}");
        sleep(LOOK).await;
    }
}

fn address(said: &str) -> Option<SocketAddr> {
    said.split(RUNNING).nth(1)?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_what_uvicorn_says() {
        let said = "INFO:     Uvicorn running on http://127.0.0.1:46643 (Press CTRL+C to quit)\nINFO:     Started parent process [14]";
        assert_eq!(address(said), Some("127.0.0.1:46643".parse().unwrap()));
        assert_eq!(address("INFO:     Started"), None);
    }
}
