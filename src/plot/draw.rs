//! Parts that several figures share: captions, grids as pixels, legends, stepped histograms, contour lines.
//!
//! Units      points on the page
//! See also   `plot::axes`, `plot::kinds`

use super::FigureOptions;
use super::ask::Source;
use super::axes::{LABEL_SIZE, Label, NOTE_SIZE, Panel};
use super::colour::{ColourMap, Norm, Stretch};
use super::contour;
use super::figure::numbers;
use super::histogram::{Grid, centre, percentile};
use super::png::enlarge;
use super::scene::{Anchor, Area, Fill, Mark, Rgb, Scene, Stroke};
use super::text::Text;
use crate::error::Result;
use arrow::array::RecordBatch;

/// Embedded pictures have at least this many pixels a side.
const SHARP_PIXELS: usize = 600;
/// Line height of captions against their size.
const LEADING: f64 = 1.3;
/// Below the lowest caption line.
const CAPTION_GAP: f64 = 3.5;
/// Length of a line in a legend.
const LEGEND_LINE: f64 = 14.0;

/// Room above a panel for title, selection and number of rows.
pub fn caption_height(options: &FigureOptions) -> f64 {
    let title = if options.title.is_some() { LABEL_SIZE * LEADING } else { 0.0 };
    title + NOTE_SIZE * LEADING + CAPTION_GAP
}

/// Title, then one line: table and selection at the left, number of rows at the right; stands above `area`.
pub fn caption(scene: &mut Scene, area: &Area, options: &FigureOptions, source: &Source<'_>, rows: f64) {
    let base = area.y - CAPTION_GAP;
    let count = Text::markup("`N` = ").then(Text::plain(&thousands(rows)));
    let room = area.width - count.width(NOTE_SIZE) - NOTE_SIZE;
    let what = match &source.filter {
        Some(filter) => format!("{}: {filter}", source.table),
        None => source.table.clone(),
    };
    scene.text((area.x, base), shortened(&what, room, NOTE_SIZE), NOTE_SIZE, Rgb::GREY, Anchor::Start);
    scene.text((area.right(), base), count, NOTE_SIZE, Rgb::GREY, Anchor::End);
    if let Some(title) = &options.title {
        scene.text((area.x, base - NOTE_SIZE * LEADING), shortened(title, area.width, LABEL_SIZE), LABEL_SIZE, Rgb::BLACK, Anchor::Start);
    }
}

/// As much of a text as fits, with an ellipsis.
pub fn shortened(text: &str, room: f64, size: f64) -> Text {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = Text::plain(&text);
    if whole.width(size) <= room {
        return whole;
    }
    let letters: Vec<char> = text.chars().collect();
    let fits = |n: usize| Text::plain(&(letters.iter().take(n).collect::<String>() + "…"));
    let n = (0..letters.len()).rev().find(|n| fits(*n).width(size) <= room);
    n.map_or_else(Text::default, fits)
}

/// `1,234,567`.
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0.0 { format!("−{out}") } else { out }
}

/// A grid as pixels that fill the cells of a panel.
pub fn pixels(panel: &Panel, grid: &Grid, map: &ColourMap, norm: &Norm, bad: Rgb) -> Mark {
    let mut rgba = Vec::with_capacity(4 * grid.values.len());
    for j in (0..grid.rows).rev() {
        for i in 0..grid.columns {
            rgba.extend_from_slice(&norm.pixel(map, grid.at(i, j), bad));
        }
    }
    let factor = SHARP_PIXELS.div_ceil(grid.columns.max(grid.rows).max(1)).max(1);
    let (left, top) = panel.point(grid.x.0, grid.y.1);
    let (right, bottom) = panel.point(grid.x.1, grid.y.0);
    let image = Mark::Image {
        area: Area::new(left.min(right), top.min(bottom), (right - left).abs(), (bottom - top).abs()),
        columns: grid.columns * factor,
        rows: grid.rows * factor,
        rgba: enlarge(grid.columns, grid.rows, &rgba, factor),
    };
    Mark::Clip { area: panel.area, marks: vec![image] }
}

/// Colour range of a density: from the faintest typical cell to the brightest.
pub fn density_norm(grid: &Grid, asked: Option<(f64, f64)>, log: bool) -> Norm {
    const FAINT: f64 = 0.02;
    const BRIGHT: f64 = 0.9995;
    let cells: Vec<f64> = grid.values.iter().copied().filter(|v| *v > 0.0).collect();
    let lo = if log { percentile(&cells, FAINT).unwrap_or(1.0) } else { 0.0 };
    let hi = percentile(&cells, BRIGHT).unwrap_or(1.0);
    let (lo, hi) = asked.unwrap_or((lo, hi));
    Norm::new(lo, hi, if log { Stretch::Log } else { Stretch::Linear })
}

