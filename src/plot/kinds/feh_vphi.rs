//! [Fe/H] against rotation: log density beside the same density normalised in rows of equal rotation.
//!
//! Formula    row-normalised: each row of equal v_phi divided by its maximum
//! Units      dex, km/s
//! Source     Buder et al. 2025, arXiv:2510.20233, figure 1; the Splash plane of Belokurov et al. 2020, MNRAS 494, 3880
//! Edge cases the tail of one per cent is outside the default ranges
//! See also   `kinds::joint`

use crate::error::{Error, ErrorKind, Result};
use crate::plot::ask::{Source, bins_for, checked_bins, checked_range};
use crate::plot::axes::{self, Axis, Label, Panel, Sides, TWO_COLUMNS};
use crate::plot::colour::{self, BAD, ColourMap, Norm, Stretch};
use crate::plot::colour_bar::ColourBar;
use crate::plot::draw;
use crate::plot::histogram::Grid;
use crate::plot::scene::{Area, Rgb, Scene};
use crate::plot::{Figure, FigureKind, FigureOptions, Query, label};

const BINS: usize = 120;
/// Height over width of each panel.
const ASPECT: f64 = 0.92;
/// Between the left colour bar's label and the right panel.
const GAP: f64 = 8.0;
/// Rows of fewer stars than this are noise when normalised.
const FEWEST_IN_ROW: f64 = 20.0;

/// [Fe/H] against v_phi.
pub struct FehVphi;

impl FigureKind for FehVphi {
    fn name(&self) -> &'static str {
        "feh_vphi"
    }
    fn description(&self) -> &'static str {
        "[Fe/H] against rotation velocity of stars: log density, and normalised in rows"
    }
    fn uses(&self) -> &'static [&'static str] {
        &["bins", "x", "y", "x_range", "y_range", "color_range", "color_map", "log"]
    }
    fn draw(&self, query: &Query<'_>, options: &FigureOptions) -> Result<Figure> {
        let source = Source::new(query, options, "stars");
        let x = source.with_unit(label::quantity(options.x.as_deref().unwrap_or("feh")))?;
        let y = source.with_unit(label::quantity(options.y.as_deref().unwrap_or("v_phi")))?;
        let named = options.color_map.as_deref().map(ColourMap::named).transpose()?;
        let summary = source.summary(&[&x.sql, &y.sql])?;
        let extreme = |k: usize| summary.ranges.get(k).copied().unwrap_or((0.0, 1.0));
        let x_range = source.range(&x, extreme(0), options.x_range)?;
        let y_range = source.range(&y, extreme(1), options.y_range)?;
        let bins = checked_bins(options.bins, bins_for(summary.usable, BINS))?;
        let zero = Grid::zeros(bins, bins, x_range, y_range);
        let counts = source.plane(&x.sql, &y.sql, None, None, &zero)?.count;
        let rows = counts.sum();
        if rows == 0.0 {
            return Err(
                Error::new(ErrorKind::Domain, "no row lies inside the ranges of the axes").hint("widen the ranges, or leave them out")
            );
        }
        let density = counts.map(|v| if v > 0.0 { v } else { f64::NAN });
        let mut well_filled = counts.clone();
        for (row, total) in well_filled.values.chunks_mut(bins).zip(counts.marginal_y()) {
            if total < FEWEST_IN_ROW.min(rows / bins as f64) {
                row.fill(0.0);
            }
        }
        let normalised = well_filled.row_normalised();
        let asked = options.color_range.map(checked_range).transpose()?;
        let density_norm = draw::density_norm(&counts, asked, options.log.unwrap_or(true));
        let (below, above) = draw::beyond(&density, &density_norm);
        let bars = [
            ColourBar { map: named.unwrap_or(colour::VIRIDIS), norm: density_norm, label: Label::new("Rows per cell", ""), below, above },
            ColourBar {
                map: named.unwrap_or(colour::MAGMA),
                norm: Norm::new(0.0, 1.0, Stretch::Linear),
                label: Label::new("Density / maximum of the row", ""),
                below: false,
                above: false,
            },
        ];

        let (x_axis, y_axis) = (Axis::linear(x_range.0, x_range.1), Axis::linear(y_range.0, y_range.1));
        let guess = 0.3 * TWO_COLUMNS;
        let left = axes::left_margin(&y_axis, guess) + 1.0;
        let rooms: f64 = bars.iter().map(|b| b.room(guess)).sum();
        let width = 0.5 * (TWO_COLUMNS - 2.0 * left - GAP - rooms - 1.0);
        let top = draw::caption_height(options);
        let areas = [
            Area::new(left, top, width, width * ASPECT),
            Area::new(left + width + bars[0].room(guess) + GAP + left, top, width, width * ASPECT),
        ];
        let mut scene = Scene::new(TWO_COLUMNS, (areas[0].bottom() + axes::bottom_margin()).ceil());
        for ((area, bar), grid) in areas.iter().zip(&bars).zip([&density, &normalised]) {
            let panel = Panel { area: *area, x: x_axis, y: y_axis };
            scene.marks.push(draw::pixels(&panel, grid, &bar.map, &bar.norm, BAD));
            panel.frame(&mut scene, Sides { bottom: Some(&x.label), left: Some(&y.label), ..Sides::default() }, Rgb::BLACK);
            bar.draw(&mut scene, area);
        }
        draw::caption(&mut scene, &areas[0], options, &source, rows);
        let data = draw::cells(("x", &x.unit), ("y", &y.unit), &[("rows", "1", &counts), ("row_normalised", "1", &normalised)])?;
        Figure::new(self.name(), scene, vec![("cells".into(), data)], &source, options, rows)
    }
}
