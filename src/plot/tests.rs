//! Checks that every figure must pass: sums, bytes, well-formed files, hopeless data.
//!
//! See also   `plot::synthetic`

use arrow::array::{Array, Float64Array, RecordBatch};

use super::synthetic::{Memory, batch, galaxy};
use super::*;
use crate::cosmology::Cosmology;

const STARS: usize = 20_000;

fn options_for(kind: &str) -> FigureOptions {
    let mut options = FigureOptions { dataset: Some("galaxy version 3".into()), ..Default::default() };
    if kind == "hist2d" {
        options.x = Some("lz".into());
        options.y = Some("age".into());
    }
    if kind.starts_with("lz_") {
        options.potential = Some("mw2014".into());
    }
    options
}

fn column(batch: &RecordBatch, name: &str) -> Vec<f64> {
    let column = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"));
    column.as_any().downcast_ref::<Float64Array>().unwrap().values().to_vec()
}

fn stars(n: usize) -> RecordBatch {
    galaxy(n).into_iter().find(|t| t.0 == "stars").unwrap().1
}

fn single(batch: &RecordBatch, name: &str) -> Vec<f64> {
    let wide = arrow::compute::cast(batch.column_by_name(name).unwrap(), &arrow::datatypes::DataType::Float64).unwrap();
    wide.as_any().downcast_ref::<Float64Array>().unwrap().values().to_vec()
}

#[test]
fn every_kind_draws_the_same_bytes_for_any_thread_count() {
    let tables = galaxy(STARS);
    let (one, many) = (Memory::new(&tables, 1), Memory::new(&tables, 7));
    for kind in kinds() {
        let options = options_for(kind.name());
        let a = kind.draw(&one.query(), &options).unwrap();
        let b = kind.draw(&one.query(), &options).unwrap();
        assert_eq!(a.svg(), b.svg(), "{}", kind.name());
        assert_eq!(a.png(1.0).unwrap(), b.png(1.0).unwrap(), "{}", kind.name());
        // Masses here are equal, so that sums do not depend on their order; the session's own sum never does.
        let c = kind.draw(&many.query(), &options).unwrap();
        if kind.name() != "profile" {
            assert_eq!(a.svg(), c.svg(), "{}", kind.name());
        }
    }
}

/// An option set to something that a figure which looks at it would show.
fn with_option(name: &str, mut options: FigureOptions) -> FigureOptions {
    match name {
        "width" => options.width_kpc = Some(7.0),
        "bins" => options.bins = Some(9),
        "x" => options.x = Some("vx".into()),
        "y" => options.y = Some("vy".into()),
        "quantity" => options.quantity = Some("rotation".into()),
        "color" => options.color = Some("feh".into()),
        "x_range" => options.x_range = Some((0.5, 3.25)),
        "y_range" => options.y_range = Some((0.5, 3.25)),
        "color_range" => options.color_range = Some((1.5, 2.5)),
        "color_map" => options.color_map = Some("plasma".into()),
        "log" => options.log = Some(true),
        "contours" => options.contours = Some(true),
        "potential" => options.potential = Some("mcmillan2017_like".into()),
        other => panic!("{other} is no option"),
    }
    options
}

#[test]
fn options_that_a_kind_does_not_name_change_nothing_and_the_others_do() {
    let memory = Memory::new(&galaxy(STARS), 2);
    for kind in kinds() {
        for name in OPTIONS {
            let mut base = options_for(kind.name());
            if (kind.name(), name) == ("profile", "y_range") {
                // Three panels have three ranges; one has one.
                base.quantity = Some("rotation".into());
            }
            let plain = kind.draw(&memory.query(), &base).unwrap().svg();
            let changed = |log: bool| {
                let mut options = with_option(name, base.clone());
                if !log {
                    options.log = options.log.map(|_| false);
                    options.contours = options.contours.map(|_| false);
                }
                // An option that is looked at may well refuse the value.
                kind.draw(&memory.query(), &options).map_or(true, |figure| figure.svg() != plain)
            };
            let shows = changed(true) || changed(false);
            assert_eq!(shows, kind.uses().contains(&name), "{} {name}", kind.name());
        }
    }
}

