//! The tables of docs/scaling.md: what goes into the model, and what comes out. A test holds one against the other.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};

use super::{
    figures::{Cost, Figures},
    model::{BUSY, CATALOGUE, DATABASE_CORES, Inputs, NODE_CORES, Need, Popularity, RATES, SETTINGS, Setting, WRITES},
};
use crate::report::grouped;

/// Between these lines the page is made by the command.
const BEGIN: &str = "<!-- made by cargo x bench scale -->";
const END: &str = "<!-- end -->";

/// Parts of the catalogue for which hits are shown.
const HELD: [f64; 6] = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5];

/// Exponents for which they are.
const EXPONENTS: [f64; 4] = [0.64, 0.75, 0.83, 0.99];

/// Puts the tables of what was measured into `page`. While something of that is missing, reckons them anew from the inputs that stand there;
/// without these, leaves the page alone.
///
/// # Errors
/// When the page cannot be read or written, or has no place for them.
pub(super) fn renew(figures: &Figures, page: &Path) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("read {}", page.display()))?;
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("{} lacks {BEGIN}", page.display()))?;
    let (made, after) = rest.split_once(END).with_context(|| format!("{} lacks {END}", page.display()))?;
    let Some(inputs) = Inputs::of(figures).or_else(|| read(made)) else { return Ok(()) };
    fs::write(page, format!("{before}{BEGIN}\n{}{END}{after}", section(&inputs)))
        .with_context(|| format!("write {}", page.display()))
}

/// Everything between the two lines.
fn section(inputs: &Inputs) -> String {
    let shown = shown(inputs);
    // What stands in the page is what is reckoned with.
    let inputs = read(&shown).unwrap_or(*inputs);
    format!("\n{shown}\n{}\n{}\n{}", hits(), needs(&inputs), by_hand(&inputs))
}

