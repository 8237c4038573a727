//! Measures other two-level caches and the bare parts they are made of, and prints one markdown table.

mod commands;
mod contender;
mod contenders;
mod load;
mod outcome;
mod rows;
mod versions;

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::contender::Settings;
use crate::contenders::BARE;
use crate::outcome::{Outcome, cell, median};
use crate::rows::{Lane, Row};

const ROUNDS: usize = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let redis_url = arguments.next().context("usage: larder-peers redis://host:port [contender...]")?;
    let only: Vec<String> = arguments.collect();
    let settings = Settings { redis_url, ttl: Duration::from_secs(600), l1_entries: 20_000 };
    let mut lanes = contenders::all(&settings);
    // The bare parts always run: the ratios are to them.
    lanes.retain(|lane| only.is_empty() || lane.name() == BARE || only.iter().any(|name| name == lane.name()));
    let results = run(&lanes).await?;
    print(&lanes, &results).context("writing the table")
}

/// All rounds: `[row][lane][round]`. Each round starts with another lane, so that none always has the warm machine.
async fn run(lanes: &[Box<dyn Lane>]) -> Result<Vec<Vec<Vec<Outcome>>>> {
    let mut results = vec![vec![Vec::with_capacity(ROUNDS); lanes.len()]; Row::ALL.len()];
    for round in 0..ROUNDS {
        for (row, of_row) in Row::ALL.into_iter().zip(&mut results) {
            for step in 0..lanes.len() {
                let turn = (round + step) % lanes.len();
                of_row[turn].push(lanes[turn].round(row).await);
            }
        }
        writeln!(io::stderr(), "round {} of {ROUNDS}", round + 1)?;
    }
    Ok(results)
}

/// The first lane is the bare one: the others' ratios are to it.
fn print(lanes: &[Box<dyn Lane>], results: &[Vec<Vec<Outcome>>]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let label = |name| match name {
        BARE => format!("bare: moka {}, redis {}", versions::of("moka"), versions::of("redis")),
        _ => format!("{name} {}", versions::of(name)),
    };
    let names: Vec<String> = lanes.iter().map(|lane| label(lane.name())).collect();
    writeln!(out, "| median of {ROUNDS} rounds (ratio to bare) | {} |", names.join(" | "))?;
    writeln!(out, "|---|{}", "---|".repeat(lanes.len()))?;
    for (row, of_row) in Row::ALL.into_iter().zip(results) {
        let bare = of_row.first().and_then(|rounds| median(rounds));
        let cells: Vec<String> = of_row.iter().map(|rounds| cell(rounds, bare)).collect();
        writeln!(out, "| {} | {} |", row.title(), cells.join(" | "))?;
    }
    Ok(())
}
