//! `larder-bench-http run`: which scenes are played, what is kept of them, and the report.

use std::{
    io::{Write as _, stdout},
    num::NonZero,
    path::{Path, PathBuf},
    thread,
    time::SystemTime,
};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::{
    kept,
    machine::{commit, facts},
    place::Place,
    plan::{CONNECTIONS, Effort, MEMORY_PRODUCTS, MEMORY_PRODUCTS_QUICK, Scene, System},
    report,
    results::{Results, Run},
    scenes,
    systems::{Larder, Stage},
};

/// The raw results, in the folder of the results.
const RESULTS: &str = "results.json";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The larder program, a release.
    #[arg(long, value_name = "PROGRAM")]
    larder: PathBuf,
    /// Rounds of each scene.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Seconds of one turn.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Seconds of load before each turn, unmeasured: what fell out of caches while others were asked is loaded again in them.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=60))]
    run_in: u32,
    /// Connections of the load generator.
    #[arg(long, default_value_t = CONNECTIONS, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// One round of one second: shows that everything runs, measures nothing, keeps nothing.
    #[arg(long, conflicts_with_all = ["rounds", "seconds", "run_in"])]
    quick: bool,
    /// Only these scenes; the others keep the figures that they have.
    #[arg(long, value_enum, value_name = "SCENE", value_delimiter = ',')]
    only: Vec<Scene>,
    /// Only these systems, in the scenes that compare them: prints the tables to standard output, and keeps nothing.
    #[arg(long, value_enum, value_name = "SYSTEM", value_delimiter = ',')]
    systems: Vec<System>,
    /// Writes the report from what was measured before.
    #[arg(long, conflicts_with_all = ["quick", "only", "systems", "rounds", "seconds", "run_in", "connections"])]
    report_only: bool,
    /// The folder with the raw results, and with what is dear to make.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench-http")]
    results: PathBuf,
    /// The folder of the report; a copy of the raw results stands beside its plots, and is read where there are no others.
    #[arg(long, value_name = "FOLDER", default_value = "benches")]
    report: PathBuf,
}

/// Measures, unless told not to, and writes the report or prints the tables.
///
/// # Errors
/// When something does not start, does not answer, or cannot be read or written.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let (file, copy) = (options.results.join(RESULTS), report::raw(&options.report));
    if options.report_only {
        let results = kept::read(&[&file, &copy])?;
        let results = results.with_context(|| {
            format!("nothing was measured yet: neither {} nor {} is there", file.display(), copy.display())
        })?;
        return report::write(&results, &options.report);
    }
    let scenes = chosen(&options.only, &options.systems)?;
    let _place = Place::take(&options.results)?;
    if options.keeps_nothing() {
        let mut results = Results::default();
        measure(options, &scenes, &mut results, None).await?;
        return write!(stdout(), "{}", report::excerpt(&results)).context("print the tables");
    }
    let mut results = kept::read(&[&file, &copy])?.unwrap_or_default();
    measure(options, &scenes, &mut results, Some(&file)).await?;
    report::write(&results, &options.report)
}

/// Plays the scenes; what each gave is kept in `file` at once.
async fn measure(options: &Options, scenes: &[Scene], results: &mut Results, file: Option<&Path>) -> Result<()> {
    let program = options.larder.canonicalize().context("find the larder program")?;
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let effort = options.effort(workers);
    let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).context("read the clock")?;
    let mut stage = Stage::open(Larder { program, workers }).await?;
    let mut machine = facts(&stage).await?;
    machine.facts.push(("commit".to_owned(), commit()));
    let run = Run { began_unix_seconds: began.as_secs(), machine, effort };
    for scene in scenes {
        let name = name_of(*scene);
        eprintln!("scene {name}");
        let played = scenes::play(*scene, &options.systems, &mut stage, &effort, &options.results, results);
        Box::pin(played).await.with_context(|| format!("scene {name}"))?;
        results.runs.insert(name, run.clone());
        if let Some(file) = file {
            kept::write(file, results)?;
        }
    }
    Ok(())
}

