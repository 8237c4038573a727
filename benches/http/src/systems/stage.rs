//! One PostgreSQL with a database for each system, a Redis for each that uses one, and the systems themselves.

use std::{collections::BTreeMap, fs::File, time::Duration};

use anyhow::{Context, Result};
use larder_test_support::{Fault, FaultProxy, Postgres, PostgresOptions, Redis, RedisOptions, TestDatabase};
use tempfile::TempDir;

use super::{Larder, Levels, Process, Running, Server};
use crate::{
    ceiling::{Answers, LISTENS},
    meters::{DatabaseMeter, SETTINGS, execute},
    peers::{self, Recipe},
    plan::{PRODUCTS, System},
};

/// The database that all others are copies of.
const TEMPLATE: &str = "larder_bench_http";

/// In short turns views are counted but not added to the database: that would fall into the turns of others. The scenes `steady` and
/// `demand` have it.
const SHORT_TURNS: [(&str, &str); 1] = [("LARDER__VIEWS__DRAIN_MS", "3600000")];

/// Triggers by which Larder hears of changes and keeps its index: a recipe has none of them.
const WITHOUT_TRIGGERS: &str = "ALTER TABLE products DISABLE TRIGGER USER";

/// Some demo products are not published, and the recipes know no such thing: nobody shall answer 404.
const PUBLISH: &str = "UPDATE products SET is_published = true WHERE NOT is_published";

/// Products of which a recipe has to answer what Larder answers.
const COMPARED: [u64; 8] = [1, 2, 3, 122, 1_000, 2_500, 5_000, 10_000];

/// Everything that runs.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) larder: Larder,
    running: BTreeMap<System, Running>,
    answers: Option<Answers>,
    folder: TempDir,
    pub(crate) database_meter: DatabaseMeter,
    postgres: Postgres,
}

impl Stage {
    /// Starts PostgreSQL and fills it.
    ///
    /// # Errors
    /// When it can't be.
    pub(crate) async fn open(larder: Larder) -> Result<Self> {
        let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let postgres = Postgres::start(PostgresOptions { settings, ..PostgresOptions::default() }).await?;
        let database_meter = DatabaseMeter::of(&postgres).await?;
        let seeding = larder.clone();
        postgres
            .ensure_template(TEMPLATE, |url| async move {
                seeding.seed(&url, PRODUCTS).await?;
                execute(&url, PUBLISH).await?;
                execute(&url, "VACUUM ANALYZE").await
            })
            .await?;
        let folder = tempfile::tempdir().context("make a folder")?;
        Ok(Self { larder, running: BTreeMap::new(), answers: None, folder, database_meter, postgres })
    }

    /// Starts those of `systems` that do not run yet, and stops all others: even idle ones cost something.
    ///
    /// # Errors
    /// When one does not start.
    pub(crate) async fn ensure(&mut self, systems: &[System]) -> Result<()> {
        self.running.retain(|system, _| systems.contains(system));
        for &system in systems {
            if !self.running.contains_key(&system) {
                let running = self.start(system).await.with_context(|| format!("start {}", system.title()))?;
                self.running.insert(system, running);
            }
        }
        Ok(())
    }

    /// A system that was started.
    ///
    /// # Errors
    /// When it was not.
    pub(crate) fn get(&self, system: System) -> Result<&Running> {
        self.running.get(&system).with_context(|| format!("{} does not run", system.title()))
    }

