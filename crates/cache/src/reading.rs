//! The caller's side of a read that L1 could not answer at once: enter flights, wait for them, be content with something stale.

use std::{cell::LazyCell, future::Future, pin::Pin, sync::Arc, time::Instant};

use futures_util::future::{Either, select};

use crate::{
    CacheKey, CallOptions, Error, ErrorKind, Lookup, Outcome, Source,
    chain::Chain,
    core::Core,
    entry::Entry,
    flight::{Lead, Place, Progress, Since, Waiter},
    loaded::BatchLoader,
    local::Look,
    mutant::Mutant,
    statistics::Recorder,
};

/// What a call has for one of its keys.
enum Step<K: CacheKey, V> {
    /// L1 answers after all; `due` if the caller should refresh it.
    Answer { entry: Arc<Entry<K, V>>, source: Source, due: bool },
    /// A place in a flight, and its lead if this call started it.
    Fly(Seat<K, V>, Option<Lead<K, V>>),
}

/// A place in a flight, with what the caller knew when it took it.
struct Seat<K, V> {
    waiter: Waiter<K, V>,
    since: Since,
    /// When the call began.
    called_at: Instant,
    /// What L1 had beyond its life.
    stale: Option<Arc<Entry<K, V>>>,
    leads: bool,
}

/// What became of the wait for a flight.
enum Waited<K, V> {
    Answer(Arc<Entry<K, V>>, Source),
    Failed(Error),
    /// The leader went away, or what it brought is too old for this caller.
    Again,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    /// Fills what is missing in `answers`, which are those for `keys`, in their order. `loader` is made only if something has to be loaded.
    pub(crate) async fn read_through(
        self: &Arc<Self>,
        keys: &[K],
        mut answers: Vec<Option<Lookup<V>>>,
        options: CallOptions,
        make_loader: impl FnOnce() -> BatchLoader<K, V>,
    ) -> Result<Vec<Option<Lookup<V>>>, Error> {
        self.hot_keys.absorb();
        let mut open: Vec<usize> = (0..keys.len()).filter(|position| answers[*position].is_none()).collect();
        let mut tally = Tally { recorder: &self.recorder, left: open.len() };
        let loader = LazyCell::new(make_loader);
        let called_at = self.now();
        while !open.is_empty() {
            let (mut seats, mut leads): (Vec<_>, Vec<_>) = Default::default();
            for position in open.drain(..) {
                match self.step(&keys[position], options, called_at).inspect_err(|_| tally.fail())? {
                    Step::Answer { entry, source, due } => {
                        if due {
                            self.refresh(&entry, Arc::clone(&loader));
                        }
                        answers[position] = Some(tally.answer(self, &entry, source, false));
                    }
                    Step::Fly(seat, lead) => {
                        leads.extend(lead);
                        seats.push((position, seat));
                    }
                }
            }
            let pending = self.look_up(leads).await;
            if !pending.is_empty() {
                self.spawner.spawn(Arc::clone(self).drive(pending, Arc::clone(&loader), Chain::current()));
            }
            for (position, seat) in seats {
                match self.wait(seat, &mut tally, options).await? {
                    Some(answer) => answers[position] = Some(answer),
                    None => open.push(position),
                }
            }
        }
        Ok(answers)
    }

