//! Maps of projected mass or of a mean, equal scale on both axes.
//!
//! Formula    Sigma = sum(mass) / (dx dy); mean = sum(mass q) / sum(mass)
//! Units      kpc, Msun/kpc^2
//! Edge cases without a width the map holds the inner 96 % of the rows; cells without a row have no colour in maps of means
//! See also   `kinds::face_on`, `kinds::edge_on`

use crate::error::{Error, Result};
use crate::plot::ask::{Source, bins_for, checked_bins, checked_range};
use crate::plot::axes::{self, Axis, Label, ONE_COLUMN, Panel, Sides};
use crate::plot::colour::{self, BAD, ColourMap, Norm};
use crate::plot::colour_bar::ColourBar;
use crate::plot::draw;
use crate::plot::histogram::Grid;
use crate::plot::label::{self, Quantity};
use crate::plot::scene::{Area, Mark, Rgb, Scene};
use crate::plot::{Figure, FigureOptions, Query, ticks};

/// Cells along the width.
const BINS: usize = 200;
/// Rows of a galaxy gather in a small part of its map, which bears smaller cells.
const CROWDING: u64 = 9;
/// Rows inside the default width.
const INSIDE: (f64, f64) = (0.02, 0.98);

/// What the colours of a map are.
struct Shown {
    grid: Grid,
    norm: Norm,
    map: ColourMap,
    label: Label,
    empty: Rgb,
    ticks: Rgb,
    column: String,
    unit: String,
}

/// Draw a map of two coordinates whose height is `aspect` times its width.
pub(super) fn draw(kind: &str, axes_names: [&str; 2], aspect: f64, query: &Query<'_>, options: &FigureOptions) -> Result<Figure> {
    let source = Source::new(query, options, "stars");
    let [x, y] = axes_names.map(label::quantity);
    let summary = source.summary(&[&x.sql, &y.sql, "mass"])?;
    let (x_range, y_range) = window(&source, &x, &y, &summary.ranges, aspect, options)?;
    let columns = checked_bins(options.bins, bins_for(summary.usable * CROWDING, BINS))?;
    let cell = (x_range.1 - x_range.0) / columns as f64;
    let rows = (((y_range.1 - y_range.0) / cell).round() as usize).max(1);
    let averaged = match options.color.as_deref().map(str::trim) {
        None | Some("mass" | "density" | "") => None,
        Some(other) => Some(source.with_unit(label::quantity(other))?),
    };
    let zero = Grid::zeros(columns, rows, x_range, y_range);
    let sums = source.plane(&x.sql, &y.sql, Some("mass"), averaged.as_ref().map(|q| q.sql.as_str()), &zero)?;
    let drawn = sums.count.sum();
    if drawn == 0.0 {
        return Err(Error::new(crate::error::ErrorKind::Domain, format!("no row of `{}` lies inside the map", source.table))
            .at(format!("{:?} kpc by {:?} kpc", x_range, y_range))
            .hint("widen the map, or choose a frame that is centred on the galaxy"));
    }
    let shown = shown(&source, &zero, &sums.weight, &sums.weighted, averaged, options)?;

    // The panel takes what the labels leave; its height follows from the equal scale.
    let (x_axis, y_axis) = (Axis::linear(x_range.0, x_range.1), Axis::linear(y_range.0, y_range.1));
    let ratio = (y_range.1 - y_range.0) / (x_range.1 - x_range.0);
    let (below, above) = draw::beyond(&shown.grid, &shown.norm);
    let bar = ColourBar { map: shown.map, norm: shown.norm, label: shown.label.clone(), below: below && shown.empty == BAD, above };
    let guess = 0.65 * ONE_COLUMN * ratio;
    let left = axes::left_margin(&y_axis, guess) + 1.0;
    let width = ONE_COLUMN - left - bar.room(guess) - 1.0;
    let top = draw::caption_height(options);
    let panel = Panel { area: Area::new(left, top, width, width * ratio), x: x_axis, y: y_axis };
    let mut scene = Scene::new(ONE_COLUMN, (panel.area.bottom() + axes::bottom_margin()).ceil());
    scene.marks.push(Mark::Rect { area: panel.area, fill: Some(shown.empty.into()), stroke: None });
    scene.marks.push(draw::pixels(&panel, &shown.grid, &shown.map, &shown.norm, shown.empty));
    panel.frame(&mut scene, Sides { bottom: Some(&x.label), left: Some(&y.label), ..Sides::default() }, shown.ticks);
    bar.draw(&mut scene, &panel.area);
    draw::caption(&mut scene, &panel.area, options, &source, drawn);
    let data = draw::cells(
        (axes_names[0], "kpc"),
        (axes_names[1], "kpc"),
        &[("rows", "1", &sums.count), ("mass", "Msun", &sums.weight), (&shown.column, &shown.unit, &shown.grid)],
    )?;
    Figure::new(kind, scene, vec![("map".into(), data)], &source, options, drawn)
}

