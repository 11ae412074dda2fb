//! What really happened in the built-in run, kept apart from what its snapshots say.
//!
//! Layout     `stars.parquet`: one row per star in order of birth; `history.csv`: one row per longest step of the gas
//! Units      physical kpc, km/s, Msun, Gyr; positions in the axes of the snapshots about the named centre
//! See also   `ingest::synth`

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use parquet::arrow::ArrowWriter;

use crate::chemistry::one_zone::{IRON, MAGNESIUM, SOLAR_FRACTION};
use crate::error::{Error, Result};
use crate::nbody::disc::{dot, minus};
use crate::nbody::merger::{Birth, HOST, Merger};

/// Names of the galaxies in the truth tables.
const NAMES: [&str; 2] = ["host", "satellite"];

/// Writes progenitor, origin of the gas, and place of birth of every star.
pub(super) fn write_stars(path: &Path, run: &Merger, first_id: u64, start_gyr: f64) -> Result<()> {
    let tag = |b: &Birth| run.tags[b.place as usize];
    let floats = |f: &dyn Fn(&Birth) -> f64| -> ArrayRef { Arc::new(run.births.iter().map(f).collect::<Float64Array>()) };
    let about = |b: &Birth, galaxy: usize| minus(b.position_kpc, b.planes[galaxy].centre_kpc);
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("id".into(), Arc::new((0..run.births.len() as u64).map(|n| first_id + n).collect::<UInt64Array>())),
        ("progenitor".into(), Arc::new(run.births.iter().map(|b| Some(NAMES[tag(b).galaxy])).collect::<StringArray>())),
        ("gas_origin".into(), Arc::new(run.births.iter().map(|b| Some(NAMES[tag(b).origin])).collect::<StringArray>())),
        ("t_birth".into(), floats(&|b| start_gyr + b.time_gyr)),
    ];
    for (axis, letter) in ["x", "y", "z"].into_iter().enumerate() {
        columns.push((format!("{letter}_birth"), floats(&|b| about(b, HOST)[axis])));
        columns.push((format!("v{letter}_birth"), floats(&|b| b.velocity_kms[axis] - b.planes[HOST].velocity_kms[axis])));
    }
    let in_host = |b: &Birth| b.planes[HOST].cylindrical(b.position_kpc, b.velocity_kms);
    columns.push(("r_disc_birth".into(), floats(&|b| in_host(b).radius_kpc)));
    columns.push(("z_disc_birth".into(), floats(&|b| in_host(b).height_kpc)));
    columns.push(("v_phi_birth".into(), floats(&|b| in_host(b).v_phi_kms)));
    let own = |b: &Birth| about(b, tag(b).galaxy);
    columns.push(("r_progenitor_birth".into(), floats(&|b| dot(own(b), own(b)).sqrt())));
    let batch = RecordBatch::try_from_iter(columns).map_err(|e| Error::internal("truth table").because(e))?;
    let file = File::create(path).map_err(|e| Error::io("create", path, &e))?;
    let failed = |e: parquet::errors::ParquetError| {
        Error::internal("the truth table could not be written").at(path.display().to_string()).because(e)
    };
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).map_err(failed)?;
    writer.write(&batch).map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(())
}

/// Writes the history of both galaxies.
pub(super) fn write_history(path: &Path, run: &Merger) -> Result<()> {
    let mut text = String::from(
        "lookback_gyr,separation_kpc,stars_host_msun,stars_satellite_msun,gas_host_msun,gas_satellite_msun,\
         feh_host,feh_satellite,mgfe_host,mgfe_satellite,energy_error\n",
    );
    for m in &run.history {
        let dex = |galaxy: usize, element: usize| (m.composition[galaxy][element] / SOLAR_FRACTION[element]).log10();
        let [host, satellite] = [0, 1].map(|g| (dex(g, IRON), dex(g, MAGNESIUM) - dex(g, IRON)));
        text.push_str(&format!(
            "{:.4},{:.4},{:.4e},{:.4e},{:.4e},{:.4e},{:.4},{:.4},{:.4},{:.4},{:.3e}\n",
            run.settings().duration_gyr - m.time_gyr,
            m.separation_kpc,
            m.stars_msun[0],
            m.stars_msun[1],
            m.gas_msun[0],
            m.gas_msun[1],
            host.0,
            satellite.0,
            host.1,
            satellite.1,
            m.energy_error
        ));
    }
    let mut file = File::create(path).map_err(|e| Error::io("create", path, &e))?;
    file.write_all(text.as_bytes()).map_err(|e| Error::io("write", path, &e))
}
