//! The command line of a bench: words that choose what is measured, and the options that this bench has.

use std::{collections::HashMap, io::Write as _};

use anyhow::{Context, Result, bail};

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Parts of names; none means all.
    pub(crate) words: Vec<String>,
    /// Options with their values.
    pub(crate) options: HashMap<String, String>,
}

/// Reads it. Each option takes a value; `--bench` is cargo's own.
///
/// # Errors
/// When an option is not among `known`, or has no value.
pub(crate) fn of_command_line(known: &[&str]) -> Result<Asked> {
    let mut asked = Asked::default();
    let mut given = std::env::args().skip(1);
    while let Some(word) = given.next() {
        if word == "--bench" {
            continue;
        }
        if !word.starts_with('-') {
            asked.words.push(word);
        } else if known.contains(&word.as_str()) {
            let value = given.next().with_context(|| format!("{word} takes a value"))?;
            asked.options.insert(word, value);
        } else {
            let of_this = if known.is_empty() { "none".to_owned() } else { known.join(" and ") };
            bail!(
                "unknown option {word}: this bench has {of_this}, others are named by cargo bench --bench NAME -- {word}"
            );
        }
    }
    Ok(asked)
}

/// Whether `name` has one of `words` in it; always if there are none.
pub(crate) fn is_wanted(name: &str, words: &[String]) -> bool {
    words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
}

/// Says that nothing here is meant: plain `cargo bench` hands the same words to each bench, so it is no error.
///
/// # Errors
/// When it cannot be said.
pub(crate) fn say_none(what: &str, words: &[String]) -> Result<()> {
    writeln!(std::io::stdout(), "no {what} has {} in its name", words.join(" or ")).context("say so")
}
