//! Building an L2: deadline, breaker, queue, and the backplane.

use std::{sync::Arc, time::Duration};

use tokio::runtime::Handle;

use super::{BackplaneOptions, L2, Shared, listening::Listening, queue::Queue};
use crate::{
    Backplane, Clock, ConfigError, Nonce, Remote, SystemClock,
    breaker::Breaker,
    mutant::Mutants,
    options::{check, check_span},
    spawner::Spawner,
};

/// Deadline, breaker and queue of an L2.
#[derive(Debug, Clone, PartialEq)]
pub struct L2Options {
    /// Longest wait for one answer; shorter than any deadline that callers put around their own calls: a call that was dropped tells the
    /// breaker nothing. Default 250 ms.
    pub deadline: Duration,
    /// So many failures in a row open the breaker: L2 is not asked. Default 5.
    pub failures_to_open: u32,
    /// How long it stays open, before exactly one call tries again. Default 500 ms.
    pub open_for: Duration,
    /// Most invalidations that wait for L2, those under way included; beyond, the cache whose invalidation came is cleared there
    /// instead. Default 10,000.
    pub max_queued_invalidations: usize,
}

impl Default for L2Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(250),
            failures_to_open: 5,
            open_for: Duration::from_millis(500),
            max_queued_invalidations: 10_000,
        }
    }
}

/// Gathers what an [`L2`] is made of.
#[derive(Debug)]
pub struct L2Builder {
    remote: Arc<dyn Remote>,
    options: L2Options,
    clock: Arc<dyn Clock>,
    runtime: Option<Handle>,
    backplane: Option<(Arc<dyn Backplane>, BackplaneOptions)>,
    mutants: Mutants,
}

impl L2Builder {
    pub(super) fn new(remote: Arc<dyn Remote>) -> Self {
        let (options, clock) = (L2Options::default(), Arc::new(SystemClock));
        Self { remote, options, clock, runtime: None, backplane: None, mutants: Mutants::default() }
    }

    /// Deadline, breaker and queue.
    #[must_use]
    pub fn options(mut self, options: L2Options) -> Self {
        self.options = options;
        self
    }

    /// The log through which the nodes that share this L2 hear of each other's invalidations. Without it, what another node
    /// invalidated stays in this one's L1 until it expires. Default: none.
    #[must_use]
    pub fn backplane(mut self, backplane: Arc<dyn Backplane>, options: BackplaneOptions) -> Self {
        self.backplane = Some((backplane, options));
        self
    }

    /// The clock of deadlines and breaker. Default: the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The runtime on which queued invalidations are repeated. Default: that of the caller of [`Self::build`].
    #[must_use]
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Plants a mistake.
    #[cfg(any(feature = "testing", shuttle))]
    #[must_use]
    pub fn mutant(mut self, mutant: crate::mutant::Mutant) -> Self {
        self.mutants.plant(mutant);
        self
    }

    /// Builds it; nothing is connected yet.
    ///
    /// # Errors
    /// Names the option that cannot work; without a runtime of its own, it must be called within one.
    pub fn build(self) -> Result<L2, ConfigError> {
        let L2Options { deadline, failures_to_open, open_for, max_queued_invalidations } = self.options;
        check_span("deadline", deadline)?;
        check_span("open_for", open_for)?;
        check("failures_to_open", failures_to_open > 0, "must be at least 1")?;
        check("max_queued_invalidations", max_queued_invalidations > 0, "must be at least 1")?;
        let by = Nonce::random();
        let listening = match self.backplane {
            Some((backplane, options)) => {
                let clock = Arc::clone(&self.clock);
                Some(Arc::new(Listening::new(
                    backplane,
                    by,
                    &options,
                    self.remote.shards(),
                    deadline,
                    clock,
                    self.mutants,
                )?))
            }
            None => None,
        };
        let shared = Shared {
            remote: self.remote,
            by,
            deadline,
            breaker: Breaker::new(failures_to_open, open_for, Arc::clone(&self.clock)),
            queue: Queue::new(max_queued_invalidations, self.mutants),
            clock: self.clock,
            spawner: Spawner::new(self.runtime)?,
            listening,
        };
        if let Some(listening) = &shared.listening {
            listening.start(&shared.spawner);
        }
        Ok(L2 { shared: Arc::new(shared) })
    }
}
