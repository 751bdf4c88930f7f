//! Draws bar charts from a file of figures, as SVG: several panels, each with a bar for every
//! server and the spread of its runs.

use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use serde::Deserialize;

use crate::failure::Failure;

const PANEL_WIDTH: i32 = 500;
const PANELS_PER_ROW: usize = 2;
const HEAD_HEIGHT: i32 = 84;
const PANEL_HEAD_HEIGHT: i32 = 40;
const BAR_PITCH: i32 = 26;
const BAR_HEIGHT: i32 = 16;
/// The left end of the bars, after their names, and the length of the longest bar, before its
/// value.
const BARS_AT: i32 = 140;
const BARS_WIDTH: i32 = 270;
/// Colours that colour-blind people can distinguish (Okabe and Ito).
const PLAIN: RGBColor = RGBColor(170, 190, 205);
const HIGHLIGHTED: RGBColor = RGBColor(0, 114, 178);

/// The options of the subcommand chart.
#[derive(Clone, Debug, clap::Args)]
pub struct ChartOptions {
    /// The figures: a JSON object with title, subtitle and panels, each with title and bars, each
    /// with name, low, median, high and highlight
    #[arg(value_name = "FILE.json")]
    pub figures: PathBuf,

    /// The picture
    #[arg(value_name = "FILE.svg")]
    pub picture: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Chart {
    title: String,
    subtitle: String,
    panels: Vec<Panel>,
}

#[derive(Debug, Deserialize)]
struct Panel {
    title: String,
    bars: Vec<Bar>,
}

#[derive(Debug, Deserialize)]
struct Bar {
    name: String,
    low: f64,
    median: f64,
    high: f64,
    highlight: bool,
}

/// Draws the chart.
///
/// # Errors
/// [`Failure::Usage`] if the figures can't be read, [`Failure::Output`] if the picture can't be
/// written.
pub fn draw(options: &ChartOptions) -> Result<(), Failure> {
    let chart = read(&options.figures)
        .map_err(|reason| Failure::Usage(format!("{}: {reason}", options.figures.display())))?;
    let refuse = |reason: String| Failure::Output(options.picture.clone(), reason);
    let mut svg = String::new();
    chart.draw_into(&mut svg).map_err(|error| refuse(error.to_string()))?;
    std::fs::write(&options.picture, svg).map_err(|error| refuse(error.to_string()))
}

fn read(path: &Path) -> Result<Chart, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let chart: Chart = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let values = chart.panels.iter().flat_map(|panel| &panel.bars);
    let mut values = values.flat_map(|bar| [bar.low, bar.median, bar.high]);
    match values.all(|value| value.is_finite() && value >= 0.0) {
        true => Ok(chart),
        false => Err("a bar can't be below 0".to_owned()),
    }
}

type DrawError = Box<dyn std::error::Error>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

impl Chart {
    fn draw_into(&self, svg: &mut String) -> Result<(), DrawError> {
        let bars = self.panels.iter().map(|panel| panel.bars.len()).max().unwrap_or(0);
        let panel_height = PANEL_HEAD_HEIGHT + BAR_PITCH * bars as i32;
        let rows = self.panels.len().div_ceil(PANELS_PER_ROW) as i32;
        let width = PANEL_WIDTH * PANELS_PER_ROW as i32;
        let height = HEAD_HEIGHT + rows * panel_height + BAR_PITCH;
        let area = SVGBackend::with_string(svg, (width as u32, height as u32)).into_drawing_area();
        area.fill(&WHITE)?;
        write(&area, &self.title, (width / 2, 30), 24, HPos::Center)?;
        write(&area, &self.subtitle, (width / 2, 60), 16, HPos::Center)?;
        for (number, panel) in self.panels.iter().enumerate() {
            let [row, column] = [number / PANELS_PER_ROW, number % PANELS_PER_ROW];
            let left = PANEL_WIDTH * column as i32;
            let top = HEAD_HEIGHT + panel_height * row as i32;
            panel.draw_at(&area, (left, top))?;
        }
        area.present()?;
        Ok(())
    }
}

impl Panel {
    fn draw_at(&self, area: &Area<'_>, (left, top): (i32, i32)) -> Result<(), DrawError> {
        let longest = self.bars.iter().map(|bar| bar.high).fold(f64::MIN_POSITIVE, f64::max);
        let start = left + BARS_AT;
        let end = |value: f64| start + (value / longest * f64::from(BARS_WIDTH)).round() as i32;
        write(area, &self.title, (left + 20, top + 16), 17, HPos::Left)?;
        for (number, bar) in self.bars.iter().enumerate() {
            let middle = top + PANEL_HEAD_HEIGHT + BAR_PITCH * number as i32;
            let (above, below) = (middle - BAR_HEIGHT / 2, middle + BAR_HEIGHT / 2);
            let colour = if bar.highlight { HIGHLIGHTED } else { PLAIN };
            let corners = [(start, above), (end(bar.median), below)];
            area.draw(&Rectangle::new(corners, colour.filled()))?;
            let (low, high) = (end(bar.low), end(bar.high));
            area.draw(&PathElement::new([(low, middle), (high, middle)], BLACK.stroke_width(1)))?;
            for x in [low, high] {
                let tick = [(x, middle - 4), (x, middle + 4)];
                area.draw(&PathElement::new(tick, BLACK.stroke_width(1)))?;
            }
            write(area, &bar.name, (start - 8, middle), 15, HPos::Right)?;
            write(area, &short(bar.median), (high + 8, middle), 15, HPos::Left)?;
        }
        Ok(())
    }
}

fn write(
    area: &Area<'_>,
    text: &str,
    place: (i32, i32),
    size: u32,
    side: HPos,
) -> Result<(), DrawError> {
    let style = ("sans-serif", size).into_font().color(&BLACK).pos(Pos::new(side, VPos::Center));
    area.draw_text(text, &style, place)?;
    Ok(())
}

/// Formats a number with three digits, and a letter for thousands and millions.
fn short(value: f64) -> String {
    let (value, unit) = match value {
        0.0..999.5 => (value, ""),
        ..999_500.0 => (value / 1e3, " k"),
        _ => (value / 1e6, " M"),
    };
    let decimals = match value {
        0.0..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0.00"),
            (4.125, "4.12"),
            (42.0, "42.0"),
            (999.4, "999"),
            (999.6, "1.00 k"),
            (243_900.0, "244 k"),
            (2_500_000.0, "2.50 M"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn a_picture_has_a_bar_for_each_figure() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        let options = ChartOptions { figures: path("a.json"), picture: path("a.svg") };
        let json = r#"{"title": "A title", "subtitle": "b", "panels": [{"title": "First", "bars": [
            {"name": "one", "low": 1, "median": 2, "high": 3, "highlight": true},
            {"name": "two", "low": 10, "median": 20, "high": 30, "highlight": false}]}]}"#;
        std::fs::write(&options.figures, json).unwrap();
        draw(&options).unwrap();
        let svg = std::fs::read_to_string(&options.picture).unwrap();
        for text in ["A title", "First", "one", "two", "2.00", "20.0"] {
            assert!(svg.contains(text), "{text}");
        }
        for bad in ["{}", &json.replace("\"low\": 1,", "\"low\": -1,")] {
            std::fs::write(&options.figures, bad).unwrap();
            assert!(matches!(draw(&options), Err(Failure::Usage(_))), "{bad}");
        }
    }
}