    /// Looks into L1 once more, and takes a place in a flight if that has nothing.
    fn step(self: &Arc<Self>, key: &K, options: CallOptions, called_at: Instant) -> Result<Step<K, V>, Error> {
        let since = self.note(key);
        let mut stale = None;
        if options.reads_l1() {
            match self.local.look(key, || self.now()) {
                Look::Fresh(entry) => return Ok(Step::Answer { entry, source: Source::L1, due: false }),
                Look::Due(entry) => {
                    let due = !options.read_only && entry.begin_refresh();
                    return Ok(Step::Answer { entry, source: Source::L1, due });
                }
                Look::Unconfirmed(entry) if self.must_do() => {
                    let source = if self.hears_l2(self.now()) { Source::L1 } else { Source::Stale };
                    return Ok(Step::Answer { entry, source, due: false });
                }
                Look::Stale(entry) | Look::Unconfirmed(entry) if entry.is_held(self.now()) => {
                    self.recorder.l1_stale();
                    return Ok(Step::Answer { entry, source: Source::Stale, due: false });
                }
                Look::Stale(entry) | Look::Unconfirmed(entry) => {
                    self.recorder.l1_stale();
                    stale = Some(entry);
                }
                Look::Miss => self.recorder.l1_miss(),
            }
        }
        if Chain::current().is_some_and(|chain| chain.contains(self.address(), self.local.hash(key))) {
            return Err(Error::new(ErrorKind::Reentrant));
        }
        Ok(match self.flights.enter(key, since, options) {
            Place::Wait(waiter) => Step::Fly(Seat { waiter, since, called_at, stale, leads: false }, None),
            Place::Lead(lead, waiter) => Step::Fly(Seat { waiter, since, called_at, stale, leads: true }, Some(lead)),
        })
    }

    /// What L1 or else L2 holds. Nothing is loaded, and nobody is waited for.
    pub(crate) async fn peek(&self, key: &K, options: CallOptions) -> Option<Lookup<V>> {
        self.hot_keys.absorb();
        let mut tally = Tally { recorder: &self.recorder, left: 1 };
        let since = self.note(key);
        if options.reads_l1() {
            match self.local.look(key, || self.now()) {
                Look::Fresh(entry) | Look::Due(entry) => return Some(tally.answer(self, &entry, Source::L1, false)),
                Look::Unconfirmed(entry) if self.must_do() => {
                    let source = if self.hears_l2(self.now()) { Source::L1 } else { Source::Stale };
                    return Some(tally.answer(self, &entry, source, false));
                }
                Look::Stale(_) | Look::Unconfirmed(_) => self.recorder.l1_stale(),
                Look::Miss => self.recorder.l1_miss(),
            }
        }
        let found =
            if options.skip_l2 || options.force_refresh { None } else { self.fetch_one(key, since, options).await };
        if let Some(entry) = found {
            return Some(tally.answer(self, &entry, Source::L2, false));
        }
        tally.count(Outcome::Missed);
        None
    }

    /// Renews an entry in the background; who finds it ended meanwhile waits for that.
    fn refresh(self: &Arc<Self>, entry: &Entry<K, V>, loader: BatchLoader<K, V>) {
        let key = &*entry.key;
        let since = self.note(key);
        let Place::Lead(lead, _) = self.flights.enter(key, since, CallOptions::new()) else { return };
        self.recorder.refresh();
        let (core, chain) = (Arc::clone(self), Chain::current());
        let renews = entry.life.soft_until;
        self.spawner.spawn(async move { core.renew(lead, renews, loader, chain).await });
    }

    /// Waits for a flight, and settles the account of the call. `None`: begin anew.
    async fn wait(
        &self,
        seat: Seat<K, V>,
        tally: &mut Tally<'_>,
        options: CallOptions,
    ) -> Result<Option<Lookup<V>>, Error> {
        match self.outcome(&seat, options).await {
            Waited::Answer(entry, source) => Ok(Some(tally.answer(self, &entry, source, !seat.leads))),
            Waited::Again => Ok(None),
            Waited::Failed(error) => {
                tally.fail();
                Err(error)
            }
        }
    }

