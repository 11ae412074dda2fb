//! Two quantities against each other: counts or means in cells, with their marginal histograms.
//!
//! Formula    cells hold rows, or the mean of `color`; contours enclose 68.27 and 95.45 per cent of the rows
//! Units      those of the expressions
//! Edge cases rows with NULL, NaN or infinite values are left out and counted in a note
//! See also   `kinds::hist2d`, `kinds::age_feh`

use crate::error::Result;
use crate::plot::ask::{Source, bins_for, checked_bins, checked_range};
use crate::plot::axes::{self, Axis, Label, Panel, Sides};
use crate::plot::colour::{self, BAD, ColourMap};
use crate::plot::colour_bar::ColourBar;
use crate::plot::draw;
use crate::plot::figure::numbers;
use crate::plot::histogram::{Grid, centre, steps};
use crate::plot::label::Quantity;
use crate::plot::scene::{Area, Mark, Rgb, Scene};
use crate::plot::ticks::Scale;
use crate::plot::{Figure, FigureOptions, Query};

/// Width of the page, points (A&A's intermediate width is 120 mm).
const WIDTH: f64 = 312.0;
/// Height of the marginal histograms.
const MARGINAL: f64 = 34.0;
/// Between the panel and its marginals.
const GAP: f64 = 4.0;
/// Enclosed parts of the contours: one and two standard deviations.
const ENCLOSED: [f64; 2] = [0.6827, 0.9545];
/// Room that marginal curves leave at their top.
const HEADROOM: f64 = 1.12;
/// Colour of the marginals.
const MARGINAL_COLOR: Rgb = Rgb(0x3b, 0x52, 0x8b);

/// What a joint figure shows.
pub(super) struct Joint {
    /// Horizontal.
    pub x: Quantity,
    /// Vertical.
    pub y: Quantity,
    /// Averaged in each cell, instead of counting.
    pub averaged: Option<Quantity>,
    /// Range of x when none is asked for and the data fill half of it; else percentiles.
    pub x_natural: Option<(f64, f64)>,
    /// Bins along each axis when none are asked for.
    pub bins: usize,
    /// Contours when nothing is asked for.
    pub contours: bool,
}

