//! Which faults happen when: a pure function of the seed.

use std::{collections::HashMap, time::Duration};

use fastrand::Rng;

use crate::trouble::{Kind, Link, Server, Target, Trouble};

/// A round is at most so long; each ends with a quiet point at which nothing may be wrong anywhere.
const LONGEST_ROUND: Duration = Duration::from_secs(45);

/// What a round needs at its end to heal, to wait for the bound and to compare.
const CALM_AT_END: Duration = Duration::from_secs(4);

/// Most troubles at the same time.
const MOST_AT_ONCE: usize = 3;

/// A trouble lasts at least so long, and at most.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

/// Nobody writes while there are no products.
const LONGEST_WITHOUT_PRODUCTS: Duration = Duration::from_secs(3);

/// One trouble, at a time counted from the start of its round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it begins.
    pub at: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// What it is.
    pub trouble: Trouble,
}

/// A stretch of time with faults, and calm at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Until its quiet point.
    pub stormy: Duration,
    /// In order of their beginning.
    pub events: Vec<Event>,
}

/// Whom trouble can befall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cast {
    /// Nodes, numbered from 0.
    pub nodes: usize,
    /// Relays beside them, numbered after them.
    pub relays: usize,
    /// Whether Redis has a replica that can take the master's place.
    pub has_replica: bool,
}

impl Cast {
    /// Whether there is anybody whom such a trouble can befall.
    fn can_have(&self, kind: Kind) -> bool {
        match kind {
            Kind::Relay => self.relays > 0,
            Kind::Failover => self.has_replica,
            _ => true,
        }
    }
}

/// Draws the rounds of a run of `length`, out of troubles of `kinds`; those that can befall nobody are left out.
#[must_use]
pub fn draw(seed: u64, length: Duration, cast: Cast, kinds: &[Kind]) -> Vec<Round> {
    let kinds: Vec<Kind> = kinds.iter().copied().filter(|kind| cast.can_have(*kind)).collect();
    let mut rng = Rng::with_seed(seed);
    let rounds = length.as_secs().div_ceil(LONGEST_ROUND.as_secs()).max(1);
    let stormy = (length / u32::try_from(rounds).unwrap_or(u32::MAX)).saturating_sub(CALM_AT_END);
    (0..rounds).map(|_| Round { stormy, events: draw_round(&mut rng, stormy, cast, &kinds) }).collect()
}

fn draw_round(rng: &mut Rng, stormy: Duration, cast: Cast, kinds: &[Kind]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut busy_until: HashMap<Target, Duration> = HashMap::new();
    let mut at = between(rng, ms(500), ms(2_000));
    while !kinds.is_empty() && at < stormy {
        let kind = kinds[rng.usize(..kinds.len())];
        let trouble = draw_trouble(rng, cast, kind);
        let longest = match trouble {
            _ if trouble.is_momentary() => SHORTEST,
            Trouble::Truncated => LONGEST_WITHOUT_PRODUCTS,
            _ => LONGEST,
        };
        let lasts = between(rng, SHORTEST, longest).min(stormy - at);
        let at_once = busy_until.values().filter(|until| **until > at).count();
        let targets = trouble.targets();
        let is_free = targets.iter().all(|target| busy_until.get(target).is_none_or(|until| *until <= at));
        // A restart excuses every node for a while, and without products there is little to ask for.
        let is_rare = matches!(trouble, Trouble::PostgresRestarted | Trouble::Truncated);
        let is_one_too_many = is_rare && events.iter().any(|event| event.trouble == trouble);
        if is_free && !is_one_too_many && at_once < MOST_AT_ONCE && lasts >= SHORTEST {
            busy_until.extend(targets.into_iter().map(|target| (target, at + lasts)));
            events.push(Event { at, lasts, trouble });
        }
        at += pause(rng, lasts);
    }
    events
}

/// Until the next trouble: sometimes it overlaps this one, sometimes all is well for a while.
fn pause(rng: &mut Rng, lasts: Duration) -> Duration {
    if rng.u8(..3) > 0 { between(rng, ms(100), ms(1_500)) } else { lasts + between(rng, ms(500), ms(3_000)) }
}