fn shown(
    source: &Source<'_>,
    zero: &Grid,
    weight: &Grid,
    weighted: &Grid,
    averaged: Option<Quantity>,
    options: &FigureOptions,
) -> Result<Shown> {
    let named = options.color_map.as_deref().map(ColourMap::named).transpose()?;
    let asked = options.color_range.map(checked_range).transpose()?;
    let Some(quantity) = averaged else {
        let (dx, dy) = zero.cell();
        let grid = weight.map(|m| m / (dx * dy));
        let norm = draw::density_norm(&grid, asked, options.log.unwrap_or(true));
        let (map, name) = match source.table.split('@').next().unwrap_or_default() {
            "gas" => (colour::VIRIDIS, "`Σ`_{gas}"),
            "dark" => (colour::INFERNO, "`Σ`_{dark}"),
            "stars" => (colour::MAGMA, "`Σ`_{★}"),
            _ => (colour::MAGMA, "`Σ`"),
        };
        let map = named.unwrap_or(map);
        let label = Label::new(name, "M☉ kpc⁻²");
        return Ok(Shown {
            grid,
            norm,
            map,
            label,
            empty: map.at(0.0),
            ticks: Rgb::WHITE,
            column: "surface_density".into(),
            unit: "Msun/kpc**2".into(),
        });
    };
    let grid = weighted.over(weight);
    let norm = draw::mean_norm(&grid, asked, quantity.signed, options.log.unwrap_or(false));
    let map = named.unwrap_or(if quantity.signed { colour::BLUE_RED } else { colour::VIRIDIS });
    let label = draw::mean_label(&quantity.label);
    Ok(Shown { grid, norm, map, label, empty: BAD, ticks: Rgb::BLACK, column: "mean".into(), unit: quantity.unit })
}

/// Ranges of both coordinates: as asked, or about the origin (about the rows, where those lie far from it).
fn window(
    source: &Source<'_>,
    x: &Quantity,
    y: &Quantity,
    extremes: &[(f64, f64)],
    aspect: f64,
    options: &FigureOptions,
) -> Result<((f64, f64), (f64, f64))> {
    let extreme = |k: usize| extremes.get(k).copied().unwrap_or((0.0, 1.0));
    if let (Some(a), Some(b)) = (options.x_range, options.y_range) {
        return Ok((checked_range(a)?, checked_range(b)?));
    }
    let inner = [source.quantiles(&x.sql, extreme(0), INSIDE)?, source.quantiles(&y.sql, extreme(1), INSIDE)?];
    let middle = inner.map(|(lo, hi)| {
        let (middle, half) = (0.5 * (lo + hi), 0.5 * (hi - lo));
        if middle.abs() <= half { 0.0 } else { middle }
    });
    let reach = |k: usize| (inner[k].0 - middle[k]).abs().max((inner[k].1 - middle[k]).abs());
    let half = match options.width_kpc {
        Some(width) if width.is_finite() && width > 0.0 => 0.5 * width,
        Some(width) => return Err(Error::usage("a map needs a positive width").expected("a length such as 40kpc").found(width)),
        None => {
            let (_, hi) = ticks::rounded_out(0.0, reach(0).max(reach(1)));
            hi
        }
    };
    let x_range = options.x_range.map(checked_range).transpose()?.unwrap_or((middle[0] - half, middle[0] + half));
    let y_range = options.y_range.map(checked_range).transpose()?.unwrap_or((middle[1] - half * aspect, middle[1] + half * aspect));
    Ok((x_range, y_range))
}