/// Draw it.
pub(super) fn draw(kind: &str, joint: Joint, source: &Source<'_>, options: &FigureOptions) -> Result<Figure> {
    let (x, y) = (source.with_unit(joint.x)?, source.with_unit(joint.y)?);
    let averaged = joint.averaged.map(|q| source.with_unit(q)).transpose()?;
    let named = options.color_map.as_deref().map(ColourMap::named).transpose()?;
    let summary = source.summary(&[&x.sql, &y.sql])?;
    let extreme = |k: usize| summary.ranges.get(k).copied().unwrap_or((0.0, 1.0));
    let natural =
        joint.x_natural.filter(|(lo, hi)| extreme(0).0 >= *lo && extreme(0).1 <= *hi && extreme(0).1 - extreme(0).0 > 0.5 * (hi - lo));
    let x_range = source.range(&x, extreme(0), options.x_range.or(natural))?;
    let y_range = source.range(&y, extreme(1), options.y_range)?;
    let bins = checked_bins(options.bins, bins_for(summary.usable, joint.bins))?;
    let zero = Grid::zeros(bins, bins, x_range, y_range);
    let sums = source.plane(&x.sql, &y.sql, None, averaged.as_ref().map(|q| q.sql.as_str()), &zero)?;
    let rows = sums.count.sum();
    if rows == 0.0 {
        return Err(crate::error::Error::new(crate::error::ErrorKind::Domain, "no row lies inside the ranges of the axes")
            .at(format!("{} in {x_range:?}, {} in {y_range:?}", x.sql, y.sql))
            .hint("widen the ranges, or leave them out to take them from the data"));
    }

    let asked = options.color_range.map(checked_range).transpose()?;
    let (grid, norm, map, bar_label) = match &averaged {
        None => {
            let norm = draw::density_norm(&sums.count, asked, options.log.unwrap_or(true));
            let grid = sums.count.map(|v| if v > 0.0 { v } else { f64::NAN });
            (grid, norm, named.unwrap_or(colour::VIRIDIS), Label::new("Rows per cell", ""))
        }
        Some(q) => {
            let grid = sums.weighted.over(&sums.count);
            let norm = draw::mean_norm(&grid, asked, q.signed, options.log.unwrap_or(false));
            let map = named.unwrap_or(if q.signed { colour::BLUE_RED } else { colour::VIRIDIS });
            (grid, norm, map, draw::mean_label(&q.label))
        }
    };
    let (below, above) = draw::beyond(&grid, &norm);
    let bar = ColourBar { map, norm, label: bar_label, below, above };

    let (x_axis, y_axis) = (Axis::linear(x_range.0, x_range.1), Axis::linear(y_range.0, y_range.1));
    let guess = 0.6 * WIDTH;
    let left = axes::left_margin(&y_axis, guess) + 1.0;
    let side = WIDTH - left - GAP - MARGINAL - bar.room(guess) - 1.0;
    let top = draw::caption_height(options);
    let main = Area::new(left, top + MARGINAL + GAP, side, side);
    let panel = Panel { area: main, x: x_axis, y: y_axis };
    let mut scene = Scene::new(WIDTH, (main.bottom() + axes::bottom_margin()).ceil());
    scene.marks.push(draw::pixels(&panel, &grid, &map, &norm, BAD));
    if options.contours.unwrap_or(joint.contours) {
        scene.marks.push(draw::enclosing_contours(&panel, &sums.count, &ENCLOSED, Rgb::BLACK));
    }
    panel.frame(&mut scene, Sides { bottom: Some(&x.label), left: Some(&y.label), ..Sides::default() }, Rgb::BLACK);

    let (along_x, along_y) = (sums.count.marginal_x(), sums.count.marginal_y());
    let top_panel = Panel { area: Area::new(main.x, top, main.width, MARGINAL), x: x_axis, y: height_axis(&along_x) };
    scene.marks.push(draw::filled_steps(&top_panel, &steps(x_range, &along_x, 0.0), MARGINAL_COLOR, 0.25));
    let right_panel = Panel { area: Area::new(main.right() + GAP, main.y, MARGINAL, main.height), x: height_axis(&along_y), y: y_axis };
    let turned: Vec<(f64, f64)> = steps(y_range, &along_y, 0.0).into_iter().map(|(v, n)| (n, v)).collect();
    scene.marks.push(draw::filled_steps(&right_panel, &turned, MARGINAL_COLOR, 0.25));
    marginal_frame(&mut scene, &top_panel, true);
    marginal_frame(&mut scene, &right_panel, false);
    bar.draw(&mut scene, &right_panel.area);
    let caption_area = Area::new(main.x, top, right_panel.area.right() - main.x, MARGINAL);
    draw::caption(&mut scene, &caption_area, options, source, rows);

    let mut grids = vec![("rows", "1", &sums.count)];
    if let Some(q) = &averaged {
        grids.push(("mean", q.unit.as_str(), &grid));
    }
    let centres = |range, n: usize| (0..n).map(|i| centre(range, n, i)).collect::<Vec<f64>>();
    let data = vec![
        ("cells".to_string(), draw::cells(("x", &x.unit), ("y", &y.unit), &grids)?),
        ("marginal_x".to_string(), numbers(vec![("x", &x.unit, centres(x_range, bins)), ("rows", "1", along_x)])?),
        ("marginal_y".to_string(), numbers(vec![("y", &y.unit, centres(y_range, bins)), ("rows", "1", along_y)])?),
    ];
    Figure::new(kind, scene, data, source, options, rows)
}

fn height_axis(heights: &[f64]) -> Axis {
    Axis { lo: 0.0, hi: heights.iter().copied().fold(1.0, f64::max) * HEADROOM, scale: Scale::Linear }
}

/// A frame with the ticks of the shared axis only: the heights of marginals are relative.
fn marginal_frame(scene: &mut Scene, panel: &Panel, horizontal: bool) {
    use axes::Side;
    let area = panel.area;
    let (axis, found, sides) = if horizontal {
        (panel.x, panel.x.horizontal_ticks(area.width), [Side::Top, Side::Bottom])
    } else {
        (panel.y, panel.y.vertical_ticks(area.height), [Side::Left, Side::Right])
    };
    for side in sides {
        axes::tick_lines(scene, &area, &axis, &found, side, Rgb::BLACK);
    }
    scene.marks.push(Mark::Rect { area, fill: None, stroke: Some(crate::plot::scene::Stroke::new(Rgb::BLACK, axes::FRAME_WIDTH)) });
}

/// The source that the options name, for the figures that are joints of stars.
pub(super) fn source<'a>(query: &'a Query<'a>, options: &FigureOptions) -> Source<'a> {
    Source::new(query, options, "stars")
}
