//! Warms the caches at start and on demand: one warm-up at a time, under a deadline, with lines in the log.

use std::{
    pin::pin,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use larder_repository::Error;
use larder_repository_cached::{CachedProducts, WarmUp, WarmedUp};
use tokio::{
    runtime::Handle,
    sync::watch,
    task::AbortHandle,
    time::{interval, timeout},
};

use crate::{config::WarmUpConfig, list_request::DEFAULT_SIZE};

/// Of how many categories the first pages are warmed.
const CATEGORIES: usize = 20;
/// Time between two lines on the progress.
const PROGRESS: Duration = Duration::from_secs(1);

/// The warm-ups of a server.
#[derive(Debug)]
pub(crate) struct WarmUps {
    cached: CachedProducts,
    /// `None` if nothing is to be warmed.
    plan: Option<WarmUp>,
    deadline: Duration,
    runtime: Handle,
    latest: Mutex<Option<Running>>,
}

/// A warm-up under way, or one that has ended.
#[derive(Debug)]
struct Running {
    report: watch::Receiver<Option<Report>>,
    task: AbortHandle,
}

/// How a warm-up ended.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) ending: Ending,
    pub(crate) warmed: WarmedUp,
    pub(crate) took: Duration,
}

/// Why a warm-up ended.
#[derive(Debug, Clone)]
pub(crate) enum Ending {
    Complete,
    Full,
    Deadline,
    /// There is no cache, or nothing is to be warmed.
    Off,
    Failed(Error),
}

impl Ending {
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Full => "full",
            Self::Deadline => "deadline",
            Self::Off => "off",
            Self::Failed(_) => "failed",
        }
    }
}

impl WarmUps {
    /// Warm-ups of `cached` on `runtime`; none if that answers no reads.
    pub(crate) fn new(cached: CachedProducts, serves: bool, config: &WarmUpConfig, runtime: Handle) -> Self {
        let plan = WarmUp { products: config.products, page_size: DEFAULT_SIZE, categories: CATEGORIES };
        let plan = (serves && config.products > 0).then_some(plan);
        Self { cached, plan, deadline: config.deadline(), runtime, latest: Mutex::default() }
    }

    /// Begins a warm-up, unless one is under way: then that one is meant. Answers where its report will be.
    pub(crate) fn begin(&self) -> watch::Receiver<Option<Report>> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = latest.as_ref().filter(|running| !running.task.is_finished()) {
            return running.report.clone();
        }
        let (sender, report) = watch::channel(None);
        let (cached, plan, deadline) = (self.cached.clone(), self.plan.clone(), self.deadline);
        let task = self.runtime.spawn(async move {
            let report = match plan {
                Some(plan) => warm_up(&cached, &plan, deadline).await,
                None => Report { ending: Ending::Off, warmed: WarmedUp::default(), took: Duration::ZERO },
            };
            sender.send_replace(Some(report));
        });
        *latest = Some(Running { report: report.clone(), task: task.abort_handle() });
        report
    }

    /// Begins a warm-up, or joins the one that is under way, and waits for its end. `None` if it was stopped.
    pub(crate) async fn run(&self) -> Option<Report> {
        let mut report = self.begin();
        let ended = report.wait_for(Option::is_some).await.ok()?;
        ended.clone()
    }

    /// Ends the one that is under way.
    pub(crate) fn stop(&self) {
        if let Some(running) = self.latest.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            running.task.abort();
        }
    }
}

async fn warm_up(cached: &CachedProducts, plan: &WarmUp, deadline: Duration) -> Report {
    let (started, step) = (Instant::now(), watch::Sender::new(WarmedUp::default()));
    tracing::info!(products = plan.products, "warming the caches");
    let tell = |warmed| {
        step.send_replace(warmed);
    };
    let mut warming = pin!(timeout(deadline, cached.warm_up(plan, &tell)));
    let mut lines = interval(PROGRESS);
    lines.tick().await;
    let ended = loop {
        tokio::select! {
            ended = &mut warming => break ended,
            _ = lines.tick() => {
                let WarmedUp { products, pages, .. } = *step.borrow();
                tracing::info!(products, of = plan.products, pages, "warming the caches");
            }
        }
    };
    let warmed = *step.borrow();
    let ending = match ended {
        Ok(Ok(WarmedUp { is_full: true, .. })) => Ending::Full,
        Ok(Ok(_)) => Ending::Complete,
        Ok(Err(cause)) => Ending::Failed(cause),
        Err(_late) => Ending::Deadline,
    };
    let report = Report { ending, warmed, took: started.elapsed() };
    log(&report);
    report
}

fn log(report: &Report) {
    let WarmedUp { products, from_l1, from_l2, loaded, pages, .. } = report.warmed;
    let (outcome, took_ms) = (report.ending.as_str(), report.took.as_millis());
    match &report.ending {
        Ending::Failed(cause) => {
            tracing::warn!(%cause, products, pages, took_ms, "the caches could not be warmed further");
        }
        _ => tracing::info!(outcome, products, from_l1, from_l2, loaded, pages, took_ms, "warmed the caches"),
    }
}
