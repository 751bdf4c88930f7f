//! Plots latency by percentile, as SVG. The axis of percentiles is logarithmic, as in the plots of
//! HdrHistogram, so that 99.9 % has as much room as 90 %.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::failure::Failure;
use crate::latency::Latencies;

const WIDTH: u32 = 960;
const HEIGHT: u32 = 600;
/// Colours that colour-blind people can distinguish (Okabe and Ito).
const COLOURS: [RGBColor; 4] =
    [RGBColor(86, 180, 233), RGBColor(230, 159, 0), RGBColor(0, 158, 115), RGBColor(0, 0, 0)];
/// The axis extends at least to this rarity, which is 99 %.
const RARITY_SHOWN_MIN: f64 = 100.0;

/// A curve of the plot: its name in the legend, and its latencies.
pub type Curve<'a> = (&'static str, &'a Latencies);

/// Draws the curves into an SVG file.
///
/// # Errors
/// [`Failure::Output`].
pub fn draw(path: &Path, title: &str, subtitle: &str, curves: &[Curve<'_>]) -> Result<(), Failure> {
    let mut svg = String::new();
    let refuse = |reason: String| Failure::Output(path.to_owned(), reason);
    draw_into(&mut svg, [title, subtitle], curves).map_err(|error| refuse(error.to_string()))?;
    std::fs::write(path, svg).map_err(|error| refuse(error.to_string()))
}

fn draw_into(
    svg: &mut String,
    titles: [&str; 2],
    curves: &[Curve<'_>],
) -> Result<(), Box<dyn Error>> {
    let lines: Vec<(&str, Vec<(f64, f64)>)> = curves
        .iter()
        .map(|(name, latencies)| (*name, latencies.curve()))
        .filter(|(_, points)| points.len() > 1)
        .collect();
    let points = || lines.iter().flat_map(|(_, points)| points);
    let rarity_max = points().map(|point| point.0).fold(RARITY_SHOWN_MIN, f64::max);
    let millis_max = points().map(|point| point.1).fold(0.001, f64::max) * 1.05;

    let area = SVGBackend::with_string(svg, (WIDTH, HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let area = area.titled(titles[0], ("sans-serif", 24))?;
    let area = area.titled(titles[1], ("sans-serif", 17))?;
    let mut chart = ChartBuilder::on(&area)
        .margin(20)
        .x_label_area_size(52)
        .y_label_area_size(68)
        .build_cartesian_2d((1.0..rarity_max).log_scale(), 0.0..millis_max)?;
    chart
        .configure_mesh()
        .x_labels(rarity_max.log10().ceil() as usize + 1)
        .x_label_formatter(&|rarity| percentile(*rarity))
        .x_desc("percentile")
        .y_labels(10)
        .y_label_formatter(&|millis| plain(*millis, millis_max))
        .y_desc("latency in milliseconds")
        .label_style(("sans-serif", 16))
        .axis_desc_style(("sans-serif", 18))
        .light_line_style(TRANSPARENT)
        .draw()?;
    let count = lines.len() as u32;
    for (colour, (below, (name, points))) in
        COLOURS.iter().cycle().zip(lines.into_iter().enumerate())
    {
        // Wide curves are below thin ones, so that coinciding ones are visible.
        let style = colour.stroke_width(2 * (count - below as u32));
        chart
            .draw_series(LineSeries::new(points, style))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .legend_area_size(32)
        .label_font(("sans-serif", 16))
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

/// Formats a rarity as a percentile: 10 is `90 %`, 1000 is `99.9 %`.
fn percentile(rarity: f64) -> String {
    let decimals = (rarity.log10().round() - 2.0).max(0.0) as usize;
    format!("{:.decimals$} %", 100.0 - 100.0 / rarity)
}

/// Formats a latency with as many decimals as the axis needs.
fn plain(millis: f64, millis_max: f64) -> String {
    let decimals = (1.0 - millis_max.log10().floor()).max(0.0) as usize;
    format!("{millis:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_labelled_as_people_say_it() {
        assert_eq!(percentile(1.0), "0 %");
        assert_eq!(percentile(10.0), "90 %");
        assert_eq!(percentile(100.0), "99 %");
        assert_eq!(percentile(10_000.0), "99.99 %");
        assert_eq!(plain(20.0, 150.0), "20");
        assert_eq!(plain(2.0, 15.0), "2");
        assert_eq!(plain(0.5, 2.0), "0.5");
        assert_eq!(plain(0.05, 0.2), "0.05");
    }

    #[test]
    fn a_picture_tells_what_it_shows() {
        let mut latencies = Latencies::new();
        for millis in 1..=1000 {
            latencies.record(millis * 1_000_000);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.svg");
        draw(&path, "A title", "and <more>", &[("each receiver", &latencies)]).unwrap();
        let svg = std::fs::read_to_string(&path).unwrap();
        let texts = ["A title", "and &lt;more&gt;", "each receiver", "99.9 %", "milliseconds"];
        for text in texts {
            assert!(svg.contains(text), "{text}");
        }
        let nothing = Latencies::new();
        draw(&path, "Nothing", "", &[("nothing", &nothing)]).unwrap();
        assert!(draw(Path::new("/nowhere/a.svg"), "", "", &[]).is_err());
    }
}
