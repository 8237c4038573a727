//! What was measured: raw figures, from which the report is made.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{Effort, MAX_LATE, System};

/// The figures of all scenes; a run of some replaces theirs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Results {
    /// By the name of the scene: the run that its figures are of.
    pub(crate) runs: BTreeMap<String, Run>,
    /// By the name of the closed loop.
    pub(crate) turns: BTreeMap<String, Measured<Turn>>,
    pub(crate) latency: Option<Latency>,
    pub(crate) steady: Option<Measured<Turn>>,
    pub(crate) demand: Option<Demand>,
    pub(crate) hit_ratio: Option<Vec<HitRatio>>,
    /// Of the scene with the database far away: a question that costs nothing, there and back.
    #[serde(default)]
    pub(crate) far_round_trip_millis: Option<f64>,
    pub(crate) redis_lost: Option<Vec<RedisLost>>,
    pub(crate) start_millis: Option<Vec<f64>>,
    pub(crate) memory: Option<Memory>,
    /// Processor time of all systems together while nobody asks them anything, in µs for each second.
    pub(crate) idle_micros_per_second: Option<f64>,
}

/// The run in which a scene was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// When it began, which tells it from others; in no report.
    pub(crate) began_unix_seconds: u64,
    pub(crate) machine: Machine,
    pub(crate) effort: Effort,
}

/// Where it was measured, and with what. No date: a report changes when a figure does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) facts: Vec<(String, String)>,
}

/// Systems under the same load by turns: the figures of each, round by round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured<T> {
    pub(crate) effort: Effort,
    pub(crate) systems: Vec<(System, Vec<T>)>,
}

/// One turn of one system.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) seconds: f64,
    pub(crate) server_micros: u64,
    pub(crate) database_micros: u64,
    pub(crate) redis_micros: u64,
    pub(crate) queries: u64,
    pub(crate) commands: u64,
    pub(crate) resident_bytes: u64,
    /// Processor time of the load generator.
    #[serde(default)]
    pub(crate) generator_micros: u64,
}

/// Open loops.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) effort: Effort,
    /// What each system gets in a closed loop, in requests a second.
    #[serde(default)]
    pub(crate) peaks: Vec<(System, f64)>,
    /// All systems at half of the peak of L1 hits.
    pub(crate) same_rate: Vec<(System, Vec<Percentiles>)>,
    /// Each at half of its own peak.
    pub(crate) own_half: Vec<(System, Vec<Percentiles>)>,
}

/// One turn of an open loop, in microseconds from when each request was due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) per_second: f64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    /// Value by percentile, for the plot.
    pub(crate) curve: Vec<(f64, u64)>,
    pub(crate) sent: u64,
    pub(crate) failed: u64,
    /// Requests that the driver itself sent late.
    pub(crate) late: u64,
}

/// Database queries a second as traffic grows: system, then requests and queries a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Demand {
    pub(crate) systems: Vec<(System, Vec<(f64, f64)>)>,
}

/// What an L1 of one size did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct HitRatio {
    /// Products that it held, of all that were asked for.
    pub(crate) held: f64,
    pub(crate) ratio: f64,
    /// Of the same number of hottest products, if they were known beforehand.
    pub(crate) best: f64,
}

/// Requests a second around the loss of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct RedisLost {
    pub(crate) before: f64,
    pub(crate) after: f64,
    /// From the moment when Redis is back.
    #[serde(default)]
    pub(crate) back: f64,
    /// Requests that failed, in and after the moment of the loss.
    pub(crate) failed: u64,
}

/// Memory of a node that holds many products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    pub(crate) products: u64,
    pub(crate) body_bytes: u64,
    pub(crate) empty_resident_bytes: u64,
    pub(crate) resident_bytes: u64,
}

impl<T> Measured<T> {
    /// The rounds of one system, if it was measured.
    pub(crate) fn of(&self, system: System) -> Option<&[T]> {
        self.systems.iter().find(|(other, _)| *other == system).map(|(_, rounds)| rounds.as_slice())
    }

