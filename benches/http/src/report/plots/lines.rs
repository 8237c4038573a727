//! Lines over two axes.

use std::path::Path;

use anyhow::{Context, Result};
use plotters::prelude::*;

const SIZE: (u32, u32) = (900, 480);

/// How values lie on an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Linear,
    /// By powers of ten.
    Log,
    /// Percentiles: the values are numbers of nines.
    Nines,
}

/// An axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) title: &'static str,
    pub(crate) scale: Scale,
}

/// What is drawn.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<(String, Vec<(f64, f64)>)>,
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        if self == Self::Log { value.log10() } else { value }
    }

    fn label(self, place: f64) -> String {
        match self {
            Self::Linear => format!("{place:.0}"),
            Self::Log if place.fract().abs() < 1e-9 => short(10_f64.powf(place)),
            Self::Nines if place.fract().abs() < 1e-9 => format!("p{}", short(100.0 - 100.0 * 10_f64.powf(-place))),
            Self::Log | Self::Nines => String::new(),
        }
    }
}

/// Without digits that say nothing.
fn short(value: f64) -> String {
    let rounded = format!("{value:.2}");
    rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Draws all series with a legend.
///
/// # Errors
/// When the file can't be written.
pub(crate) fn draw(file: &Path, title: &str, lines: &Lines) -> Result<()> {
    let (x, y) = (lines.x, lines.y);
    let places = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        points.iter().map(|(here, there)| (x.scale.place(*here), y.scale.place(*there))).collect()
    };
    let series: Vec<(&String, Vec<(f64, f64)>)> =
        lines.series.iter().map(|(name, points)| (name, places(points))).collect();
    let all = || series.iter().flat_map(|(_, points)| points);
    let across = range(all().map(|point| point.0), x.scale);
    let up = range(all().map(|point| point.1), y.scale);
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 18))
        .margin(14)
        .x_label_area_size(42)
        .y_label_area_size(64)
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .x_desc(x.title)
        .y_desc(y.title)
        .x_label_formatter(&|place| x.scale.label(*place))
        .y_label_formatter(&|place| y.scale.label(*place))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (index, (name, points)) in series.iter().enumerate() {
        let color = Palette99::pick(index).to_rgba();
        chart
            .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))?
            .label(name.as_str())
            .legend(move |(left, top)| PathElement::new([(left, top), (left + 18, top)], color.stroke_width(2)));
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, color.filled())))?;
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).background_style(WHITE.mix(0.8)).draw()?;
    area.present().with_context(|| format!("write {}", file.display()))
}

/// From least to most; whole powers of ten, and from zero where that is the scale.
fn range(values: impl Iterator<Item = f64> + Clone, scale: Scale) -> std::ops::Range<f64> {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let most = values.fold(f64::NEG_INFINITY, f64::max);
    match scale {
        Scale::Linear => 0.0..most.max(1.0) * 1.05,
        Scale::Log => least.floor()..most.ceil().max(least.floor() + 1.0),
        Scale::Nines => 0.0..most.max(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_what_people_call_it() {
        assert_eq!((Scale::Nines.label(2.0), Scale::Nines.label(3.0)), ("p99".to_owned(), "p99.9".to_owned()));
        assert_eq!((Scale::Log.label(3.0), Scale::Log.label(2.5)), ("1000".to_owned(), String::new()));
        assert_eq!(Scale::Linear.label(40.0), "40");
    }
}
