//! Orbits in three projections, and rotation curves of potentials.
//!
//! Formula    x-y, x-z and R-z of each track in one scale; v_c = sqrt(R dPhi/dR) on the x axis, for the sum and for each component
//! Units      kpc, km/s
//! Refuses    no finite point; a radius that is not above 0
//! See also   SQL `orbit_track`, `kinds` for figures of tables

use std::cell::RefCell;

use super::ask::Source;
use super::axes::{self, Axis, Label, NOTE_SIZE, ONE_COLUMN, Panel, Sides, TWO_COLUMNS};
use super::colour::MANY_LINES;
use super::figure::numbers;
use super::scene::{Area, Rgb, Scene, Stroke};
use super::text::Text;
use super::{Figure, FigureOptions, draw as marks};
use crate::error::{Error, ErrorKind, Result};
use crate::orbits::potential::Potential;
use crate::sql::Answer;

/// Lines of orbits.
const ORBIT_WIDTH: f64 = 0.7;
const CURVE_WIDTH: f64 = 1.2;
/// Between two panels.
const GAP: f64 = 8.0;
/// Room around orbits, relative to their extent.
const ROOM: f64 = 1.06;
/// Points of a rotation curve.
const POINTS: usize = 200;
const CURVE_HEIGHT: f64 = 170.0;
const TOTAL_WIDTH: f64 = 1.6;
/// Strokes and gaps of components beyond the number of colours.
const DASH: [f64; 2] = [4.0, 2.0];
/// Room above the panel, and beside the names.
const TOP: f64 = 6.0;
const NAMES_ROOM: f64 = 34.0;
/// Room above curves.
const HEADROOM: f64 = 1.12;

/// Three projections of the tracks in `answer`: columns id, t, x, y, z, in order of the stars; `sql` is what asked for them.
pub fn draw(answer: &Answer, model: &str, sql: &str) -> Result<Figure> {
    let asked = RefCell::new(Some(answer.clone()));
    let query = |_: &str| asked.take().ok_or_else(|| Error::internal("tracks are asked for once"));
    let options = FigureOptions { table: Some("orbits".into()), title: Some(format!("Orbits in {model}")), ..Default::default() };
    let source = Source::new(&query, &options, "orbits");
    let columns = source.columns(sql)?;
    let [ids, times, x, y, z, ..] = columns.as_slice() else { return Err(Error::internal("tracks have five columns")) };
    let r: Vec<f64> = x.iter().zip(y).map(|(x, y)| x.hypot(*y)).collect();
    let extent = [x, y, z].into_iter().flatten().filter(|v| v.is_finite()).fold(0.0f64, |most, v| most.max(v.abs())) * ROOM;
    if !(extent > 0.0) {
        return Err(Error::new(ErrorKind::Domain, "no point of the orbits can be drawn").hint("stars that are not finite have no orbit"));
    }
    let tall = z.iter().filter(|v| v.is_finite()).fold(0.0f64, |most, v| most.max(v.abs())) * ROOM;
    let (whole, upright) = (Axis::linear(-extent, extent), Axis::linear(-tall.max(0.2 * extent), tall.max(0.2 * extent)));
    let left = axes::left_margin(&whole, 150.0) + 1.0;
    let top = marks::caption_height(&options);
    // Two squares wide for x, one for R from 0.
    let side = (TWO_COLUMNS - 3.0 * left - 2.0 * GAP - 8.0) / 2.5;
    let flat = side * (upright.hi - upright.lo) / (whole.hi - whole.lo);
    let panels = [
        (Area::new(left, top, side, side), whole, whole, x, y, "`x`", "`y`"),
        (Area::new(2.0 * left + side + GAP, top, side, flat), whole, upright, x, z, "`x`", "`z`"),
        (Area::new(3.0 * left + 2.0 * (side + GAP), top, 0.5 * side, flat), Axis::linear(0.0, extent), upright, &r, z, "`R`", "`z`"),
    ];
    let mut scene = Scene::new(TWO_COLUMNS, (top + side + axes::bottom_margin()).ceil());
    let mut starts: Vec<usize> = (0..ids.len()).filter(|&k| k == 0 || ids.get(k - 1) != ids.get(k)).collect();
    starts.push(ids.len());
    for (area, across, up, a, b, a_name, b_name) in panels {
        let panel = Panel { area, x: across, y: up };
        for (star, ends) in starts.windows(2).enumerate() {
            let stroke = Stroke::new(MANY_LINES[star % MANY_LINES.len()], ORBIT_WIDTH);
            let points = a[ends[0]..ends[1]].iter().copied().zip(b[ends[0]..ends[1]].iter().copied());
            scene.marks.push(marks::curve(&panel, points, &stroke));
        }
        let (bottom, left) = (Label::new(a_name, "kpc"), Label::new(b_name, "kpc"));
        panel.frame(&mut scene, Sides { bottom: Some(&bottom), left: Some(&left), ..Sides::default() }, Rgb::BLACK);
    }
    let stars = starts.len().saturating_sub(1) as f64;
    marks::caption(&mut scene, &Area::new(left, top, side, side), &options, &source, stars);
    let data = numbers(vec![
        ("id", "1", ids.clone()),
        ("t", "Gyr", times.clone()),
        ("x", "kpc", x.clone()),
        ("y", "kpc", y.clone()),
        ("z", "kpc", z.clone()),
    ])?;
    Figure::new("orbits", scene, vec![("tracks".into(), data)], &source, &options, stars)
}