#[test]
fn every_svg_is_well_formed_and_says_where_it_came_from() {
    let memory = Memory::new(&galaxy(STARS), 2);
    for kind in kinds() {
        let options =
            FigureOptions { filter: Some("age < 20 and feh <> 0.5".into()), title: Some("A & B <c>".into()), ..options_for(kind.name()) };
        let figure = kind.draw(&memory.query(), &options).unwrap();
        let svg = figure.svg();
        resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).unwrap();
        assert!(
            svg.contains("GROUP BY 1") && svg.contains("galaxy version 3") && svg.contains(env!("CARGO_PKG_VERSION")),
            "{}",
            kind.name()
        );
        assert!(svg.contains("age &lt; 20"), "{}", kind.name());
        // A note may say that rows without a number were left out; no coordinate may be one.
        let drawn = svg.replace("NULL, NaN or infinite", "");
        assert!(!drawn.contains("NaN") && !drawn.contains("inf\""), "{}", kind.name());
        let meta: serde_json::Value = serde_json::from_str(figure.metadata()).unwrap();
        assert_eq!(meta["figure"], kind.name());
        let png = figure.png(1.0).unwrap();
        let reader = ::png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        let texts: Vec<String> = reader.info().utf8_text.iter().map(|t| t.get_text().unwrap()).collect();
        assert!(texts.iter().any(|t| t.contains("GROUP BY 1")), "{}", kind.name());
        println!("{}: {} kB of SVG, {} kB of PNG", kind.name(), svg.len() / 1024, png.len() / 1024);
        assert!(svg.len() < 1 << 20, "{}", kind.name());
    }
}

#[test]
fn map_holds_the_mass_inside_it() {
    let memory = Memory::new(&galaxy(STARS), 2);
    let figure = kind("face_on")
        .unwrap()
        .draw(&memory.query(), &FigureOptions { width_kpc: Some(20.0), bins: Some(50), ..Default::default() })
        .unwrap();
    let data = figure.data();
    let (map, table) = (&data[0].1, stars(STARS));
    let (x, y) = (single(&table, "x"), single(&table, "y"));
    let inside = x.iter().zip(&y).filter(|(x, y)| x.abs() <= 10.0 && y.abs() <= 10.0).count() as f64;
    assert_eq!(column(map, "rows").iter().sum::<f64>(), inside);
    let mass: f64 = column(map, "surface_density").iter().sum::<f64>() * 0.4 * 0.4;
    assert!((mass / (inside * 7.5e4) - 1.0).abs() < 1e-12, "{mass:e}");
    assert_eq!(map.num_rows(), 2500);
    assert_eq!(map.schema().field_with_name("surface_density").unwrap().metadata()["unit"], "Msun/kpc**2");
}

#[test]
fn mean_map_is_the_mean_by_mass() {
    let table = batch(&[
        ("x", "kpc", vec![0.5, 0.5, -0.5, 0.5]),
        ("y", "kpc", vec![0.5, 0.5, -0.5, 0.5]),
        ("z", "kpc", vec![0.0; 4]),
        ("mass", "Msun", vec![1.0, 3.0, 1.0, 1.0]),
        ("age", "Gyr", vec![2.0, 6.0, 9.0, f64::NAN]),
    ]);
    let memory = Memory::new(&[("stars", table)], 2);
    let options = FigureOptions { width_kpc: Some(2.0), bins: Some(2), color: Some("age".into()), ..Default::default() };
    let data = kind("face_on").unwrap().draw(&memory.query(), &options).unwrap().data();
    let mean = column(&data[0].1, "mean");
    assert_eq!((mean[0], mean[3]), (9.0, 5.0));
    assert!(mean[1].is_nan() && mean[2].is_nan());
}

#[test]
fn joint_cells_and_marginals_agree_with_a_direct_count() {
    let memory = Memory::new(&galaxy(STARS), 2);
    let options = FigureOptions {
        x: Some("age".into()),
        y: Some("feh".into()),
        x_range: Some((0.0, 14.0)),
        y_range: Some((-2.0, 0.5)),
        bins: Some(25),
        ..Default::default()
    };
    let figure = kind("hist2d").unwrap().draw(&memory.query(), &options).unwrap();
    let data = figure.data();
    let table = stars(STARS);
    let mut wanted = vec![0.0; 625];
    for (age, feh) in single(&table, "age").into_iter().zip(single(&table, "feh")) {
        if (0.0..=14.0).contains(&age) && (-2.0..=0.5).contains(&feh) {
            let (i, j) = (((age / 0.56) as usize).min(24), (((feh + 2.0) / 0.1) as usize).min(24));
            wanted[j * 25 + i] += 1.0;
        }
    }
    assert_eq!(column(&data[0].1, "rows"), wanted);
    let total: f64 = wanted.iter().sum();
    assert_eq!(column(&data[1].1, "rows").iter().sum::<f64>(), total);
    assert_eq!(column(&data[2].1, "rows").iter().sum::<f64>(), total);
    assert!(total > 0.9 * STARS as f64);
}