    async fn outcome(&self, seat: &Seat<K, V>, options: CallOptions) -> Waited<K, V> {
        let mut patience = self.options.soft_deadline.map(|soft| self.clock.sleep(soft));
        loop {
            // Before the look, so that no news falls in between.
            let news = seat.waiter.news();
            let Progress { stale, crowded, outcome, abandoned } = seat.waiter.progress();
            let stale = seat.stale.clone().or(stale);
            let stale = stale.filter(|entry| !options.force_refresh && self.may_serve_stale(entry, &seat.waiter));
            match (outcome, stale) {
                (Some(Ok((entry, source))), _) if self.is_new_enough(&entry, seat) => {
                    return Waited::Answer(entry, source);
                }
                (Some(Ok(_)), _) => return Waited::Again,
                (Some(Err(_)), Some(entry)) => return Waited::Answer(entry, Source::Stale),
                (Some(Err(error)), None) => return Waited::Failed(error),
                (None, Some(entry)) if crowded || patience.is_none() && self.options.soft_deadline.is_some() => {
                    return Waited::Answer(entry, Source::Stale);
                }
                // The leader went away. If that was this call, nothing runs on its runtime any more.
                (None, _) if abandoned && seat.leads => return Waited::Failed(Error::new(ErrorKind::Stopped)),
                (None, _) if abandoned => return Waited::Again,
                (None, _) => {}
            }
            if !in_time(news, &mut patience).await {
                patience = None;
            }
        }
    }

    /// Whether an entry that a flight brought may be seen by a call that may have begun after a tag was invalidated, or long after the flight
    /// while nothing was heard.
    fn is_new_enough(&self, entry: &Entry<K, V>, seat: &Seat<K, V>) -> bool {
        if self.mutants.has(Mutant::JoinAnyFlight) {
            return true;
        }
        let is_within_bound = || self.must_do() || self.local.is_confirmed(entry, seat.called_at);
        (seat.waiter.covers(seat.since) || entry.tags_hold()) && (seat.leads || is_within_bound())
    }

    /// A value that is known here to be invalidated is not served as stale.
    fn may_serve_stale(&self, entry: &Entry<K, V>, waiter: &Waiter<K, V>) -> bool {
        let known = waiter.is_detached() || !self.local.fence.same_epoch(entry.stamp) || !entry.tags_hold();
        !known && self.now() < entry.life.stale_until
    }

    /// Tells this cache from others in the process, for as long as it lives.
    pub(crate) fn address(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }
}

/// Waits for news; `false` if patience ends first.
async fn in_time(
    news: impl Future<Output = ()>,
    patience: &mut Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
) -> bool {
    let Some(timer) = patience else {
        news.await;
        return true;
    };
    matches!(select(std::pin::pin!(news), timer).await, Either::Left(_))
}

/// Sees to it that each asked key is counted once. Those still open when the call is dropped were abandoned.
struct Tally<'a> {
    recorder: &'a Recorder,
    left: usize,
}

impl Tally<'_> {
    fn answer<K: CacheKey, V: Clone + Send + Sync + 'static>(
        &mut self,
        core: &Core<K, V>,
        entry: &Entry<K, V>,
        source: Source,
        shared: bool,
    ) -> Lookup<V> {
        core.hot_keys.sample(&entry.key);
        self.count(match source {
            Source::L1 => Outcome::L1,
            Source::Stale => Outcome::Stale,
            Source::L2 | Source::Loader if shared => Outcome::Shared,
            Source::L2 => Outcome::L2,
            Source::Loader => Outcome::Loaded,
        });
        let now = core.now();
        let confirmed = match source {
            Source::L1 | Source::L2 => core.is_confirmed(entry, now),
            Source::Loader => true,
            Source::Stale => false,
        };
        Lookup { confirmed, ..Lookup::of(entry, source, now) }
    }

    fn count(&mut self, outcome: Outcome) {
        self.left = self.left.saturating_sub(1);
        self.recorder.lookup(outcome);
    }

    /// The call fails, and with it all of its keys that have no answer yet.
    fn fail(&mut self) {
        (0..std::mem::take(&mut self.left)).for_each(|_| self.recorder.lookup(Outcome::Failed));
    }
}

impl Drop for Tally<'_> {
    fn drop(&mut self) {
        (0..self.left).for_each(|_| self.recorder.lookup(Outcome::Abandoned));
    }
}
