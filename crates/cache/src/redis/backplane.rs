//! The log, the reign and the forms of nodes, in Redis.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::join_all;
use redis::Pipeline;

use super::{
    RedisRemote,
    inspection::{findings, refuses_writes},
    keys, log, pipeline, unknown,
};
use crate::{Backplane, Finding, Identity, LogPage, Nonce, Reign, RemoteError};

/// How often a log is looked at on a connection that may not wait.
const POLL: Duration = Duration::from_millis(50);

#[async_trait]
impl Backplane for RedisRemote {
    async fn read(&self, shard: usize, place: &str, limit: usize, wait: Duration) -> Result<LogPage, RemoteError> {
        let log = keys::log(self.shards.prefix(shard));
        if self.shards.count() == 1 && !wait.is_zero() {
            let link = self.shards.link(shard).await?;
            return self.listener.read(&link, [&log, place], limit, wait).await;
        }
        let until = Instant::now() + wait;
        loop {
            let page = self.page(shard, [&log, place], limit).await?;
            let only_place = page.entries.first().is_some_and(|first| first.place == place) && page.entries.len() == 1;
            let left = until.saturating_duration_since(Instant::now());
            if !only_place || left.is_zero() {
                return Ok(page);
            }
            tokio::time::sleep(POLL.min(left)).await;
        }
    }

    async fn anchor(&self, shard: usize) -> Result<LogPage, RemoteError> {
        let build = |_server| pipeline([self.scripts.anchor(self.shards.prefix(shard))]);
        let ((last,), server) = self.run(shard, build).await?;
        Ok(LogPage { server, entries: log::entries_of(last)? })
    }

    async fn reign(&self, caches: &[&str]) -> Result<Reign, RemoteError> {
        let looks = join_all((0..self.shards.count()).map(|shard| self.reign_in(shard, caches))).await;
        let looks = looks.into_iter().collect::<Result<Vec<_>, _>>()?;
        let servers: Vec<Identity> = looks.iter().map(|look| look.server).collect();
        let marks: Option<Vec<u64>> = looks.iter().map(|look| look.mark).collect();
        let mark = marks.and_then(|marks| marks.into_iter().min());
        Ok(Reign { server: Identity::of_all(&servers), is_whole: looks.iter().all(|look| look.is_whole), mark })
    }

    async fn appoint(&self, caches: &[&str], server: Identity, keep: bool) -> Result<(), RemoteError> {
        let servers = self.meant(server).await?;
        let appoint = |(shard, meant)| async move {
            let keys = || caches.iter().map(|cache| self.shards.keys(shard, cache));
            self.tell(shard, |this| pipeline([self.scripts.appoint(keys(), [meant, this], keep)])).await
        };
        join_all(servers.into_iter().enumerate().map(appoint)).await.into_iter().collect()
    }

    async fn set_mark(&self, server: Identity, mark: u64) -> Result<(), RemoteError> {
        let servers = self.meant(server).await?;
        let set = |(shard, meant)| async move {
            let prefix = self.shards.prefix(shard);
            self.tell(shard, |this| pipeline([self.scripts.mark(prefix, [meant, this], mark)])).await
        };
        join_all(servers.into_iter().enumerate().map(set)).await.into_iter().collect()
    }

    async fn inspect(&self, forms: &[(String, String)], life: Duration) -> Result<Vec<Finding>, RemoteError> {
        let infos = join_all((0..self.shards.count()).map(|shard| self.info(shard))).await;
        let mut found = Vec::new();
        for info in infos {
            for finding in findings(&info?) {
                if !found.contains(&finding) {
                    found.push(finding);
                }
            }
        }
        let takes_scripts = |finding: &Finding| !matches!(finding, Finding::ReadOnly | Finding::TooOld { .. });
        if !forms.is_empty() && found.iter().all(takes_scripts) {
            match self.other_forms(forms, life).await {
                Ok(others) => found.extend(others),
                Err(cause) if refuses_writes(&cause.0) => found.push(Finding::ReadOnly),
                Err(cause) => return Err(cause),
            }
        }
        Ok(found)
    }

    async fn rediscover(&self) {
        self.shards.rediscover();
    }
}

impl RedisRemote {
    async fn page(&self, shard: usize, [log, place]: [&str; 2], limit: usize) -> Result<LogPage, RemoteError> {
        let build = |_server| {
            let mut pipeline = redis::pipe();
            log::range(&mut pipeline, log, place, limit);
            pipeline
        };
        let ((entries,), server) = self.run(shard, build).await?;
        Ok(LogPage { server, entries: log::entries_of(entries)? })
    }

    async fn reign_in(&self, shard: usize, caches: &[&str]) -> Result<Reign, RemoteError> {
        let build = |_server| {
            let mut pipeline = redis::pipe();
            let eras = caches.iter().map(|cache| self.shards.keys(shard, cache).era());
            pipeline.cmd("MGET").arg(keys::mark(self.shards.prefix(shard))).arg(eras.collect::<Vec<_>>());
            pipeline
        };
        let ((values,), server): ((Vec<Option<Vec<u8>>>,), _) = self.run(shard, build).await?;
        let Some((mark, eras)) = values.split_first() else { return Err(unknown("reign")) };
        let mark = mark.as_ref().and_then(|mark| str::from_utf8(mark).ok()?.parse().ok());
        let is_believed = |era: &Option<Vec<u8>>| era.as_ref().is_some_and(|era| believed(era, server).is_some());
        Ok(Reign { server, is_whole: eras.iter().all(is_believed), mark })
    }

    /// The servers of all shards, if together they are the one that is meant.
    async fn meant(&self, server: Identity) -> Result<Vec<Identity>, RemoteError> {
        let servers = self.shards.servers().await?;
        if Identity::of_all(&servers) == server { Ok(servers) } else { Err(another()) }
    }

    /// Tells a shard something that it does only if its server is the one that is meant.
    async fn tell(&self, shard: usize, build: impl Fn(Identity) -> Pipeline + Send + Sync) -> Result<(), RemoteError> {
        match self.run(shard, build).await? {
            ((1_u8,), _server) => Ok(()),
            _ => Err(another()),
        }
    }

    async fn info(&self, shard: usize) -> Result<String, RemoteError> {
        let build = |_server| {
            let mut pipeline = redis::pipe();
            pipeline.cmd("INFO");
            pipeline
        };
        let ((info,), _server): ((String,), _) = self.run(shard, build).await?;
        Ok(info)
    }

    async fn other_forms(&self, forms: &[(String, String)], life: Duration) -> Result<Vec<Finding>, RemoteError> {
        let told = || forms.iter().map(|(cache, form)| (self.shards.keys(0, cache), form.as_str()));
        let build = |_server| pipeline([self.scripts.forms(told(), life)]);
        let ((known,), _server): ((Vec<Vec<String>>,), _) = self.run(0, build).await?;
        let others = forms.iter().zip(known).flat_map(|((cache, ours), known)| {
            known.into_iter().filter(move |form| form != ours).map(move |theirs| Finding::OtherForm {
                cache: cache.clone(),
                ours: ours.clone(),
                theirs,
            })
        });
        Ok(others.collect())
    }
}

/// The nonce of an era, if it is believed under this server.
pub(super) fn believed(era: &[u8], server: Identity) -> Option<&[u8]> {
    let (nonce, of) = era.split_at_checked(size_of::<Nonce>())?;
    (of == server.0).then_some(nonce)
}

fn another() -> RemoteError {
    RemoteError("another server answers than the one that was meant".into())
}