    /// One figure of `system` over that of `against`, round by round.
    pub(crate) fn ratio(&self, system: System, against: System, figure: impl Fn(&T) -> f64) -> Option<Spread> {
        self.ratio_where(system, against, |_| true, figure)
    }

    /// The same, of the rounds in which both turns are sound.
    pub(crate) fn ratio_where(
        &self,
        system: System,
        against: System,
        is_sound: impl Fn(&T) -> bool,
        figure: impl Fn(&T) -> f64,
    ) -> Option<Spread> {
        let rounds = self.of(system)?.iter().zip(self.of(against)?);
        let sound = rounds.filter(|(our, their)| is_sound(our) && is_sound(their));
        Spread::of(&sound.map(|(our, their)| figure(our) / figure(their)).collect::<Vec<f64>>())
    }
}

impl Percentiles {
    /// Whether the driver was in time for nearly all requests. If not, the latency is its own.
    pub(crate) fn is_sound(&self) -> bool {
        (self.late as f64) <= self.sent as f64 * MAX_LATE
    }

    /// Whether so many requests were slower than `percentile` that it means something.
    pub(crate) fn has(&self, percentile: f64) -> bool {
        self.sent as f64 * (1.0 - percentile / 100.0) >= SAMPLES_BEYOND
    }
}

impl Turn {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// Of the system's own processes, in µs.
    pub(crate) fn server_micros_per_request(&self) -> f64 {
        self.each(self.server_micros)
    }

    /// Of a core that the load generator used.
    pub(crate) fn generator_cores(&self) -> f64 {
        self.generator_micros as f64 / 1e6 / self.seconds
    }

    /// `total` for each request; all of it if there was none.
    pub(crate) fn each(&self, total: u64) -> f64 {
        total as f64 / self.requests.max(1) as f64
    }
}

/// Requests that have to be slower than a percentile, so that it is no chance.
const SAMPLES_BEYOND: f64 = 10.0;

/// A median with what lies around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// Of some values; none if there is none, or one that is no number.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        if sorted.is_empty() || sorted.len() < values.len() {
            return None;
        }
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median =
            if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) };
        Some(Self { median, min: sorted[0], max: sorted[sorted.len() - 1] })
    }

    /// One figure of all rounds.
    pub(crate) fn of_rounds<T>(rounds: &[T], figure: impl Fn(&T) -> f64) -> Option<Self> {
        Self::of(&rounds.iter().map(figure).collect::<Vec<f64>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_of_an_even_number_lies_between() {
        assert_eq!(Spread::of(&[4.0, 1.0, 3.0, 2.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(Spread::of(&[7.0, 1.0, 3.0]), Some(Spread { median: 3.0, min: 1.0, max: 7.0 }));
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[1.0, f64::INFINITY]), None);
    }

    #[test]
    fn ratios_are_of_rounds_and_not_of_medians() {
        let effort =
            Effort { rounds: 3, seconds: 1.0, run_in_seconds: 0.0, connections: 1, workers: 1, memory_products: 1 };
        let systems = vec![(System::L1, vec![10.0, 40.0, 30.0]), (System::L2, vec![5.0, 10.0, 30.0])];
        let measured = Measured { effort, systems };
        let ratio = measured.ratio(System::L1, System::L2, |figure| *figure);
        assert_eq!(ratio, Some(Spread { median: 2.0, min: 1.0, max: 4.0 }));
        assert_eq!(measured.ratio(System::L1, System::Bare, |figure| *figure), None);
    }

    #[test]
    fn results_survive_being_written() {
        let effort =
            Effort { rounds: 3, seconds: 1.0, run_in_seconds: 0.0, connections: 1, workers: 1, memory_products: 1 };
        let run = Run { began_unix_seconds: 1, machine: Machine::default(), effort };
        let results =
            Results { runs: [("start".to_owned(), run)].into(), start_millis: Some(vec![1.5]), ..Results::default() };
        let json = serde_json::to_vec(&results).unwrap();
        assert_eq!(serde_json::from_slice::<Results>(&json).unwrap(), results);
    }
}
