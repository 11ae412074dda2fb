//! Radial profiles: surface density, velocity dispersions and rotation against cylindrical radius.
//!
//! Formula    Sigma = sum(m) / (pi (R2^2 - R1^2)); sigma^2 = \<v^2> - \<v>^2 by mass; v_c = sqrt(G M(\<r) / r), spherical, all families
//! Units      kpc, Msun/kpc^2, km/s
//! Edge cases rows on the axis R = 0 have no v_phi and are left out; families that are missing are left out of v_c with a note
//! See also   `orbits::coordinates`

use crate::constants::GRAVITY_KPC_KMS2_MSUN;
use crate::error::{Error, Result};
use crate::plot::ask::{Source, checked_bins, checked_range, finite, literal};
use crate::plot::axes::{self, Axis, Label, ONE_COLUMN, Panel, Sides};
use crate::plot::colour::LINES;
use crate::plot::figure::numbers;
use crate::plot::histogram::{centre, edge, extremes};
use crate::plot::label::{R_CYL, V_PHI, V_R};
use crate::plot::scene::{Area, Rgb, Scene, Stroke};
use crate::plot::text::Text;
use crate::plot::{Figure, FigureKind, FigureOptions, Query, draw, ticks};

const BINS: usize = 40;
/// Height of one panel, and of the only one.
const STACKED: f64 = 96.0;
const SINGLE: f64 = 150.0;
const LINE_WIDTH: f64 = 1.2;
/// Rows inside the default radius.
const INSIDE: (f64, f64) = (0.0, 0.98);
/// Room above curves.
const HEADROOM: f64 = 1.15;
/// Families that make the circular velocity.
const FAMILIES: [&str; 3] = ["stars", "gas", "dark"];
/// Bins with fewer rows have no dispersion.
const FEWEST: f64 = 3.0;

/// Radial profiles.
pub struct Profile;

struct Curves {
    range: (f64, f64),
    bins: usize,
    rows: Vec<f64>,
    density: Vec<f64>,
    mean_v_phi: Vec<f64>,
    sigma: [Vec<f64>; 3],
    circular: Option<Vec<f64>>,
}

impl FigureKind for Profile {
    fn name(&self) -> &'static str {
        "profile"
    }
    fn description(&self) -> &'static str {
        "surface density, velocity dispersions and rotation against radius; `quantity` chooses one"
    }
    fn uses(&self) -> &'static [&'static str] {
        &["width", "bins", "quantity", "x_range", "y_range", "log"]
    }
    fn draw(&self, query: &Query<'_>, options: &FigureOptions) -> Result<Figure> {
        let wanted: Vec<&str> = match options.quantity.as_deref() {
            None | Some("all") => vec!["surface_density", "dispersion", "rotation"],
            Some("surface_density" | "density") => vec!["surface_density"],
            Some("dispersion") => vec!["dispersion"],
            Some("rotation") => vec!["rotation"],
            Some(other) => {
                return Err(
                    Error::usage(format!("profile knows no quantity `{other}`")).expected("surface_density, dispersion, rotation or all")
                );
            }
        };
        let source = Source::new(query, options, "stars");
        let curves = ask(&source, query, options, wanted.contains(&"rotation"))?;
        let height = if wanted.len() > 1 { STACKED } else { SINGLE };
        let x_axis = Axis::linear(curves.range.0, curves.range.1);
        let y_axes: Vec<Axis> = wanted.iter().map(|w| vertical(w, &curves, options)).collect::<Result<_>>()?;
        let left = y_axes.iter().map(|a| axes::left_margin(a, height)).fold(0.0, f64::max) + 1.0;
        let top = draw::caption_height(options);
        let x_label = Label::new("`R`", "kpc");
        let total = top + height * wanted.len() as f64;
        let mut scene = Scene::new(ONE_COLUMN, (total + axes::bottom_margin()).ceil());
        let rows: f64 = curves.rows.iter().sum();
        for (k, (quantity, y)) in wanted.iter().zip(&y_axes).enumerate() {
            let panel = Panel { area: Area::new(left, top + height * k as f64, ONE_COLUMN - left - 8.0, height), x: x_axis, y: *y };
            let entries = lines(quantity, &curves);
            for (_, values, stroke) in &entries {
                let points = values.iter().enumerate().map(|(i, v)| (centre(curves.range, curves.bins, i), *v));
                scene.marks.push(draw::curve(&panel, points, stroke));
            }
            let label = match *quantity {
                "surface_density" => Label::new("`Σ`", "M☉ kpc⁻²"),
                "dispersion" => Label::new("`σ`", "km s⁻¹"),
                _ => Label::new("`v`", "km s⁻¹"),
            };
            let bottom = (k + 1 == wanted.len()).then_some(&x_label);
            panel.frame(&mut scene, Sides { bottom, left: Some(&label), left_label_x: Some(axes::LABEL_SIZE) }, Rgb::BLACK);
            if entries.len() > 1 {
                let at = |(i, v): (usize, &f64)| panel.point(centre(curves.range, curves.bins, i), *v);
                let taken: Vec<Vec<(f64, f64)>> = entries.iter().map(|e| e.1.iter().enumerate().map(at).collect()).collect();
                let names: Vec<(Text, Stroke)> = entries.into_iter().map(|(name, _, stroke)| (name, stroke)).collect();
                draw::legend(&mut scene, &panel.area, &names, &taken);
            }
            if k == 0 {
                draw::caption(&mut scene, &panel.area, options, &source, rows);
            }
        }
        let mut columns = vec![
            ("r_cyl", "kpc", (0..curves.bins).map(|i| centre(curves.range, curves.bins, i)).collect()),
            ("rows", "1", curves.rows),
            ("surface_density", "Msun/kpc**2", curves.density),
            ("mean_v_phi", "km/s", curves.mean_v_phi),
        ];
        let [s_r, s_phi, s_z] = curves.sigma;
        columns.extend([("sigma_r", "km/s", s_r), ("sigma_phi", "km/s", s_phi), ("sigma_z", "km/s", s_z)]);
        if let Some(v_c) = curves.circular {
            columns.push(("v_circular", "km/s", v_c));
        }
        Figure::new(self.name(), scene, vec![("profile".into(), numbers(columns)?)], &source, options, rows)
    }
}

