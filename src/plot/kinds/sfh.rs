//! Star-formation history: mass formed per time against cosmic time, redshift on the top axis.
//!
//! Formula    SFR = sum(mass_birth) / width of the bin
//! Units      Msun/yr, Gyr
//! Edge cases without `mass_birth` today's masses are used and a note says so; without `t_birth` the axis is lookback time (`age`)
//! See also   `cosmology`, `kinds::age_feh`

use crate::cosmology::Cosmology;
use crate::error::Result;
use crate::plot::ask::{Source, checked_bins, checked_range, finite};
use crate::plot::axes::{self, Axis, Label, ONE_COLUMN, Panel, Side, Sides};
use crate::plot::colour::LINES;
use crate::plot::draw;
use crate::plot::figure::numbers;
use crate::plot::histogram::{centre, extremes, steps, width};
use crate::plot::scene::{Area, Rgb, Scene};
use crate::plot::text::Text;
use crate::plot::ticks::Ticks;
use crate::plot::{Figure, FigureKind, FigureOptions, Query, ticks};

const BINS: usize = 70;
const PANEL_HEIGHT: f64 = 140.0;
const YEARS_PER_GYR: f64 = 1.0e9;
/// Redshifts that may stand on the top axis.
const REDSHIFTS: [f64; 12] = [0.0, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 15.0, 20.0];
/// Free width between two redshift labels.
const CLEARANCE: f64 = 5.0;
/// Room above the highest bin.
const HEADROOM: f64 = 1.12;
/// Decades shown on a logarithmic axis.
const LOG_DEPTH: f64 = 1.0e-4;

/// The star-formation history.
pub struct StarFormationHistory;

impl FigureKind for StarFormationHistory {
    fn name(&self) -> &'static str {
        "sfh"
    }
    fn description(&self) -> &'static str {
        "star-formation rate against cosmic time, with redshift on the top axis when the cosmology is known"
    }
    fn uses(&self) -> &'static [&'static str] {
        &["bins", "x_range", "y_range", "log"]
    }
    fn draw(&self, query: &Query<'_>, options: &FigureOptions) -> Result<Figure> {
        let source = Source::new(query, options, "stars");
        let by_birth = source.has("t_birth");
        let (time, name) = if by_birth { ("t_birth", "Cosmic time") } else { ("age", "Lookback time") };
        let mass = if source.has("mass_birth") {
            "mass_birth"
        } else {
            source.note("masses of today are used: the table has no mass_birth");
            "mass"
        };
        let summary = source.summary(&[time, mass])?;
        let data_range = summary.ranges.first().copied().unwrap_or((0.0, 1.0));
        let now = options.cosmology.as_ref().map(|c| c.age_gyr(1.0)).filter(|t| t.is_finite() && *t > 0.0);
        let range = match options.x_range {
            Some(range) => checked_range(range)?,
            None if data_range.0 >= 0.0 => (0.0, ticks::rounded_out(0.0, data_range.1.max(f64::MIN_POSITIVE)).1),
            None => ticks::rounded_out(data_range.0, data_range.1),
        };
        // The last bin ends today when every star is older than the universe is now.
        let range = match now {
            Some(t) if options.x_range.is_none() && data_range.1 <= t && range.1 > t => (range.0, t),
            _ => range,
        };
        let bins = checked_bins(options.bins, BINS)?;
        let sums = source.binned(time, range, bins, &["count(*)".into(), format!("sum({mass})")], &[finite(mass)])?;
        let [counts, masses] = <[Vec<f64>; 2]>::try_from(sums).unwrap_or_default();
        let rows: f64 = counts.iter().sum();
        let rate: Vec<f64> = masses.iter().map(|m| m / (width(range, bins) * YEARS_PER_GYR)).collect();

        let log = options.log.unwrap_or(false);
        let peak = extremes(&rate, false).map_or(1.0, |r| r.1);
        let y_axis = match (options.y_range, log) {
            (Some(r), false) => checked_range(r).map(|r| Axis::linear(r.0, r.1))?,
            (Some(r), true) => checked_range(r).map(|r| Axis::log(r.0, r.1))?,
            (None, false) => Axis::linear(0.0, peak * HEADROOM),
            (None, true) => Axis::log(extremes(&rate, true).map_or(peak * LOG_DEPTH, |r| r.0.max(peak * LOG_DEPTH)) / 2.0, peak * 2.0),
        };
        let x_axis = if by_birth { Axis::linear(range.0, range.1) } else { Axis::linear(range.1, range.0) };
        let left = axes::left_margin(&y_axis, PANEL_HEIGHT) + 1.0;
        let caption = draw::caption_height(options);
        let redshifts = options.cosmology.as_ref().filter(|_| by_birth || now.is_some());
        let top = if redshifts.is_some() { caption + axes::top_margin() } else { caption };
        let panel = Panel { area: Area::new(left, top, ONE_COLUMN - left - 8.0, PANEL_HEIGHT), x: x_axis, y: y_axis };
        let mut scene = Scene::new(ONE_COLUMN, (panel.area.bottom() + axes::bottom_margin()).ceil());
        let floor = if log { y_axis.lo } else { 0.0 };
        let heights: Vec<f64> = rate.iter().map(|r| r.max(floor)).collect();
        scene.marks.push(draw::filled_steps(&panel, &steps(range, &heights, floor), LINES[0], 0.25));
        let (label_x, label_y) = (Label::new(name, "Gyr"), Label::new("SFR", "M☉ yr⁻¹"));
        match redshifts {
            None => panel.frame(&mut scene, Sides { bottom: Some(&label_x), left: Some(&label_y), ..Sides::default() }, Rgb::BLACK),
            Some(cosmology) => frame_with_redshift(&mut scene, &panel, cosmology, by_birth, now, &label_x, &label_y),
        }
        let caption_area = Area::new(left, caption, panel.area.width, PANEL_HEIGHT);
        draw::caption(&mut scene, &caption_area, options, &source, rows);
        let centres = (0..bins).map(|i| centre(range, bins, i)).collect();
        let data = numbers(vec![(time, "Gyr", centres), ("rows", "1", counts), ("mass", "Msun", masses), ("sfr", "Msun/yr", rate)])?;
        Figure::new(self.name(), scene, vec![("history".into(), data)], &source, options, rows)
    }
}