#[test]
fn star_formation_adds_up_to_the_mass_at_birth() {
    let memory = Memory::new(&galaxy(STARS), 2);
    let figure = kind("sfh")
        .unwrap()
        .draw(&memory.query(), &FigureOptions { bins: Some(28), x_range: Some((0.0, 14.0)), ..Default::default() })
        .unwrap();
    let history = &figure.data()[0].1;
    let formed: f64 = column(history, "sfr").iter().map(|r| r * 0.5e9).sum();
    assert!((formed / (STARS as f64 * 1.3e5) - 1.0).abs() < 1e-12, "{formed:e}");
}

#[test]
fn profile_has_the_dispersion_of_a_direct_computation() {
    let memory = Memory::new(&galaxy(STARS), 2);
    let figure = kind("profile")
        .unwrap()
        .draw(&memory.query(), &FigureOptions { bins: Some(10), x_range: Some((0.0, 10.0)), ..Default::default() })
        .unwrap();
    let profile = &figure.data()[0].1;
    let table = stars(STARS);
    let [x, y, vz] = ["x", "y", "vz"].map(|n| single(&table, n));
    let chosen: Vec<f64> = (0..STARS).filter(|k| (4.0..5.0).contains(&x[*k].hypot(y[*k]))).map(|k| vz[k]).collect();
    let mean = chosen.iter().sum::<f64>() / chosen.len() as f64;
    let sigma = (chosen.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / chosen.len() as f64).sqrt();
    assert!((column(profile, "sigma_z")[4] / sigma - 1.0).abs() < 1e-9);
    let area = std::f64::consts::PI * (25.0 - 16.0);
    assert!((column(profile, "surface_density")[4] / (chosen.len() as f64 * 7.5e4 / area) - 1.0).abs() < 1e-9);
    assert!(column(profile, "v_circular").iter().all(|v| *v > 0.0));
}

#[test]
fn rows_of_the_splash_plane_peak_at_one() {
    let memory = Memory::new(&galaxy(STARS), 2);
    let figure = kind("feh_vphi").unwrap().draw(&memory.query(), &FigureOptions { bins: Some(30), ..Default::default() }).unwrap();
    let cells = &figure.data()[0].1;
    for (row, counts) in column(cells, "row_normalised").chunks(30).zip(column(cells, "rows").chunks(30)) {
        let peak = row.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
        assert!(peak == 1.0 || counts.iter().sum::<f64>() < 20.0);
    }
}

#[test]
fn no_rows_is_an_error_with_a_cure() {
    let memory = Memory::new(&galaxy(50), 2);
    for kind in kinds() {
        let options = FigureOptions { filter: Some("mass < 0".into()), ..options_for(kind.name()) };
        let error = kind.draw(&memory.query(), &options).unwrap_err();
        assert!(error.to_string().contains("no row to draw") && error.hint_text().is_some(), "{}: {error}", kind.name());
    }
}

fn odd(values: &[f64]) -> RecordBatch {
    let names = ["x", "y", "z", "vx", "vy", "vz", "mass", "mass_birth", "age", "t_birth", "feh"];
    let columns: Vec<(&str, &str, Vec<f64>)> = names.iter().map(|n| (*n, "1", values.to_vec())).collect();
    batch(&columns)
}

#[test]
fn odd_data_draw_or_explain_but_never_fail_otherwise() {
    let cases: Vec<(&str, Vec<f64>)> = vec![
        ("one point", vec![1.5]),
        ("constant", vec![2.0; 100]),
        ("zero", vec![0.0; 10]),
        ("negative", vec![-3.0, -2.0, -1.0]),
        ("mixed signs and zero", vec![-1.0, 0.0, 1.0, 2.0]),
        ("huge", vec![-1e300, 1e299, 3.0]),
        ("tiny", vec![1e-300, 2e-300, 5e-324]),
        ("far away", vec![1e15, 1e15 + 1.0, 1e15 + 2.0]),
        ("holes", vec![1.0, f64::NAN, 2.0, f64::INFINITY, f64::NEG_INFINITY]),
        ("only holes", vec![f64::NAN, f64::INFINITY]),
    ];
    for (name, values) in cases {
        let memory = Memory::new(&[("stars", odd(&values))], 2);
        for kind in kinds() {
            for log in [None, Some(true), Some(false)] {
                match kind.draw(&memory.query(), &FigureOptions { log, ..options_for(kind.name()) }) {
                    Ok(figure) => {
                        let svg = figure.svg();
                        let (_, drawing) = svg.split_once("</metadata>").unwrap();
                        assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{name} {}", kind.name());
                        figure.png(0.5).unwrap();
                    }
                    Err(error) => assert!(error.kind() == crate::error::ErrorKind::Domain, "{name} {}: {error}", kind.name()),
                }
            }
        }
    }
}

