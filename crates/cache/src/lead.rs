//! The leader's side of a read: look into L2, take leases, load what nobody has. Entered by the caller, left by a task of its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{
    CacheKey, Held, L2Answer, L2Outcome, LeaseReply, LeaseRequest, Nonce, Operation, Source,
    chain::Chain,
    core::Core,
    feed::Floor,
    flight::Lead,
    held::{Subject, Verdict},
    key::RemoteKey,
    loaded::BatchLoader,
    local::Look,
};

/// Who finds a lease taken asks again after a pause, at first soon, then less often: many keys may wait at once.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(80);

/// A key whose flight is led here and has not ended.
pub(crate) struct Pending<K: CacheKey, V> {
    pub(crate) lead: Lead<K, V>,
    pub(crate) remote: RemoteKey,
    /// The token of the lease that was granted.
    pub(crate) lease: Option<Nonce>,
    /// Whether L2 takes part: it is there, wanted, answering, and believed about this key.
    by_l2: bool,
    /// From which version on L2 is believed, before it is asked.
    floor: Floor,
    /// A frame that was seen and is not good enough.
    refused: Option<Bytes>,
    /// For an early refresh: what ends no later than this is not new enough.
    renews: Option<Instant>,
}

/// What one round of questions left to be done.
struct Round<K: CacheKey, V> {
    load: Vec<Pending<K, V>>,
    wait: Vec<Pending<K, V>>,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    /// Looks into L2 for all keys in one round trip. Hits end their flights here; the others have to be loaded.
    ///
    /// # Cancellation
    /// Dropped, it leaves the waiters of its flights to begin anew.
    pub(crate) async fn look_up(&self, leads: Vec<Lead<K, V>>) -> Vec<Pending<K, V>> {
        let open = leads.into_iter().filter_map(|lead| self.take_up(lead)).collect();
        self.fetch(open).await
    }

