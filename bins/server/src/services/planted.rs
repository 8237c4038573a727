//! Mistakes that a checker plants to show that it would find them.

use anyhow::Context;
use larder_cache::testing::Mutant;

use crate::config::Config;

const MUTANTS: [Mutant; 10] = [
    Mutant::NoFence,
    Mutant::FenceBeforeL2,
    Mutant::JoinAnyFlight,
    Mutant::NoBypass,
    Mutant::TagsNotedAfterLoad,
    Mutant::LifeFromAnswer,
    Mutant::NoFloors,
    Mutant::NoGapDetection,
    Mutant::AnyServer,
    Mutant::NoBound,
];

/// The mistakes that `cache.planted_mistakes` names, by the names of [`Mutant`], separated by commas.
///
/// # Errors
/// Names the one that is not known.
pub(super) fn mutants(config: &Config) -> anyhow::Result<Vec<Mutant>> {
    let names = config.cache.planted_mistakes.split(',').map(str::trim).filter(|name| !name.is_empty());
    let known = |name: &str| MUTANTS.into_iter().find(|mutant| format!("{mutant:?}") == name);
    names
        .map(|name| known(name).with_context(|| format!("cache.planted_mistakes: there is no {name}, but {MUTANTS:?}")))
        .collect()
}