/// The scenes that are meant by `only` and `systems`; all, or those that one of the systems plays, if no scene is named.
///
/// # Errors
/// When a scene is named that none of the systems plays.
fn chosen(only: &[Scene], systems: &[System]) -> Result<Vec<Scene>> {
    let plays = |scene: &Scene| systems.is_empty() || systems.iter().any(|it| scenes::players(*scene).contains(it));
    if only.is_empty() {
        return Ok(Scene::value_variants().iter().copied().filter(plays).collect());
    }
    for scene in only {
        ensure_played(*scene, plays(scene))?;
    }
    Ok(only.to_vec())
}

fn ensure_played(scene: Scene, is_played: bool) -> Result<()> {
    let (name, players) = (name_of(scene), scenes::players(scene));
    if !is_played && players.is_empty() {
        bail!("nobody can choose the systems of the scene {name}: leave --systems out");
    }
    let players: Vec<String> = players.into_iter().map(name_of).collect();
    ensure!(is_played, "none of these systems plays the scene {name}: {} do", players.join(", "));
    Ok(())
}

/// How it is called on the command line, and in the results.
pub(crate) fn name_of(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

impl Options {
    /// Whether what is measured is no part of a report.
    fn keeps_nothing(&self) -> bool {
        self.quick || !self.systems.is_empty()
    }

    fn effort(&self, workers: usize) -> Effort {
        let (rounds, seconds, run_in) = if self.quick { (1, 1, 1) } else { (self.rounds, self.seconds, self.run_in) };
        let memory_products = if self.quick { MEMORY_PRODUCTS_QUICK } else { MEMORY_PRODUCTS };
        Effort {
            rounds,
            seconds: f64::from(seconds),
            run_in_seconds: f64::from(run_in),
            connections: self.connections,
            workers,
            memory_products,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parsed(words: &str) -> Result<Options, clap::Error> {
        let line = format!("run --larder larder {words}");
        Line::try_parse_from(line.split_whitespace()).map(|line| line.options)
    }

    #[test]
    fn what_some_systems_give_is_not_kept() {
        assert!(parsed("--systems two-level,bare --only zipf").unwrap().keeps_nothing());
        assert!(parsed("--quick").unwrap().keeps_nothing());
        assert!(!parsed("--only zipf").unwrap().keeps_nothing());
    }

    #[test]
    fn a_scene_that_none_of_the_systems_plays_is_refused() {
        let said = format!("{:#}", chosen(&[Scene::Zipf, Scene::Far], &[System::Nginx]).unwrap_err());
        assert_eq!(said, "none of these systems plays the scene far: far-two-level, far-uncached do");
        let said = format!("{:#}", chosen(&[Scene::Start], &[System::L1]).unwrap_err());
        assert!(said.contains("the scene start") && said.contains("leave --systems out"), "{said}");
        assert_eq!(chosen(&[Scene::Start, Scene::Far], &[]).unwrap(), [Scene::Start, Scene::Far]);
    }

    #[test]
    fn without_named_scenes_systems_play_in_theirs() {
        assert_eq!(chosen(&[], &[System::FarUncached]).unwrap(), [Scene::Far]);
        assert_eq!(chosen(&[], &[]).unwrap(), Scene::value_variants());
    }

    #[test]
    fn a_report_from_what_is_there_takes_no_options_of_measuring() {
        for words in ["--rounds 9", "--seconds 9", "--run-in 9", "--connections 3", "--quick", "--only zipf"] {
            assert!(parsed(&format!("--report-only {words}")).is_err(), "{words}");
        }
        assert!(parsed("--report-only").unwrap().report_only);
    }

    #[tokio::test]
    async fn the_report_is_made_from_the_copy_where_there_is_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (results, report) = (folder.path().join("results"), folder.path().join("report"));
        let words = format!("--report-only --results {} --report {}", results.display(), report.display());
        let options = parsed(&words).unwrap();
        let said = format!("{:#}", run(&options).await.unwrap_err());
        assert!(said.contains("nothing was measured yet"), "{said}");
        let measured = Results { start_millis: Some(vec![7.0]), ..Results::default() };
        kept::write(&report::raw(&report), &measured).unwrap();
        run(&options).await.unwrap();
        let text = std::fs::read_to_string(report.join("REPORT.md")).unwrap();
        assert!(text.contains("7.0 ms"), "{text}");
        assert!(!results.exists(), "nothing is made that is only read");
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        assert_eq!((name_of(Scene::OneKey), name_of(System::FarTwoLevel)), ("one-key".into(), "far-two-level".into()));
    }
}
