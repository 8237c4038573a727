//! Horizontal bars in groups.

use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;

use crate::report::tables::grouped;

/// Everything in pixels.
const WIDTH: i32 = 900;
const LABELS: i32 = 300;
const FIGURES: i32 = 90;
const LINE: i32 = 20;
const GAP: i32 = 34;
const HEAD: i32 = 40;

/// A title and its bars.
pub(super) type Group = (String, Vec<(&'static str, f64)>);

/// Draws `groups`, all to one scale.
///
/// # Errors
/// When the file can't be written.
pub(super) fn draw(file: &Path, title: &str, groups: &[Group]) -> Result<()> {
    let lines: usize = groups.iter().map(|(_, bars)| bars.len()).sum();
    let height = HEAD + i32::try_from(lines)? * LINE + i32::try_from(groups.len())? * GAP + GAP / 2;
    let most = groups.iter().flat_map(|(_, bars)| bars).map(|(_, value)| *value).fold(1.0, f64::max);
    let size = (u32::try_from(WIDTH)?, u32::try_from(height)?);
    let area = SVGBackend::new(file, size).into_drawing_area();
    area.fill(&WHITE)?;
    let font = |size: i32| ("sans-serif", size).into_font();
    area.draw(&Text::new(title.to_owned(), (12, 12), font(18)))?;
    let mut top = HEAD;
    for (group, bars) in groups {
        area.draw(&Text::new(group.clone(), (12, top + 10), font(15)))?;
        top += GAP;
        for (name, value) in bars {
            area.draw(&Text::new((*name).to_owned(), (24, top + 3), font(13)))?;
            let right = LABELS + pixels(value / most * f64::from(WIDTH - LABELS - FIGURES));
            let color = if name.starts_with("Larder") { RGBColor(31, 111, 84) } else { RGBColor(150, 160, 170) };
            area.draw(&Rectangle::new([(LABELS, top + 2), (right, top + LINE - 3)], color.filled()))?;
            area.draw(&Text::new(grouped(*value), (right + 6, top + 3), font(13)))?;
            top += LINE;
        }
    }
    area.present().with_context(|| format!("write {}", file.display()))
}

#[expect(clippy::cast_possible_truncation, reason = "at most as wide as the picture")]
fn pixels(length: f64) -> i32 {
    length.round() as i32
}
