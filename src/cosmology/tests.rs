//! Cosmology against closed forms and against astropy (tests/golden/cosmology.json).

use super::*;

/// 2/(3 H0 sqrt(OL)) asinh(sqrt(OL/Om a^3)): the age of a flat universe of matter and lambda.
fn closed_form_gyr(c: &Cosmology, a: f64) -> f64 {
    let ratio = (c.omega_lambda / c.omega_m * a.powi(3)).sqrt();
    c.hubble_time_gyr() * 2.0 / (3.0 * c.omega_lambda.sqrt()) * ratio.asinh()
}

#[test]
fn flat_matter_and_lambda_has_a_closed_form() {
    let c = Cosmology::lcdm(0.671, 0.3175, 0.6825).unwrap();
    for a in [1e-8, 1e-4, 0.01, 0.1, 0.5, 1.0, 1.5, 2.0, 10.0] {
        let relative = c.age_gyr(a) / closed_form_gyr(&c, a) - 1.0;
        assert!(relative.abs() < 1e-12, "a = {a}: {relative:e}");
        assert!((c.scale_factor(c.age_gyr(a)).unwrap() / a - 1.0).abs() < 1e-12, "back from a = {a}");
    }
}

#[test]
fn einstein_de_sitter_and_milne_like_limits() {
    let c = Cosmology::lcdm(0.7, 1.0, 0.0).unwrap();
    assert!((c.age_gyr(1.0) / c.hubble_time_gyr() * 1.5 - 1.0).abs() < 1e-13);
    for z in [0.1_f64, 1.0, 10.0, 1000.0] {
        let exact = 2.0 * c.hubble_distance_mpc() * (1.0 - (1.0 + z).powf(-0.5));
        assert!((c.comoving_distance_mpc(z) / exact - 1.0).abs() < 1e-12);
    }
    // Mattig 1958 for an open universe of matter: the curvature enters the luminosity distance.
    let (omega, z) = (0.3f64, 2.0f64);
    let open = Cosmology::lcdm(0.7, omega, 0.0).unwrap();
    let mattig = 2.0 / (omega * omega) * (omega * z + (omega - 2.0) * ((1.0 + omega * z).sqrt() - 1.0));
    assert!((open.luminosity_distance_mpc(z) / (open.hubble_distance_mpc() * mattig) - 1.0).abs() < 1e-12);
}

#[test]
fn radiation_only_matters_early_and_flat_stays_flat() {
    for c in [Cosmology::planck15(), Cosmology::planck18()] {
        assert_eq!(c.omega_k(), 0.0);
        assert!((c.hubble_kms_mpc(1.0) / (100.0 * c.h) - 1.0).abs() < 1e-15);
    }
    let c = Cosmology::flat(0.7, 0.3, 2.7255, 3.04, &[]).unwrap();
    // Deep in the radiation era t = a^2 / (2 H0 sqrt(Or)).
    let omega_r = c.omega_gamma() + c.omega_nu();
    let a: f64 = 1e-10;
    assert!((c.age_gyr(a) / (c.hubble_time_gyr() * a * a / (2.0 * omega_r.sqrt())) - 1.0).abs() < 1e-5);
}

#[test]
fn impossible_universes_are_refused() {
    for (h, m, l) in [(0.0, 0.3, 0.7), (-0.7, 0.3, 0.7), (f64::NAN, 0.3, 0.7), (0.7, 0.0, 1.0), (0.7, 0.3, f64::INFINITY), (0.7, 0.1, 3.0)]
    {
        assert_eq!(Cosmology::lcdm(h, m, l).unwrap_err().kind(), ErrorKind::Domain, "{h} {m} {l}");
    }
    let c = Cosmology::lcdm(0.7, 0.3, 0.7).unwrap();
    assert!(c.clone().with_radiation(2.7, 3.046, &[0.1, 0.1]).is_err());
    assert!(c.clone().with_radiation(-2.7, 3.0, &[]).is_err());
    assert!(c.scale_factor(-1.0).is_err() && c.scale_factor(f64::NAN).is_err() && c.scale_factor(1e9).is_err());
    assert!(c.age_gyr(-0.1).is_nan());
    assert!(Cosmology::lcdm(0.7, 3.0, 0.0).unwrap().scale_factor(100.0).is_err());
}

#[test]
fn astropy_agrees() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/cosmology.json");
    let golden: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let number = |v: &serde_json::Value| v.as_f64().unwrap();
    let mut worst: f64 = 0.0;
    let mut compared = 0;
    for model in golden["models"].as_array().unwrap() {
        let p = &model["parameters"];
        let masses: Vec<f64> = p["m_nu_ev"].as_array().unwrap().iter().map(number).collect();
        let bare = Cosmology::lcdm(number(&p["h"]), number(&p["omega_m"]), number(&p["omega_lambda"]));
        let c = match model["name"].as_str().unwrap() {
            "Planck15" => Cosmology::planck15(),
            "Planck18" => Cosmology::planck18(),
            _ => bare.unwrap().with_radiation(number(&p["t_cmb_k"]), number(&p["n_eff"]), &masses).unwrap(),
        };
        let columns = model["columns"].as_object().unwrap();
        let redshifts: Vec<f64> = columns["z"].as_array().unwrap().iter().map(number).collect();
        for (name, values) in columns.iter().filter(|(name, _)| *name != "z") {
            let tolerance = number(&golden["tolerance"][name]);
            for (&z, value) in redshifts.iter().zip(values.as_array().unwrap()) {
                let a = 1.0 / (1.0 + z);
                let ours = match name.as_str() {
                    "age_gyr" => c.age_gyr(a),
                    "lookback_gyr" => c.lookback_gyr(z),
                    "comoving_distance_mpc" => c.comoving_distance_mpc(z),
                    "luminosity_distance_mpc" => c.luminosity_distance_mpc(z),
                    "angular_diameter_distance_mpc" => c.angular_diameter_distance_mpc(z),
                    "hubble_kms_mpc" => c.hubble_kms_mpc(a),
                    "critical_density_msun_kpc3" => c.critical_density(a),
                    other => panic!("no test for column {other}"),
                };
                let theirs = number(value);
                let difference = if theirs == 0.0 { ours.abs() } else { (ours / theirs - 1.0).abs() };
                worst = worst.max(difference);
                compared += 1;
                assert!(difference < tolerance, "{} {name} at z = {z}: {ours} against {theirs}", model["name"]);
            }
        }
        assert!((c.omega_lambda / number(&p["omega_lambda"]) - 1.0).abs() < 1e-12);
    }
    println!("cosmology: {compared} values, worst relative difference from astropy {worst:.1e}");
    assert!(compared > 200);
}