fn ask(source: &Source<'_>, query: &Query<'_>, options: &FigureOptions, rotation: bool) -> Result<Curves> {
    let summary = source.summary(&[R_CYL, V_PHI, "vz", "mass"])?;
    let range = match options.x_range {
        Some(range) => checked_range(range)?,
        None => {
            let extremes = summary.ranges.first().copied().unwrap_or((0.0, 1.0));
            let outer = match options.width_kpc {
                Some(width) if width.is_finite() && width > 0.0 => 0.5 * width,
                Some(width) => return Err(Error::usage("a profile needs a positive width").found(width)),
                None => source.quantiles(R_CYL, (0.0, extremes.1), INSIDE)?.1,
            };
            (0.0, ticks::rounded_out(0.0, outer).1)
        }
    };
    let bins = checked_bins(options.bins, BINS)?;
    let mut aggregates = vec!["count(*)".to_string(), "sum(mass)".to_string()];
    for v in [V_R, V_PHI, "vz"] {
        aggregates.push(format!("sum(mass * ({v}))"));
        aggregates.push(format!("sum(mass * ({v}) * ({v}))"));
    }
    let conditions = [finite(V_PHI), finite("vz"), finite("mass")];
    let sums = source.binned(R_CYL, range, bins, &aggregates, &conditions)?;
    let at = |k: usize, i: usize| sums.get(k).and_then(|s| s.get(i)).copied().unwrap_or(0.0);
    let each = |f: &dyn Fn(usize) -> f64| (0..bins).map(f).collect::<Vec<f64>>();
    let mean = |k: usize, i: usize| at(k, i) / at(1, i);
    let spread = |k: usize, i: usize| {
        if at(0, i) < FEWEST { f64::NAN } else { (mean(k + 1, i) - mean(k, i).powi(2)).max(0.0).sqrt() }
    };
    let ring = |i: usize| std::f64::consts::PI * (edge(range, bins, i + 1).powi(2) - edge(range, bins, i).powi(2));
    Ok(Curves {
        range,
        bins,
        rows: each(&|i| at(0, i)),
        density: each(&|i| at(1, i) / ring(i)),
        mean_v_phi: each(&|i| mean(4, i)),
        sigma: [each(&|i| spread(2, i)), each(&|i| spread(4, i)), each(&|i| spread(6, i))],
        circular: if rotation { circular(source, query, options, range, bins) } else { None },
    })
}