/// Circular velocity of a model and of its components out to `radius_kpc`.
pub fn rotation_curve(model: &Potential, name: &str, radius_kpc: f64) -> Result<Figure> {
    if !(radius_kpc > 0.0 && radius_kpc.is_finite()) {
        return Err(Error::usage("a rotation curve needs a greatest radius above 0").found(radius_kpc));
    }
    let radii: Vec<f64> = (1..=POINTS).map(|k| radius_kpc * k as f64 / POINTS as f64).collect();
    let speeds = |potential: &Potential| {
        let prepared = potential.prepare::<f64>();
        let speed = |&r: &f64| (-r * potential.acceleration(&prepared, 0.0, [r, 0.0, 0.0])[0]).sqrt();
        radii.iter().map(speed).collect::<Vec<f64>>()
    };
    let mut curves = vec![("total".to_string(), speeds(model))];
    if model.components.len() > 1 {
        curves.extend(model.components.iter().map(|c| (c.name.clone(), speeds(&Potential { components: vec![c.clone()] }))));
    }
    let most = curves.iter().flat_map(|c| &c.1).filter(|v| v.is_finite()).fold(0.0f64, |most, v| most.max(*v));
    if !(most > 0.0) {
        return Err(Error::new(ErrorKind::Domain, "nothing circles in this potential").hint("its pull points outwards along x"));
    }
    let query = |_: &str| Err(Error::internal("a rotation curve asks nothing"));
    let options = FigureOptions { table: Some(name.to_string()), title: Some(format!("Rotation curve of {name}")), ..Default::default() };
    let source = Source::new(&query, &options, name);
    let (across, up) = (Axis::linear(0.0, radius_kpc), Axis::linear(0.0, most * HEADROOM));
    // Components cross each other, so that their names stand beside the panel.
    let names = curves.iter().map(|c| Text::plain(&c.0).width(NOTE_SIZE)).fold(0.0, f64::max) + NAMES_ROOM;
    let left = axes::left_margin(&up, CURVE_HEIGHT) + 1.0;
    let panel = Panel { area: Area::new(left, TOP, ONE_COLUMN - left - names, CURVE_HEIGHT), x: across, y: up };
    let mut scene = Scene::new(ONE_COLUMN, (panel.area.bottom() + axes::bottom_margin()).ceil());
    let mut entries = Vec::new();
    for (k, (name, values)) in curves.iter().enumerate() {
        let mut stroke = match k.checked_sub(1) {
            None => Stroke::new(Rgb::BLACK, TOTAL_WIDTH),
            Some(component) => Stroke::new(MANY_LINES[component % MANY_LINES.len()], CURVE_WIDTH),
        };
        if k > MANY_LINES.len() {
            stroke.dash = DASH.to_vec();
        }
        scene.marks.push(marks::curve(&panel, radii.iter().copied().zip(values.iter().copied()), &stroke));
        entries.push((Text::plain(name), stroke));
    }
    let (bottom, side) = (Label::new("`R`", "kpc"), Label::new("`v`_{c}", "km s⁻¹"));
    panel.frame(&mut scene, Sides { bottom: Some(&bottom), left: Some(&side), ..Sides::default() }, Rgb::BLACK);
    marks::legend(&mut scene, &Area::new(panel.area.right(), TOP, names, CURVE_HEIGHT), &entries, &[]);
    let mut columns = vec![("r_cyl", "kpc", radii.clone())];
    columns.extend(curves.iter().map(|(name, values)| (name.as_str(), "km/s", values.clone())));
    let data = numbers(columns)?;
    Figure::new("rotation_curve", scene, vec![("rotation_curve".into(), data)], &source, &options, radii.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_of_the_milky_way_passes_through_220_kms_at_8_kpc() {
        let figure = rotation_curve(&Potential::named("mw2014").unwrap(), "mw2014", 16.0).unwrap();
        let (_, data) = &figure.data()[0];
        let total = data.column_by_name("total").unwrap().as_any().downcast_ref::<arrow::array::Float64Array>().unwrap().value(99);
        assert!((total - 220.0).abs() < 1e-5, "{total}");
        assert_eq!(data.num_columns(), 5);
        assert!(figure.scene().texts().iter().any(|t| t.contains("halo")));
        assert!(rotation_curve(&Potential::named("mw2014").unwrap(), "mw2014", 0.0).is_err());
    }
}
