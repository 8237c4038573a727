//! Which run each figure is of, and what is planned and was not measured.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use clap::ValueEnum as _;

use crate::{
    plan::{DEMAND, OWN_HALF, SAME_RATE, Scene, System},
    results::{Results, Run},
    run::name_of,
};

/// Lines of the table about where and how it was measured. What is not the same in all scenes stands with their names.
pub(super) fn facts(results: &Results) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut values: BTreeMap<String, Vec<(String, Vec<&str>)>> = BTreeMap::new();
    for (scene, run) in &results.runs {
        for (name, value) in facts_of(run) {
            if !names.contains(&name) {
                names.push(name.clone());
            }
            let values = values.entry(name).or_default();
            match values.iter_mut().find(|(other, _)| *other == value) {
                Some((_, scenes)) => scenes.push(scene),
                None => values.push((value, vec![scene])),
            }
        }
    }
    let scenes = results.runs.len() + of_unknown_runs(results).len();
    let line = |name: &String| format!("| {name} | {} |\n", shown(&values[name], scenes));
    names.iter().map(line).collect()
}

fn facts_of(run: &Run) -> Vec<(String, String)> {
    let effort = [
        ("workers of each server".to_owned(), run.effort.workers.to_string()),
        ("connections".to_owned(), run.effort.connections.to_string()),
    ];
    run.machine.facts.iter().cloned().chain(effort).collect()
}

/// One value, or each with its scenes.
fn shown(values: &[(String, Vec<&str>)], scenes: usize) -> String {
    match values {
        [(value, of)] if of.len() == scenes => value.clone(),
        several => {
            let each = several.iter().map(|(value, of)| format!("{value} ({})", of.join(", ")));
            each.collect::<Vec<String>>().join("; ")
        }
    }
}

/// A paragraph that says so when the scenes are of several runs, or of an unknown one; nothing otherwise.
pub(super) fn several_runs(results: &Results) -> String {
    let mut runs: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for (scene, run) in &results.runs {
        runs.entry(run.began_unix_seconds).or_default().push(scene);
    }
    let mut text = String::new();
    if runs.len() > 1 {
        let each: Vec<String> = runs.values().map(|scenes| scenes.join(", ")).collect();
        // Writing to a string cannot fail.
        writeln!(text, "\n**The scenes are of {} runs**, oldest first: {}.", runs.len(), each.join("; "))
            .unwrap_or_default();
    }
    let unknown = of_unknown_runs(results);
    if !unknown.is_empty() {
        writeln!(text, "\nWhere and how these scenes were measured was not kept: {}.", unknown.join(", "))
            .unwrap_or_default();
    }
    text
}

/// Scenes with figures whose run was not kept.
fn of_unknown_runs(results: &Results) -> Vec<String> {
    let scenes = Scene::value_variants().iter().filter(|scene| has_figures(results, **scene));
    scenes.map(|scene| name_of(*scene)).filter(|name| !results.runs.contains_key(name)).collect()
}

/// A section with what is planned and has no figures, by name; nothing if all have.
pub(super) fn not_measured(results: &Results) -> String {
    let mut text = String::new();
    for scene in Scene::value_variants() {
        let name = name_of(*scene);
        if !has_figures(results, *scene) {
            writeln!(text, "- the scene `{name}`").unwrap_or_default();
            continue;
        }
        let missing: Vec<&str> = missing_in(results, *scene).into_iter().map(System::title).collect();
        if !missing.is_empty() {
            writeln!(text, "- in `{name}`: {}", missing.join("; ")).unwrap_or_default();
        }
    }
    if text.is_empty() { text } else { format!("\n## Planned and not measured\n\n{text}") }
}

fn has_figures(results: &Results, scene: Scene) -> bool {
    match scene {
        Scene::Latency => results.latency.is_some(),
        Scene::Steady => results.steady.is_some(),
        Scene::Demand => results.demand.is_some(),
        Scene::HitRatio => results.hit_ratio.is_some(),
        Scene::RedisLost => results.redis_lost.is_some(),
        Scene::Start => results.start_millis.is_some(),
        Scene::Memory => results.memory.is_some(),
        Scene::Zipf | Scene::Uniform | Scene::OneKey | Scene::Writes | Scene::Page | Scene::Batch | Scene::Far => {
            results.turns.contains_key(&name_of(scene))
        }
    }
}

