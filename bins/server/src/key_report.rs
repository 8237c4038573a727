//! One key as every level has it, as JSON tells it.

use larder_cache::Standing;
use larder_repository_cached::{Held, InL2View, KeyInspection, Row};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::live::millis;

/// The answer to who looks one key up.
#[derive(Debug, Serialize)]
pub(crate) struct KeyReport<'a> {
    cache: &'a str,
    key: &'a str,
    l1: LevelReport<'a>,
    l2: LevelReport<'a>,
    /// Null where a key is no single row.
    database: Option<RowReport>,
}

#[derive(Debug, Serialize)]
struct LevelReport<'a> {
    /// `held`, `absent` (nothing is held), or why nothing is known: `unused`, `unreachable`, `garbage`.
    state: &'static str,
    #[serde(flatten)]
    held: Option<HeldReport<'a>>,
}

#[derive(Debug, Serialize)]
struct HeldReport<'a> {
    /// Whether a read would take it, and if not, why.
    standing: &'static str,
    believed: bool,
    /// What is held is that there is nothing.
    is_absence: bool,
    version: Option<u64>,
    age_ms: f64,
    fresh_for_ms: f64,
    usable_for_ms: f64,
    bytes: u64,
    tags: &'a [String],
    /// Whether it is what the database has; null if that is not known.
    agrees_with_database: Option<bool>,
    value: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct RowReport {
    /// `present`, `absent` or `unreachable`.
    state: &'static str,
    version: Option<i64>,
    value: Option<Box<RawValue>>,
}

impl<'a> KeyReport<'a> {
    pub(crate) fn new(cache: &'a str, key: &'a str, inspection: &'a KeyInspection) -> Self {
        let row = inspection.database.as_ref().and_then(|asked| asked.as_ref().ok()).map(Option::as_ref);
        Self {
            cache,
            key,
            l1: level(inspection.l1.as_ref(), row),
            l2: match &inspection.l2 {
                InL2View::Held(held) => level(Some(held), row),
                InL2View::Nothing => level(None, row),
                InL2View::Unused => unknown("unused"),
                InL2View::Unreachable => unknown("unreachable"),
                InL2View::Garbage => unknown("garbage"),
            },
            database: inspection.database.as_ref().map(|asked| match asked {
                Ok(Some(row)) => RowReport { state: "present", version: Some(row.version), value: raw(&row.json) },
                Ok(None) => RowReport { state: "absent", version: None, value: None },
                Err(_cause) => RowReport { state: "unreachable", version: None, value: None },
            }),
        }
    }
}

fn level<'a>(held: Option<&'a Held>, row: Option<Option<&Row>>) -> LevelReport<'a> {
    let Some(held) = held else { return unknown("absent") };
    let figures = &held.figures;
    let report = HeldReport {
        standing: match figures.standing {
            Standing::Fresh => "fresh",
            Standing::Unconfirmed => "unconfirmed",
            Standing::Stale => "stale",
            _ => "refused",
        },
        believed: held.is_believed(),
        is_absence: held.json.is_none(),
        version: figures.version,
        age_ms: millis(figures.age),
        fresh_for_ms: millis(figures.fresh_for),
        usable_for_ms: millis(figures.usable_for),
        bytes: figures.bytes,
        tags: &figures.tags,
        agrees_with_database: row.map(|row| row.map(|row| row.json.as_str()) == held.json.as_deref()),
        value: held.json.as_deref().and_then(raw),
    };
    LevelReport { state: "held", held: Some(report) }
}

fn unknown(state: &'static str) -> LevelReport<'static> {
    LevelReport { state, held: None }
}

/// As it is, so that prices keep their digits.
fn raw(json: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(json.to_owned()).ok()
}