    /// Takes the leases of what [`Self::look_up`] left, and loads it, or waits until others have.
    pub(crate) async fn drive(
        self: Arc<Self>,
        mut open: Vec<Pending<K, V>>,
        loader: BatchLoader<K, V>,
        chain: Option<Arc<Chain>>,
    ) {
        let give_up_at = self.now() + self.options.lease.mul_f64(1.5);
        let mut pause = SHORTEST_PAUSE;
        while !open.is_empty() {
            let Round { load, wait } = self.take_leases(open, give_up_at).await;
            // What is led here is loaded before waiting for what others lead.
            if !load.is_empty() {
                self.load(load, &loader, chain.clone()).await;
            }
            open = wait;
            if !open.is_empty() {
                self.clock.sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// Renews an entry before its end at `renews`, unless another node has done so or is about to.
    pub(crate) async fn renew(
        self: Arc<Self>,
        lead: Lead<K, V>,
        renews: Instant,
        loader: BatchLoader<K, V>,
        chain: Option<Arc<Chain>>,
    ) {
        let pending = Pending { renews: Some(renews), ..self.pending(lead) };
        let open = self.fetch(vec![pending]).await;
        self.drive(open, loader, chain).await;
    }

    /// Ends a flight with what another one put into L1 between the caller's look and its entry into the flight table.
    fn take_up(&self, lead: Lead<K, V>) -> Option<Pending<K, V>> {
        if lead.options.reads_l1()
            && let Look::Fresh(entry) | Look::Due(entry) = self.local.look(&lead.key, || self.now())
        {
            lead.end(Ok((entry, Source::L1)));
            return None;
        }
        Some(self.pending(lead))
    }

    fn pending(&self, lead: Lead<K, V>) -> Pending<K, V> {
        let remote = RemoteKey::of(&self.name, &lead.key);
        let wanted = !lead.options.skip_l2 && self.l2.is_some();
        let floor = self.l2.as_ref().filter(|_| wanted).and_then(|l2| self.note_floor(l2, &remote));
        let by_l2 = floor.is_some();
        if wanted && !by_l2 {
            self.recorder.l2(Operation::Fetch, L2Outcome::Bypassed);
        }
        Pending { lead, remote, lease: None, by_l2, floor: floor.unwrap_or(Floor::None), refused: None, renews: None }
    }

    /// One round trip for all keys that L2 may know.
    async fn fetch(&self, mut open: Vec<Pending<K, V>>) -> Vec<Pending<K, V>> {
        let Some(l2) = &self.l2 else { return open };
        let passes_l2_by = |pending: &mut Pending<K, V>| !pending.by_l2 || pending.lead.options.force_refresh;
        let mut rest: Vec<_> = open.extract_if(.., passes_l2_by).collect();
        let asked = open;
        if asked.is_empty() {
            return rest;
        }
        let asked_at = self.now();
        let names: Vec<&str> = asked.iter().map(|pending| pending.remote.name()).collect();
        let answers = self.ask(Operation::Fetch, l2.fetch(&self.name, &names)).await;
        match answers {
            Some(answers) => {
                let answered = asked.into_iter().zip(answers);
                let left = self.sort_out(answered, asked_at, |_| self.recorder.l2_answer(L2Answer::Miss)).await;
                rest.extend(left);
            }
            // L2 does not answer: it is not asked for a lease either.
            None => rest.extend(asked.into_iter().map(|pending| Pending { by_l2: false, ..pending })),
        }
        rest
    }

    /// Ends the flights of hits; `missed` hears of keys for which nothing is held. Answers those that are still open.
    async fn sort_out(
        &self,
        answered: impl Iterator<Item = (Pending<K, V>, Option<Held>)>,
        asked_at: Instant,
        missed: impl Fn(&Pending<K, V>),
    ) -> Vec<Pending<K, V>> {
        let mut held: Vec<(Pending<K, V>, Held)> = Vec::new();
        let mut open = Vec::new();
        for (pending, answer) in answered {
            match answer {
                Some(answer) => held.push((pending, answer)),
                None => {
                    missed(&pending);
                    open.push(pending);
                }
            }
        }
        let subjects: Vec<_> = held.iter().map(|(pending, held)| (pending.subject(), held)).collect();
        let verdicts = self.judge(&subjects, asked_at).await;
        for ((mut pending, answer), verdict) in held.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Fresh(entry) => {
                    self.put(&pending.lead, &entry);
                    pending.lead.end(Ok((entry, Source::L2)));
                    continue;
                }
                Verdict::Stale(entry) if pending.renews.is_none() => {
                    self.put(&pending.lead, &entry);
                    pending.lead.offer(entry);
                }
                Verdict::Stale(_) | Verdict::Refused => {}
            }
            pending.refused = Some(answer.frame);
            open.push(pending);
        }
        open
    }

    /// One round trip for the leases of all keys.
    async fn take_leases(&self, open: Vec<Pending<K, V>>, give_up_at: Instant) -> Round<K, V> {
        let (open, load): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|pending| pending.by_l2 && !pending.lead.options.read_only);
        let mut round = Round { load, wait: Vec::new() };
        let Some(l2) = self.l2.as_ref().filter(|_| !open.is_empty()) else { return round };
        let requests: Vec<LeaseRequest> = open.iter().map(Pending::lease_request).collect();
        let asked_at = self.now();
        let replies = self.ask(Operation::Lease, l2.lease(&self.name, &requests, self.options.lease)).await;
        let Some(replies) = replies else {
            round.load.extend(open);
            return round;
        };
        let mut held: Vec<_> = Vec::new();
        for ((mut pending, request), reply) in open.into_iter().zip(requests).zip(replies) {
            match reply {
                LeaseReply::Granted => {
                    pending.lease = Some(request.token);
                    round.load.push(pending);
                }
                LeaseReply::Held(answer) => held.push((pending, Some(answer))),
                // Nobody may fill what nobody may believe.
                LeaseReply::Untrusted => round.load.push(pending),
                LeaseReply::Busy { .. } => {
                    self.recorder.l2_answer(L2Answer::Busy);
                    self.wait_or_load(pending, give_up_at, &mut round);
                }
            }
        }
        for pending in self.sort_out(held.into_iter(), asked_at, |_| {}).await {
            self.wait_or_load(pending, give_up_at, &mut round);
        }
        round
    }

    /// Until it gives up, who has no lease asks again; then it loads without filling.
    fn wait_or_load(&self, pending: Pending<K, V>, give_up_at: Instant, round: &mut Round<K, V>) {
        if self.now() < give_up_at {
            round.wait.push(pending);
        } else if pending.renews.is_none() {
            round.load.push(pending);
        }
        // An early refresh that another node is busy with ends without an outcome: who waits for it begins anew.
    }
}

impl<K: CacheKey, V> Pending<K, V> {
    fn subject(&self) -> Subject<'_, K> {
        let (remote, stamp) = (&self.remote, self.lead.since.fence);
        Subject { key: &self.lead.key, remote, stamp, floor: self.floor, renews: self.renews }
    }

    fn lease_request(&self) -> LeaseRequest {
        LeaseRequest {
            key: self.remote.name().to_owned(),
            token: Nonce::random(),
            refused: self.refused.clone(),
            force: self.lead.options.force_refresh,
        }
    }
}