/// Circular velocity at the middle of each bin, from the mass of every family inside that radius.
fn circular(source: &Source<'_>, query: &Query<'_>, options: &FigureOptions, range: (f64, f64), bins: usize) -> Option<Vec<f64>> {
    // A table or selection chosen by the user says nothing about the total mass.
    if range.0 != 0.0 || !matches!(options.table.as_deref(), None | Some("stars")) {
        return None;
    }
    const RADIUS_SQUARED: &str = "(x * x + y * y + z * z)";
    let mut inside = vec![0.0; bins];
    let mut found = Vec::new();
    for family in FAMILIES {
        let whole = FigureOptions { table: None, filter: None, ..options.clone() };
        let table = Source::new(query, &whole, family).table;
        // Bins are counted by their middles: the mass below the middle of bin i.
        let cell = format!("floor(sqrt({RADIUS_SQUARED}) / {} + 0.5)", literal((range.1 - range.0) / bins as f64));
        let sql = format!(
            "SELECT {cell} AS i, sum(mass) AS m FROM {table} WHERE sqrt({RADIUS_SQUARED}) BETWEEN 0.0 AND {} AND {} GROUP BY 1 ORDER BY 1",
            literal(range.1),
            finite("mass")
        );
        if let Ok(columns) = source.columns(&sql)
            && let [cells, masses] = columns.as_slice()
        {
            found.push(family);
            for (i, m) in cells.iter().zip(masses) {
                if let Some(to) = inside.get_mut(*i as usize) {
                    *to += m;
                }
            }
        }
    }
    if found.len() < 2 {
        source.note("no circular velocity: it needs the tables stars, gas and dark");
        return None;
    }
    if found.len() < FAMILIES.len() {
        source.note(format!("circular velocity from {} only", found.join(" and ")));
    }
    let mut total = 0.0;
    Some(
        inside
            .iter()
            .enumerate()
            .map(|(i, m)| {
                total += m;
                (GRAVITY_KPC_KMS2_MSUN * total / centre(range, bins, i)).sqrt()
            })
            .collect(),
    )
}

fn lines(quantity: &str, curves: &Curves) -> Vec<(Text, Vec<f64>, Stroke)> {
    let [blue, red, green, black] = LINES.map(|c| Stroke::new(c, LINE_WIDTH));
    match quantity {
        "surface_density" => vec![(Text::markup("`Σ`"), curves.density.clone(), blue)],
        "dispersion" => {
            let names = ["`σ`_{R}", "`σ`_{φ}", "`σ`_{z}"].map(Text::markup);
            let strokes = [blue, red.dashed(&[4.0, 2.0]), green.dashed(&[1.5, 1.5])];
            names.into_iter().zip(curves.sigma.clone()).zip(strokes).map(|((n, v), s)| (n, v, s)).collect()
        }
        _ => {
            let mut out = vec![(Text::markup("⟨`v`_{φ}⟩"), curves.mean_v_phi.clone(), blue)];
            if let Some(v_c) = &curves.circular {
                out.push((Text::markup("`v`_{c}"), v_c.clone(), black.dashed(&[4.0, 2.0])));
            }
            out
        }
    }
}

fn vertical(quantity: &str, curves: &Curves, options: &FigureOptions) -> Result<Axis> {
    let asked = match options.quantity.as_deref() {
        Some(q) if q != "all" => options.y_range.map(checked_range).transpose()?,
        _ => None,
    };
    let all: Vec<f64> = lines(quantity, curves).into_iter().flat_map(|l| l.1).collect();
    let log = quantity == "surface_density" && options.log.unwrap_or(true);
    let (lo, hi) = extremes(&all, log).unwrap_or((0.0, 1.0));
    Ok(match (asked, log) {
        (Some((lo, hi)), false) => Axis::linear(lo, hi),
        (Some((lo, hi)), true) => Axis::log(lo, hi),
        (None, true) => Axis::log(lo / 2.0, hi * 2.0),
        (None, false) => {
            let (lo, hi) = (lo.min(0.0) * HEADROOM, hi.max(0.0) * HEADROOM);
            Axis::linear(lo, if hi > lo { hi } else { lo + 1.0 })
        }
    })
}