fn draw_trouble(rng: &mut Rng, cast: Cast, kind: Kind) -> Trouble {
    let Cast { nodes, relays, .. } = cast;
    let process = rng.usize(..nodes + relays);
    let server = if rng.bool() { Server::Postgres } else { Server::Redis };
    let on_link = |link| Trouble::Link { process, server, link };
    match kind {
        Kind::Latency => on_link(Link::Slow(between(rng, ms(20), ms(400)))),
        Kind::Hold => on_link(Link::Held),
        Kind::Drop => on_link(Link::BlackHole),
        Kind::HalfOpen => on_link(if rng.bool() { Link::DeafToRequests } else { Link::DeafToAnswers }),
        Kind::Refuse => on_link(Link::Refused),
        Kind::Cut => on_link(Link::Cut),
        Kind::Isolate => Trouble::Isolated { process },
        Kind::Node => Trouble::NodeKilled { process: process % nodes },
        Kind::Relay => Trouble::RelayKilled { process: nodes + process % relays },
        Kind::Redis => Trouble::RedisKilled,
        Kind::Hang => Trouble::RedisHung,
        Kind::Failover => Trouble::RedisFailedOver,
        Kind::Flush => Trouble::RedisFlushed,
        Kind::Postgres => Trouble::PostgresRestarted,
        Kind::Truncate => Trouble::Truncated,
    }
}

fn between(rng: &mut Rng, from: Duration, to: Duration) -> Duration {
    let spread = u64::try_from((to - from).as_millis()).unwrap_or(u64::MAX);
    from + Duration::from_millis(rng.u64(..=spread))
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_MINUTES: Duration = Duration::from_secs(600);
    const CAST: Cast = Cast { nodes: 3, relays: 2, has_replica: true };

    #[test]
    fn the_seed_decides_everything() {
        let plan = |seed| draw(seed, TEN_MINUTES, CAST, &Kind::ALL);
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn ten_minutes_have_every_kind_of_trouble_on_every_node() {
        let events: Vec<Event> =
            draw(1, TEN_MINUTES, CAST, &Kind::ALL).into_iter().flat_map(|round| round.events).collect();
        for kind in Kind::ALL {
            assert!(events.iter().any(|event| event.trouble.kind() == kind), "{kind:?}");
        }
        for process in 0..3 {
            assert!(events.iter().any(|event| event.trouble == Trouble::NodeKilled { process }), "{process}");
        }
        for process in 3..5 {
            assert!(events.iter().any(|event| event.trouble == Trouble::RelayKilled { process }), "{process}");
        }
    }

    #[test]
    fn who_is_not_there_is_in_no_trouble() {
        let alone = Cast { nodes: 3, relays: 0, has_replica: false };
        let mut events = draw(1, TEN_MINUTES, alone, &Kind::ALL).into_iter().flat_map(|round| round.events);
        assert!(events.all(|event| !matches!(event.trouble.kind(), Kind::Relay | Kind::Failover)));
        assert!(draw(1, TEN_MINUTES, alone, &[Kind::Relay]).iter().all(|round| round.events.is_empty()));
    }

    #[test]
    fn troubles_of_one_target_never_overlap_and_end_before_the_quiet_point() {
        for seed in 0..50 {
            for round in draw(seed, TEN_MINUTES, CAST, &Kind::ALL) {
                let mut free_at: HashMap<Target, Duration> = HashMap::new();
                for event in round.events {
                    let end = event.at + event.lasts;
                    assert!(end <= round.stormy, "seed {seed}: {event:?}");
                    assert!((SHORTEST..=LONGEST).contains(&event.lasts), "seed {seed}: {event:?}");
                    for target in event.trouble.targets() {
                        let before = free_at.insert(target, end);
                        assert!(before.is_none_or(|before| before <= event.at), "seed {seed}: {event:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn without_kinds_there_is_no_trouble() {
        assert!(draw(1, TEN_MINUTES, CAST, &[]).iter().all(|round| round.events.is_empty()));
    }

    #[test]
    fn a_run_too_short_for_trouble_has_one_calm_round() {
        let rounds = draw(1, Duration::from_secs(3), CAST, &Kind::ALL);
        assert_eq!(rounds, [Round { stormy: Duration::ZERO, events: Vec::new() }]);
    }
}