fn frame_with_redshift(scene: &mut Scene, panel: &Panel, cosmology: &Cosmology, by_birth: bool, now: Option<f64>, x: &Label, y: &Label) {
    let area = panel.area;
    let across = panel.x.horizontal_ticks(area.width);
    let up = panel.y.vertical_ticks(area.height);
    let time = |z: f64| {
        let age = cosmology.age_gyr(1.0 / (1.0 + z));
        if by_birth { age } else { now.unwrap_or(f64::NAN) - age }
    };
    let mut redshift = Ticks::default();
    let mut places: Vec<(f64, Text)> = Vec::new();
    // After the first label without room, older epochs have only ticks.
    let mut crowded = false;
    for z in REDSHIFTS {
        let at = panel.x.fraction(time(z));
        if !(-1e-6..=1.0 + 1e-6).contains(&at) {
            continue;
        }
        let place = area.x + at * area.width;
        let text = Text::plain(&format!("{z}"));
        let half = 0.5 * text.width(axes::TICK_SIZE);
        let free = places.iter().all(|(p, t)| (p - place).abs() >= half + 0.5 * t.width(axes::TICK_SIZE) + CLEARANCE);
        crowded |= !free;
        if !crowded {
            redshift.major.push((time(z), text.clone()));
            places.push((place, text));
        } else {
            redshift.minor.push(time(z));
        }
    }
    axes::tick_lines(scene, &area, &panel.x, &across, Side::Bottom, Rgb::BLACK);
    axes::tick_lines(scene, &area, &panel.x, &redshift, Side::Top, Rgb::BLACK);
    axes::tick_lines(scene, &area, &panel.y, &up, Side::Left, Rgb::BLACK);
    axes::tick_lines(scene, &area, &panel.y, &up, Side::Right, Rgb::BLACK);
    axes::outline(scene, area);
    axes::side_labels(scene, panel, &across, &up, x, y);
    axes::top_labels(scene, &area, &places, &Label::new("Redshift `z`", ""));
}