/// The planned systems of a scene that have no rounds in it.
fn missing_in(results: &Results, scene: Scene) -> BTreeSet<System> {
    if let Some(turns) = scene.turns() {
        return without_rounds(turns.systems, results.turns.get(turns.name).map(|measured| &measured.systems[..]));
    }
    if scene == Scene::Latency {
        let latency = results.latency.as_ref();
        let mut missing = without_rounds(&SAME_RATE, latency.map(|latency| &latency.same_rate[..]));
        missing.extend(without_rounds(&OWN_HALF, latency.map(|latency| &latency.own_half[..])));
        return missing;
    }
    if scene == Scene::Demand {
        return without_rounds(&DEMAND, results.demand.as_ref().map(|demand| &demand.systems[..]));
    }
    BTreeSet::new()
}

fn without_rounds<T>(planned: &[System], measured: Option<&[(System, Vec<T>)]>) -> BTreeSet<System> {
    let has_rounds = |system: &System| {
        measured.unwrap_or_default().iter().any(|(other, rounds)| other == system && !rounds.is_empty())
    };
    planned.iter().copied().filter(|system| !has_rounds(system)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::Effort,
        results::{Demand, Machine, Measured},
    };

    fn run(began_unix_seconds: u64, larder: &str, connections: u32) -> Run {
        let effort =
            Effort { rounds: 1, seconds: 1.0, run_in_seconds: 1.0, connections, workers: 2, memory_products: 1 };
        let facts = vec![("kernel".to_owned(), "6.1".to_owned()), ("larder".to_owned(), larder.to_owned())];
        Run { began_unix_seconds, machine: Machine { facts }, effort }
    }

    fn of_runs(runs: [(&str, Run); 3]) -> Results {
        Results { runs: runs.map(|(scene, run)| (scene.to_owned(), run)).into(), ..Results::default() }
    }

    #[test]
    fn what_all_scenes_share_is_said_once() {
        let results = of_runs(["far", "start", "zipf"].map(|scene| (scene, run(1, "a", 64))));
        let expected = "| kernel | 6.1 |\n| larder | a |\n| workers of each server | 2 |\n| connections | 64 |\n";
        assert_eq!((facts(&results).as_str(), several_runs(&results).as_str()), (expected, ""));
    }

    #[test]
    fn scenes_of_several_runs_are_told_apart() {
        let results = of_runs([("zipf", run(1, "a", 64)), ("far", run(2, "b", 64)), ("start", run(1, "a", 9))]);
        let text = facts(&results);
        assert!(text.contains("| larder | b (far); a (start, zipf) |"), "{text}");
        assert!(text.contains("| connections | 64 (far, zipf); 9 (start) |"), "{text}");
        assert!(several_runs(&results).contains("of 2 runs**, oldest first: start, zipf; far."));
    }

    #[test]
    fn figures_without_a_run_are_named() {
        let runs = [("far".to_owned(), run(1, "a", 64))].into();
        let results = Results { start_millis: Some(vec![1.0]), runs, ..Results::default() };
        assert!(several_runs(&results).contains("was not kept: start."));
        assert!(facts(&results).contains("| larder | a (far) |"), "it is not known of the other");
    }

    #[test]
    fn what_is_planned_and_missing_is_named() {
        let effort = run(1, "a", 64).effort;
        let systems = vec![(System::FarTwoLevel, Vec::new())];
        let demand = DEMAND.iter().map(|system| (*system, vec![(1.0, 1.0)])).collect();
        let results = Results {
            turns: [("far".to_owned(), Measured { effort, systems })].into(),
            demand: Some(Demand { systems: demand }),
            ..Results::default()
        };
        let text = not_measured(&results);
        let far = "- in `far`: Larder, no cache, database 2 ms away; Larder, two levels, database 2 ms away\n";
        assert!(text.contains(far), "{text}");
        assert!(text.contains("- the scene `zipf`\n") && !text.contains("demand"), "{text}");
    }
}