fn rows(inputs: &mut Inputs) -> [(&'static str, &mut Cost); 8] {
    [
        ("a read that L1 answers", &mut inputs.l1),
        ("a read that Redis answers, and that fills L1", &mut inputs.l2),
        ("a read that is loaded, and that fills both", &mut inputs.load),
        ("a write, on its node", &mut inputs.write),
        ("a write that comes alone, for each other node", &mut inputs.heard),
        ("a product whose views are added", &mut inputs.viewed),
        ("one of many changes at once, for each other node", &mut inputs.viewed_heard),
        ("a node for a second, idle", &mut inputs.idle),
    ]
}

fn parts(cost: &mut Cost) -> [&mut f64; 5] {
    [&mut cost.server_micros, &mut cost.redis_micros, &mut cost.database_micros, &mut cost.commands, &mut cost.queries]
}

const ENTRY: &str = "bytes of a product in L1";

fn shown(inputs: &Inputs) -> String {
    let mut text = String::from(
        "| what | server µs | Redis µs | PostgreSQL µs | commands | queries |\n|---|---|---|---|---|---|\n",
    );
    let mut inputs = *inputs;
    for (name, cost) in rows(&mut inputs) {
        write!(text, "| {name} |").unwrap_or_default();
        for (index, part) in parts(cost).into_iter().enumerate() {
            if index < 3 { write!(text, " {part:.1} |") } else { write!(text, " {part:.3} |") }.unwrap_or_default();
        }
        text.push('\n');
    }
    writeln!(text, "\n{ENTRY}: {:.0}", inputs.entry_bytes).unwrap_or_default();
    text
}

/// The inputs that stand in a page.
fn read(page: &str) -> Option<Inputs> {
    let mut inputs = Inputs::default();
    for (name, cost) in rows(&mut inputs) {
        let start = format!("| {name} |");
        let line = page.lines().find_map(|line| line.strip_prefix(start.as_str()))?;
        let mut cells = line.split('|');
        for part in parts(cost) {
            *part = cells.next()?.trim().parse().ok()?;
        }
    }
    let bytes = page.lines().find_map(|line| line.strip_prefix(ENTRY)?.strip_prefix(": "))?;
    inputs.entry_bytes = bytes.trim().parse().ok()?;
    Some(inputs)
}

/// Hits by the part of the catalogue that is held.
fn hits() -> String {
    let mut text = String::from("| exponent |");
    HELD.iter().for_each(|held| write!(text, " {} % held |", held * 100.0).unwrap_or_default());
    text.push_str("\n|---|---|---|---|---|---|---|\n");
    for exponent in EXPONENTS {
        write!(text, "| {exponent} |").unwrap_or_default();
        let popularity = Popularity::zipf(CATALOGUE, exponent);
        for held in HELD {
            let entries = CATALOGUE as f64 * held;
            let (lru, best) = (popularity.lru_hits(entries), popularity.best_hits(entries));
            write!(text, " {:.1}–{:.1} % |", lru * 100.0, best * 100.0).unwrap_or_default();
        }
        text.push('\n');
    }
    text
}

fn needs(inputs: &Inputs) -> String {
    let mut text = format!(
        "Reckoned for {} products, {} % of the requests writes, nodes of {NODE_CORES} cores, each core at most {} % busy. \
         In bold: more rows than one node adds views to in a second ({}), more cores than one PostgreSQL has ({DATABASE_CORES}).\n\n\
         | settings | requests/s | nodes | L1 hits | loads/s | views: rows/s | writes/s | commands/s | shards | queries/s | PostgreSQL cores |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
        grouped(CATALOGUE as f64),
        WRITES * 100.0,
        BUSY * 100.0,
        grouped(inputs.most_viewed()),
    );
    for setting in &SETTINGS {
        for rate in RATES {
            write!(text, "| {} | {} |", setting.name, grouped(rate)).unwrap_or_default();
            text.push_str(&inputs.need(setting, rate).map_or_else(none, |need| needed(&need, inputs.most_viewed())));
            text.push('\n');
        }
    }
    text
}

/// The row that [`by_hand`] reckons anew: the setting, and requests a second.
const BY_HAND: (Setting, f64) = (SETTINGS[1], 1e6);

/// The nodes of one row from its flows, each times its cost, in cores.
fn by_hand(inputs: &Inputs) -> String {
    let (setting, rate) = BY_HAND;
    let Some(need) = inputs.need(&setting, rate) else { return String::new() };
    let reads = rate - need.writes;
    let (hits, others) = (reads * need.l1_hits, need.nodes as f64 - 1.0);
    let fetched = (reads - hits - need.loads).max(0.0);
    let alone = inputs.alone(need.writes);
    let together = need.writes - alone + need.viewed;
    let mut text = format!(
        "By hand, the nodes of \"{}\" at {} requests a second:\n\n| a second | times µs | cores |\n|---|---|---|\n",
        setting.name,
        grouped(rate)
    );
    let mut sum = 0.0;
    for (name, count, cost) in [
        ("hits in L1", hits, inputs.l1),
        ("hits in Redis", fetched, inputs.l2),
        ("loads", need.loads, inputs.load),
        ("writes", need.writes, inputs.write),
        ("viewed products", need.viewed, inputs.viewed),
        ("changes that come alone, times other nodes", alone * others, inputs.heard),
        ("changes that come together, times other nodes", together * others, inputs.viewed_heard),
        ("nodes", need.nodes as f64, inputs.idle),
    ] {
        let cores = count * cost.server_micros / 1e6;
        sum += cores;
        writeln!(text, "| {} {name} | {:.1} | {cores:.2} |", grouped(count), cost.server_micros).unwrap_or_default();
    }
    let usable = NODE_CORES * BUSY;
    writeln!(text, "\nTogether {sum:.2} cores; {usable:.1} of a node may be busy: {} nodes.", need.nodes)
        .unwrap_or_default();
    text
}

fn none() -> String {
    " **none is enough** | | | | | | | | |".to_owned()
}

fn needed(need: &Need, most_viewed: f64) -> String {
    let database = bold_beyond(need.database_size(), DATABASE_CORES);
    let viewed = bold_beyond(need.viewed, most_viewed);
    format!(
        " {} | {:.2} % | {} | {viewed} | {} | {} | {} | {} | {database} |",
        grouped(need.nodes as f64),
        need.l1_hits * 100.0,
        grouped(need.loads),
        grouped(need.writes),
        grouped(need.commands),
        grouped(need.shards()),
        grouped(need.queries),
    )
}

fn bold_beyond(value: f64, most: f64) -> String {
    if value > most { format!("**{}**", grouped(value)) } else { grouped(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../../docs/scaling.md");

    #[test]
    fn the_page_says_what_its_inputs_say() {
        let (_, rest) = PAGE.split_once(BEGIN).unwrap();
        let (made, _) = rest.split_once(END).unwrap();
        let inputs = read(made).expect("inputs in the page");
        assert_eq!(made.trim(), section(&inputs).trim(), "make it anew: cargo x bench scale --report-only");
    }

    #[test]
    fn inputs_survive_being_shown() {
        let cost = Cost { server_micros: 12.5, commands: 0.125, ..Cost::default() };
        let inputs = Inputs { l2: cost, idle: cost, entry_bytes: 900.0, ..Inputs::default() };
        assert_eq!(read(&shown(&inputs)), Some(inputs));
        assert_eq!(read("nothing"), None);
    }

    #[test]
    fn only_what_is_between_the_lines_changes() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("scaling.md");
        fs::write(&page, format!("before\n{BEGIN}\nof before\n{END}\nafter\n")).unwrap();
        renew(&Figures::default(), &page).unwrap();
        assert!(fs::read_to_string(&page).unwrap().contains("of before"));
        let writes = serde_json::from_value(serde_json::json!({
            "nodes": 1, "per_second": 1.0, "writes": 1, "failed": 0, "writer_micros": 1.0, "others_micros": 0.0, "redis_micros": 1.0,
            "database_micros": 1.0, "commands": 1.0, "queries": 1.0,
            "idle": {"server_micros": 1.0, "redis_micros": 1.0, "database_micros": 1.0, "commands": 1.0, "queries": 1.0},
        }));
        let costs = super::super::figures::Costs { entry_bytes: 900.0, ..Default::default() };
        renew(&Figures { writes: vec![writes.unwrap()], costs: Some(costs), ..Figures::default() }, &page).unwrap();
        let text = fs::read_to_string(&page).unwrap();
        assert!(text.starts_with("before\n") && text.ends_with("after\n") && !text.contains("of before"), "{text}");
        fs::write(&page, text.replace("Together", "Apart")).unwrap();
        renew(&Figures::default(), &page).unwrap();
        assert_eq!(fs::read_to_string(&page).unwrap(), text, "reckoned from the inputs of the page");
    }
}
