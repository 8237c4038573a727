//! The figures that the promises are told in, measured on real processes, each as one line with its bound.

mod cold_key;
mod outage;
mod outbox;
mod propagation;
mod visitor;

use std::{fmt, str::FromStr, time::Duration};

use anyhow::{Result, bail};

use crate::cluster::Setup;

/// What can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// How long an UPDATE by SQL takes until every node answers it.
    Propagation,
    /// What clients and the database notice of a Redis that is killed and comes back.
    RedisOutage,
    /// How many loads many readers of one cold key cause, also when the one who loads dies.
    ColdKey,
    /// How far the relay is behind many changes, and what is lost with it: nothing.
    Outbox,
}

impl Figure {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Propagation, Self::RedisOutage, Self::ColdKey, Self::Outbox];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Propagation => "propagation",
            Self::RedisOutage => "redis-outage",
            Self::ColdKey => "cold-key",
            Self::Outbox => "outbox",
        }
    }
}

impl FromStr for Figure {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match Self::ALL.into_iter().find(|figure| figure.name() == text) {
            Some(figure) => Ok(figure),
            None => bail!("no figure is called {text:?}; there are {}", Self::ALL.map(Self::name).join(", ")),
        }
    }
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Name and figures.
    pub text: String,
    /// Whether every bound was kept.
    pub is_kept: bool,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.text, if self.is_kept { "ok" } else { "BROKEN" })
    }
}

/// Measures one figure on a cluster of its own; outage and outbox take about three times `length`.
///
/// # Errors
/// When a server or a node does not start, or does not answer what it always has to.
pub async fn show(figure: Figure, setup: &Setup, length: Duration) -> Result<Vec<Line>> {
    match figure {
        Figure::Propagation => Ok(vec![propagation::measure(setup).await?]),
        Figure::RedisOutage => Ok(vec![outage::measure(setup, length).await?]),
        Figure::ColdKey => cold_key::measure(setup).await,
        Figure::Outbox => outbox::measure(setup, length).await,
    }
}

/// The time that so many of a thousand stay within; `times` are in order.
fn quantile(times: &[Duration], per_mille: usize) -> Duration {
    let last = times.len().saturating_sub(1);
    times.get((last * per_mille).div_ceil(1_000)).copied().unwrap_or_default()
}

/// A time in milliseconds, for a line.
fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_names() {
        for figure in Figure::ALL {
            assert_eq!(figure.name().parse::<Figure>().unwrap(), figure);
        }
        assert!("beauty".parse::<Figure>().is_err());
    }

    #[test]
    fn quantiles_are_taken_from_above() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(quantile(&times, 500), Duration::from_millis(101));
        assert_eq!(quantile(&times, 990), Duration::from_millis(199));
        assert_eq!(quantile(&times, 1_000), Duration::from_millis(200));
        assert_eq!(quantile(&[], 990), Duration::ZERO);
    }
}