/// Colour range of a mean: percentiles, symmetric about zero for quantities with a sign.
pub fn mean_norm(grid: &Grid, asked: Option<(f64, f64)>, signed: bool, log: bool) -> Norm {
    const TAIL: f64 = 0.03;
    let (lo, hi) = (percentile(&grid.values, TAIL).unwrap_or(0.0), percentile(&grid.values, 1.0 - TAIL).unwrap_or(1.0));
    let (lo, hi) = match asked {
        Some(range) => range,
        None if signed => (-lo.abs().max(hi.abs()), lo.abs().max(hi.abs())),
        None => (lo, hi),
    };
    Norm::new(lo, hi, if log { Stretch::Log } else { Stretch::Linear })
}

/// Whether a grid has values below and above a norm.
pub fn beyond(grid: &Grid, norm: &Norm) -> (bool, bool) {
    // Rounding of the ends is not worth an arrowhead.
    const SLACK: f64 = 1.0e-9;
    let span = (norm.hi - norm.lo) * SLACK;
    grid.extremes(norm.stretch == Stretch::Log).map_or((false, false), |(lo, hi)| (lo < norm.lo - span, hi > norm.hi + span))
}

/// Contour lines at the levels that enclose parts of the sum, cut at the panel.
pub fn enclosing_contours(panel: &Panel, grid: &Grid, parts: &[f64], color: Rgb) -> Mark {
    const SMOOTHING_CELLS: f64 = 1.2;
    const WIDTH: f64 = 0.7;
    /// Fewer rows than this have no outline worth drawing.
    const FEWEST: f64 = 100.0;
    let parts = if grid.sum() < FEWEST { &[] } else { parts };
    let smooth = grid.smoothed(SMOOTHING_CELLS);
    let mut marks = Vec::new();
    for part in parts {
        let Some(level) = smooth.enclosing_level(*part) else { continue };
        for line in contour::lines(&smooth, level) {
            let points = line.iter().map(|(x, y)| panel.point(*x, *y)).collect();
            marks.push(Mark::Polyline { points, stroke: Stroke::new(color, WIDTH) });
        }
    }
    Mark::Clip { area: panel.area, marks }
}

/// A filled area under a line, cut at the panel.
pub fn filled_steps(panel: &Panel, corners: &[(f64, f64)], color: Rgb, opacity: f64) -> Mark {
    const WIDTH: f64 = 0.9;
    let points: Vec<(f64, f64)> = corners.iter().map(|(x, y)| panel.point(*x, *y)).collect();
    let fill = Some(Fill { color, opacity });
    let area = Mark::Polygon { points: points.clone(), fill, stroke: None };
    let line = Mark::Polyline { points, stroke: Stroke::new(color, WIDTH) };
    Mark::Clip { area: panel.area, marks: vec![area, line] }
}

/// A line through points, broken where a value has no place, cut at the panel.
pub fn curve(panel: &Panel, points: impl IntoIterator<Item = (f64, f64)>, stroke: &Stroke) -> Mark {
    let mut marks = Vec::new();
    let mut part: Vec<(f64, f64)> = Vec::new();
    let mut finish = |part: &mut Vec<(f64, f64)>| {
        if part.len() > 1 {
            marks.push(Mark::Polyline { points: std::mem::take(part), stroke: stroke.clone() });
        }
        part.clear();
    };
    for (x, y) in points {
        let at = panel.point(x, y);
        if at.0.is_finite() && at.1.is_finite() { part.push(at) } else { finish(&mut part) }
    }
    finish(&mut part);
    Mark::Clip { area: panel.area, marks }
}

