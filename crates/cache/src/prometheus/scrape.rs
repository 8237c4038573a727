//! Renders the statistics of the watched caches, one metric family after the other, when Prometheus scrapes.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};

use crate::statistics::{
    FillOutcome, Invalidated, L1Look, L2Answer, L2Outcome, LoadOutcome, Operation, Outcome, Statistics,
};

type Read = Arc<dyn Fn() -> Statistics + Send + Sync>;

/// The caches whose statistics are rendered, by name.
#[derive(Default)]
pub(super) struct Watched(RwLock<BTreeMap<String, Read>>);

impl Watched {
    pub(super) fn watch(&self, cache: &str, read: Read) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(cache.to_owned(), read);
    }

    /// Reads all caches, outside the lock: what is called here is the user's, and he may be watching another cache.
    fn read(&self) -> Vec<(String, Statistics)> {
        let caches = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        caches.into_iter().map(|(cache, read)| (cache, read())).collect()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let caches = self.0.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(caches.keys()).finish()
    }
}

impl Collector for Watched {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let caches = self.read();
        if caches.is_empty() {
            return Ok(());
        }
        let mut page = Page { encoder, caches };
        page.lookups()?;
        page.l2()?;
        page.loads()?;
        page.gauges()
    }
}

/// One label of a sample.
type Label = (&'static str, &'static str);

/// One scrape: all families, each over all caches, as the exposition format wants it.
struct Page<'a> {
    encoder: DescriptorEncoder<'a>,
    caches: Vec<(String, Statistics)>,
}

impl Page<'_> {
    fn lookups(&mut self) -> fmt::Result {
        self.counters("lookups", "Lookups of keys", |s| {
            outcomes(Outcome::ALL, |&kind| ([("outcome", kind.as_str())], s.lookups.get(kind)))
        })?;
        self.counters("l1", "Looks into L1", |s| {
            outcomes(L1Look::ALL, |&kind| ([("outcome", kind.as_str())], s.l1.get(kind)))
        })
    }

    fn l2(&mut self) -> fmt::Result {
        self.counters("l2_operations", "Operations on L2", |s| {
            Operation::ALL.iter().flat_map(|&operation| operation_outcomes(s, operation)).collect()
        })?;
        self.counters("l2_answers", "Answers of L2, by key", |s| {
            outcomes(L2Answer::ALL, |&kind| ([("outcome", kind.as_str())], s.l2_answers.get(kind)))
        })?;
        self.counters("fills", "Fills of L2, by key", |s| {
            outcomes(FillOutcome::ALL, |&kind| ([("outcome", kind.as_str())], s.fills.get(kind)))
        })
    }

    fn loads(&mut self) -> fmt::Result {
        self.counters("loads", "Loads", |s| {
            outcomes(LoadOutcome::ALL, |&kind| ([("outcome", kind.as_str())], s.loads.get(kind)))
        })?;
        self.counters("refreshes", "Early refreshes begun in the background", |s| vec![([], s.refreshes)])?;
        self.counters("invalidations", "Keys, tags and whole namespaces invalidated", |s| {
            outcomes(Invalidated::ALL, |&kind| ([("kind", kind.as_str())], s.invalidations.get(kind)))
        })
    }

    fn gauges(&mut self) -> fmt::Result {
        self.gauge("l1_entries", "Entries in L1", None, |s| s.gauges.l1_entries)?;
        self.gauge("l1", "Size of L1: keys, values and overhead", Some(&Unit::Bytes), |s| s.gauges.l1_bytes)?;
        self.gauge("flights", "Keys that are being looked for below L1", None, |s| s.gauges.flights)?;
        self.gauge("loads_in_progress", "Loads in progress", None, |s| s.gauges.loads_in_progress)?;
        self.gauge("loads_waiting", "Loads that wait for a place within the budget", None, |s| s.gauges.loads_waiting)?;
        self.gauge("load_budget", "Most loads in progress at a time", None, |s| s.gauges.load_budget)?;
        self.gauge("queued_invalidations", "Invalidations that L2 has not taken yet", None, |s| {
            s.gauges.queued_invalidations
        })?;
        self.gauge("breaker_open", "1 while L2 is not asked because it kept failing", None, |s| {
            u64::from(s.gauges.breaker_open)
        })
    }

    fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl Fn(&Statistics) -> Vec<([Label; N], u64)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (cache, statistics) in &self.caches {
            for (labels, count) in samples(statistics) {
                let labels: Vec<_> = [("cache", cache.as_str())].into_iter().chain(labels).collect();
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, unit: Option<&Unit>, read: impl Fn(&Statistics) -> u64) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for (cache, statistics) in &self.caches {
            ConstGauge::new(read(statistics)).encode(family.encode_family(&[("cache", cache.as_str())])?)?;
        }
        Ok(())
    }
}

fn outcomes<K, const N: usize>(kinds: &[K], sample: impl Fn(&K) -> ([Label; N], u64)) -> Vec<([Label; N], u64)> {
    kinds.iter().map(sample).collect()
}

fn operation_outcomes(s: &Statistics, operation: Operation) -> impl Iterator<Item = ([Label; 2], u64)> {
    let counts = s.l2.get(operation);
    L2Outcome::ALL
        .iter()
        .map(move |&outcome| ([("operation", operation.as_str()), ("outcome", outcome.as_str())], counts.get(outcome)))
}
