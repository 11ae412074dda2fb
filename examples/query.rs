//! Asks a dataset in SQL and reads the answer as Arrow arrays with units.
//!
//! Run        cargo run --release --example query -- spolia-demo/galaxy.spolia

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use spolia::sql::{Session, SessionOptions};
use spolia::table::schema::unit_of;

/// Mass and mean rotation of the stars in rings of 2 kpc.
const SQL: &str = "
    SELECT 2 * floor(r_cyl / 2) AS r_from, sum(mass) AS mass, weighted_mean(v_phi, mass) AS v_phi
    FROM stars@disc WHERE r_cyl < 12 GROUP BY 1 ORDER BY 1";

fn main() -> spolia::Result<()> {
    let path = std::env::args_os().nth(1).ok_or_else(|| spolia::Error::usage("name a dataset"))?;
    let session = Session::new(SessionOptions::default())?;
    session.attach(path.as_ref())?;
    let answer = session.query(SQL)?;
    let heads: Vec<String> = answer.schema.fields().iter().map(|f| format!("{} [{}]", f.name(), unit_of(f))).collect();
    spolia::cli::output::line(&heads.join("  "))?;
    for batch in &answer.batches {
        for row in 0..batch.num_rows() {
            let values: Vec<String> = batch
                .columns()
                .iter()
                .filter_map(|c| c.as_primitive_opt::<Float64Type>())
                .map(|c| format!("{:.4e}", c.value(row)))
                .collect();
            spolia::cli::output::line(&values.join("  "))?;
        }
    }
    Ok(())
}
