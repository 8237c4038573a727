//! What one round of a row answers, and how several rounds become one cell.

/// One round of one row.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// A number in the row's unit, the loads where they may differ from round to round, and what else is worth saying.
    Measured { value: f64, loads: Option<u64>, note: String },
    /// No number: why, or the answer itself.
    Said(String),
}

impl Outcome {
    fn words(&self) -> &str {
        match self {
            Self::Measured { note, .. } => note,
            Self::Said(words) => words,
        }
    }

    fn loads(&self) -> Option<u64> {
        match self {
            Self::Measured { loads, .. } => *loads,
            Self::Said(_) => None,
        }
    }
}

/// The median of the measured rounds.
pub(crate) fn median(rounds: &[Outcome]) -> Option<f64> {
    let mut values: Vec<f64> = rounds
        .iter()
        .filter_map(|round| match round {
            Outcome::Measured { value, .. } => Some(*value),
            Outcome::Said(_) => None,
        })
        .collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// One cell: the median, its ratio to the bare one, the loads, and the notes of the rounds.
pub(crate) fn cell(rounds: &[Outcome], bare: Option<f64>) -> String {
    let mut parts = Vec::new();
    if let Some(value) = median(rounds) {
        let ratio = bare.map_or(String::new(), |bare| format!(" ({:.2}×)", value / bare));
        parts.push(format!("{}{ratio}", number(value)));
    }
    parts.extend(loads(rounds));
    parts.extend(notes(rounds));
    parts.join("; ")
}

/// The fewest and the most loads of a round.
fn loads(rounds: &[Outcome]) -> Option<String> {
    let least = rounds.iter().filter_map(Outcome::loads).min()?;
    let most = rounds.iter().filter_map(Outcome::loads).max()?;
    Some(match (least, most) {
        (1, 1) => "1 load".to_owned(),
        _ if least == most => format!("{least} loads"),
        _ => format!("{least} to {most} loads"),
    })
}

/// Each different note once, with how many rounds had it unless all had.
fn notes(rounds: &[Outcome]) -> Vec<String> {
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for word in rounds.iter().map(Outcome::words).filter(|word| !word.is_empty()) {
        match seen.iter_mut().find(|(known, _)| *known == word) {
            Some((_, times)) => *times += 1,
            None => seen.push((word, 1)),
        }
    }
    let said = |(word, times): (&str, usize)| match times == rounds.len() {
        true => word.to_owned(),
        false => format!("{word} ({times} of {} rounds)", rounds.len()),
    };
    seen.into_iter().map(said).collect()
}

fn number(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}