/// Names of lines where they cover the least of the `curves`: in a corner of the panel, or in the middle above or below.
pub fn legend(scene: &mut Scene, area: &Area, entries: &[(Text, Stroke)], curves: &[Vec<(f64, f64)>]) {
    const INSET: f64 = 7.0;
    const GAP: f64 = 4.0;
    /// Points looked at between two corners of a curve.
    const BETWEEN: usize = 8;
    let width = LEGEND_LINE + GAP + entries.iter().map(|e| e.0.width(NOTE_SIZE)).fold(0.0, f64::max);
    let height = NOTE_SIZE * LEADING * entries.len() as f64;
    let columns = [area.right() - INSET - width, area.x + INSET, area.x + 0.5 * (area.width - width)];
    let rows = [area.y + INSET, area.bottom() - INSET - height];
    let places = rows.into_iter().flat_map(|y| columns.into_iter().map(move |x| Area::new(x, y, width, height)));
    let covered = |a: &Area| {
        let inside = |x: f64, y: f64| x > a.x - GAP && x < a.right() + GAP && y > a.y - GAP && y < a.bottom() + GAP;
        let between = |p: &[(f64, f64)]| {
            (0..BETWEEN)
                .map(|k| k as f64 / BETWEEN as f64)
                .filter(|f| inside(p[0].0 + f * (p[1].0 - p[0].0), p[0].1 + f * (p[1].1 - p[0].1)))
                .count()
        };
        curves.iter().flat_map(|c| c.windows(2)).map(between).sum::<usize>()
    };
    let Some(place) = places.min_by_key(covered) else { return };
    for (k, (name, stroke)) in entries.iter().enumerate() {
        let base = place.y + NOTE_SIZE * (0.9 + LEADING * k as f64);
        let middle = base - 0.3 * NOTE_SIZE;
        scene.line((place.x, middle), (place.x + LEGEND_LINE, middle), stroke.clone());
        scene.text((place.x + LEGEND_LINE + GAP, base), name.clone(), NOTE_SIZE, Rgb::BLACK, Anchor::Start);
    }
}

/// `Mean` before the name of a quantity.
pub fn mean_label(label: &Label) -> Label {
    let mut name = label.name.clone();
    if let Some(run) = name.runs.first_mut() {
        let mut letters = run.text.chars();
        // Words lose their capital inside a label; symbols such as [Fe/H] keep it.
        if let (Some(first), Some(second)) = (letters.next(), letters.next())
            && second.is_lowercase()
        {
            run.text = first.to_lowercase().chain(run.text.chars().skip(1)).collect();
        }
    }
    Label { name: Text::plain("Mean ").then(name), unit: label.unit.clone() }
}

/// A column of numbers for one cell of each of several grids of the same cells: name, unit, grid.
pub fn cells(x: (&str, &str), y: (&str, &str), grids: &[(&str, &str, &Grid)]) -> Result<RecordBatch> {
    let Some((_, _, first)) = grids.first() else { return numbers(Vec::new()) };
    let mut columns = vec![(x.0, x.1, Vec::new()), (y.0, y.1, Vec::new())];
    for j in 0..first.rows {
        for i in 0..first.columns {
            columns[0].2.push(centre(first.x, first.columns, i));
            columns[1].2.push(centre(first.y, first.rows, j));
        }
    }
    columns.extend(grids.iter().map(|(name, unit, grid)| (*name, *unit, grid.values.clone())));
    numbers(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_and_ellipsis() {
        assert_eq!(thousands(1234567.0), "1,234,567");
        assert_eq!(thousands(999.0), "999");
        let short = shortened("a very long selection that cannot be shown", 60.0, 8.0);
        assert!(short.letters().ends_with('…') && short.width(8.0) <= 60.0);
        assert!(shortened("anything", 1.0, 8.0).is_empty());
    }

    #[test]
    fn words_lose_their_capital_and_symbols_keep_it() {
        assert_eq!(mean_label(&Label::new("Age", "Gyr")).with_exponent(0).letters(), "Mean age [Gyr]");
        assert_eq!(mean_label(&Label::new("[Fe/H]", "dex")).name.letters(), "Mean [Fe/H]");
        assert_eq!(mean_label(&Label::new("`L`_{z}", "")).name.letters(), "Mean Lz");
    }

    #[test]
    fn a_legend_keeps_clear_of_curves() {
        let area = Area::new(0.0, 0.0, 200.0, 100.0);
        let entries = [(Text::plain("one"), Stroke::new(Rgb::BLACK, 1.0))];
        let mut scene = Scene::new(200.0, 100.0);
        legend(&mut scene, &area, &entries, &[vec![(200.0, 10.0), (0.0, 12.0)]]);
        let Mark::Polyline { points, .. } = &scene.marks[0] else { panic!("no line") };
        assert!(points[0].0 > 100.0 && points[0].1 > 50.0, "below right is free: {points:?}");
    }

    #[test]
    fn norms_follow_the_cells() {
        let mut grid = Grid::zeros(10, 10, (0.0, 1.0), (0.0, 1.0));
        for k in 0..100 {
            grid.values[k] = k as f64;
        }
        let norm = density_norm(&grid, None, true);
        assert!(norm.lo > 0.0 && norm.hi == 99.0);
        assert_eq!(mean_norm(&grid, None, true, false).lo, -96.0);
        assert_eq!(beyond(&grid, &Norm::new(1.0, 50.0, Stretch::Linear)), (true, true));
    }
}