    /// All systems that run.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Running> {
        self.running.values()
    }

    /// A Redis that nobody else has.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) async fn redis(&self) -> Result<Redis> {
        Redis::start(RedisOptions::default()).await
    }

    /// A copy of the filled database.
    ///
    /// # Errors
    /// When the server refuses.
    pub(crate) async fn database(&self) -> Result<TestDatabase> {
        self.postgres.fresh_database_from(TEMPLATE).await
    }

    /// A node with a database, and a Redis if it uses one, that nobody else has.
    ///
    /// # Errors
    /// When something does not start.
    pub(crate) async fn node(
        &self,
        system: System,
        levels: Levels,
        more: &[(&'static str, String)],
    ) -> Result<Running> {
        let database = self.database().await?;
        let redis = if levels.use_redis() { Some(self.redis().await?) } else { None };
        let round_trip = system.database_round_trip();
        let link = if round_trip > Duration::ZERO { Some(self.link(round_trip / 2).await?) } else { None };
        let url = link.as_ref().map_or_else(|| database.url(), |link| database.url_at(link.address()));
        let redis_url = redis.as_ref().map(|redis| redis.url());
        let node = self.larder.start(levels, &url, redis_url.as_deref(), more).await?;
        Ok(Running { system, servers: vec![Server::Ours(node)], link, redis, database: Some(database) })
    }

    async fn start(&mut self, system: System) -> Result<Running> {
        match system {
            System::Uncached | System::FarUncached => self.short_turns_node(system, Levels::None).await,
            System::L1 => self.short_turns_node(system, Levels::L1).await,
            System::L2 => self.short_turns_node(system, Levels::L2).await,
            System::TwoLevel | System::FarTwoLevel => self.short_turns_node(system, Levels::TwoLevel).await,
            System::Bare => self.ceiling(system, false).await,
            System::Middleware => self.ceiling(system, true).await,
            System::TunedPlain => self.recipe(system, Recipe::TunedPlain).await,
            System::TunedRedis => self.recipe(system, Recipe::TunedRedis).await,
            System::TunedTwoLevel => self.recipe(system, Recipe::TunedTwoLevel).await,
            System::ArticlePlain => self.recipe(system, Recipe::ArticlePlain).await,
            System::ArticleRedis => self.recipe(system, Recipe::ArticleRedis).await,
            System::ArticleTwoLevel => self.recipe(system, Recipe::ArticleTwoLevel).await,
            System::Nginx => self.nginx(system).await,
        }
    }

    async fn short_turns_node(&self, system: System, levels: Levels) -> Result<Running> {
        self.node(system, levels, &SHORT_TURNS.map(|(name, value)| (name, value.to_owned()))).await
    }

    async fn link(&self, delay: Duration) -> Result<FaultProxy> {
        let link = FaultProxy::start(self.postgres.address())?;
        link.set(Fault::Latency(delay)).await?;
        Ok(link)
    }

    async fn recipe(&self, system: System, recipe: Recipe) -> Result<Running> {
        let database = self.database().await?;
        execute(&database.url(), WITHOUT_TRIGGERS).await?;
        // The recipe without a cache is given one as well, and leaves it alone.
        let redis = self.redis().await?;
        let peer = peers::start_recipe(recipe, &database.url(), &redis.url(), self.larder.workers).await?;
        // On the same database, and without leaving a trace in it.
        let untouched = [("LARDER__VIEWS__ENABLED", "false".to_owned())];
        let reference = self.larder.start(Levels::None, &database.url(), None, &untouched).await?;
        peers::agree(reference.address(), peer.address, &COMPARED).await?;
        Ok(Running {
            system,
            servers: vec![Server::Peer(peer)],
            link: None,
            redis: Some(redis),
            database: Some(database),
        })
    }

    async fn nginx(&self, system: System) -> Result<Running> {
        let mut running = self.short_turns_node(system, Levels::None).await?;
        let upstream = running.address().context("the node behind nginx")?;
        let peer = peers::start_nginx(upstream, self.larder.workers).await?;
        running.servers.insert(0, Server::Peer(peer));
        Ok(running)
    }

    /// Answers what a node answers from its memory; inside the middleware, with the same headers.
    async fn ceiling(&mut self, system: System, within: bool) -> Result<Running> {
        let answers = match &self.answers {
            Some(answers) => answers.clone(),
            None => {
                let node = self.node(System::TwoLevel, Levels::TwoLevel, &[]).await?;
                Answers::of(node.address().context("a node")?).await?
            }
        };
        self.answers = Some(answers.clone());
        let plain = self.ceiling_of(&answers.plain(), within).await?;
        let process = if within {
            let surroundings = Answers::of(plain.address()).await?;
            let process = self.ceiling_of(&answers.beyond(&surroundings), within).await?;
            answers.ensure_like(&Answers::of(process.address()).await?)?;
            process
        } else {
            plain
        };
        Ok(Running { system, servers: vec![Server::Ours(process)], link: None, redis: None, database: None })
    }

    async fn ceiling_of(&self, answers: &Answers, within: bool) -> Result<Process> {
        let path = self.folder.path().join("answers.json");
        serde_json::to_writer(File::create(&path).context("write the answers")?, answers)?;
        let workers = self.larder.workers.to_string();
        let path = path.to_str().context("a folder whose name is no text")?;
        let mut arguments = vec!["ceiling", "--answers", path, "--workers", &workers];
        arguments.extend(within.then_some("--middleware"));
        Process::start(&std::env::current_exe().context("find this program")?, &arguments, &[], LISTENS).await
    }
}