#[test]
fn missing_values_are_counted() {
    let memory = Memory::new(&[("stars", odd(&[1.0, 2.0, f64::NAN]))], 2);
    let figure = kind("age_feh").unwrap().draw(&memory.query(), &FigureOptions::default()).unwrap();
    assert_eq!(figure.notes(), ["1 of 3 rows left out: NULL, NaN or infinite"]);
}

#[test]
fn redshift_axis_needs_a_cosmology() {
    let memory = Memory::new(&galaxy(1000), 2);
    let plain = kind("sfh").unwrap().draw(&memory.query(), &FigureOptions::default()).unwrap();
    assert!(!plain.scene().texts().iter().any(|t| t.contains("Redshift")));
    let options = FigureOptions { cosmology: Some(Cosmology::planck18()), ..Default::default() };
    let figure = kind("sfh").unwrap().draw(&memory.query(), &options).unwrap();
    assert!(figure.scene().texts().iter().any(|t| t.contains("Redshift")));
}

#[test]
fn names_snapshots_and_frames_reach_the_sql() {
    let seen = std::cell::RefCell::new(String::new());
    let query = |sql: &str| {
        seen.borrow_mut().push_str(sql);
        Err(Error::internal("stop"))
    };
    let options = FigureOptions { table: Some("gas".into()), snap: Some(512), frame: Some("disc".into()), ..Default::default() };
    assert!(kind("face_on").unwrap().draw(&query, &options).is_err());
    assert!(seen.borrow().contains("FROM gas@512@disc"));
    assert!(kind("faceon").err().unwrap().to_string().contains("did you mean `face_on`"));
}

/// Writes every figure to the folder named by SPOLIA_FIGURES, for looking at.
#[test]
fn gallery() {
    let Ok(folder) = std::env::var("SPOLIA_FIGURES") else { return };
    let folder = std::path::PathBuf::from(folder);
    let memory = Memory::new(&galaxy(100_000), 2);
    let query = memory.query();
    let save = |name: &str, kind_name: &str, options: FigureOptions| {
        let figure = kind(kind_name).unwrap().draw(&query, &options).unwrap();
        std::fs::write(folder.join(format!("{name}.svg")), figure.svg()).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), figure.png(3.0).unwrap()).unwrap();
    };
    let word = |t: &str| Some(t.to_string());
    for kind in kinds() {
        save(kind.name(), kind.name(), FigureOptions { cosmology: Some(Cosmology::planck18()), ..options_for(kind.name()) });
    }
    save("face_on_age", "face_on", FigureOptions { color: word("age"), width_kpc: Some(30.0), ..Default::default() });
    save(
        "face_on_vphi",
        "face_on",
        FigureOptions {
            color: word("v_phi"),
            width_kpc: Some(30.0),
            bins: Some(80),
            title: word("Rotation of the disc"),
            filter: word("abs(z) < 2"),
            ..Default::default()
        },
    );
    save("edge_on_feh", "edge_on", FigureOptions { color: word("feh"), width_kpc: Some(30.0), bins: Some(100), ..Default::default() });
    save("face_on_dark", "face_on", FigureOptions { table: word("dark"), ..Default::default() });
    save("face_on_gas", "face_on", FigureOptions { table: word("gas"), bins: Some(120), ..Default::default() });
    save(
        "hist2d_mean",
        "hist2d",
        FigureOptions { x: word("lz"), y: word("feh"), color: word("age"), contours: Some(true), ..Default::default() },
    );
    save(
        "hist2d_sql",
        "hist2d",
        FigureOptions { x: word("x * vy - y * vx"), y: word("0.5 * (vx*vx + vy*vy + vz*vz)"), ..Default::default() },
    );
    save("sfh_log", "sfh", FigureOptions { log: Some(true), ..Default::default() });
    save("profile_rotation", "profile", FigureOptions { quantity: word("rotation"), ..Default::default() });
    save("one_point", "age_feh", FigureOptions { filter: word("x = (SELECT max(x) FROM stars)"), ..Default::default() });
    let small = FigureOptions { x: word("feh"), y: word("v_phi"), ..Default::default() };
    for (name, color) in [("ascii", terminal::Color::None), ("palette", terminal::Color::Palette), ("true", terminal::Color::True)] {
        std::fs::write(folder.join(format!("{name}.txt")), terminal::picture(&query, &small, 80, 28, color).unwrap()).unwrap();
    }
    let one = FigureOptions { x: word("feh"), ..Default::default() };
    std::fs::write(folder.join("bars.txt"), terminal::picture(&query, &one, 80, 20, terminal::Color::None).unwrap()).unwrap();
}
