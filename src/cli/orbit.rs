//! `spolia orbit`: orbits of stars in a model of the potential: what they are like, where they lead, or a figure of them.
//!
//! Layout     without -o a summary of each star on stdout; -o FILE writes the tracks as a table, or draws them for .svg and .png
//! Units      kpc, km/s, Gyr
//! See also   SQL `orbit`, `orbit_track`; `plot::orbits`

use std::path::PathBuf;

use clap::Args;

use super::exit::Done;
use super::options::GlobalOptions;
use super::{output, plot, session};
use crate::error::{Error, Result};
use crate::ingest::OpenOptions;
use crate::plot::label::text_literal;
use crate::plot::orbits;
use crate::units::{Quantity, Unit};

/// Stars taken from a table when nothing is said.
const STARS: usize = 100;
/// Resolution of a PNG [dots per inch].
const DPI: f32 = 300.0;

/// Options of `orbit`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  spolia orbit --from 8,0,0,0,220,5 --potential mw2014\n  spolia orbit --from 11.8,0.79,6.4,109.5,-254.5,-90.3 --potential mw2014 --time=-3Gyr -o gd1.svg\n  spolia orbit galaxy.spolia --frame disc --where \"feh < -2\" --limit 20 --potential mw2014 --time 2Gyr -o tracks.parquet"
)]
pub struct Options {
    /// Dataset or snapshot whose stars are followed
    #[arg(value_name = "SOURCE", conflicts_with = "from", required_unless_present = "from")]
    source: Option<PathBuf>,
    /// Position [kpc] and velocity [km/s] of a star: x,y,z,vx,vy,vz; may be given several times
    #[arg(long, value_name = "X,Y,Z,VX,VY,VZ", allow_hyphen_values = true)]
    from: Vec<String>,
    /// Model of the potential: a preset of `spolia potential list`, or a .toml file
    #[arg(long, value_name = "NAME")]
    potential: String,
    /// How long; into the past when negative
    #[arg(long, value_name = "TIME", default_value = "1Gyr", allow_hyphen_values = true)]
    time: String,
    /// Rows of each track after the first
    #[arg(long, value_name = "N", default_value_t = 1000, hide_short_help = true)]
    steps: u32,
    /// Table
    #[arg(long, value_name = "NAME", default_value = "stars", hide_short_help = true)]
    table: String,
    /// Stored frame, whose origin is the centre of the potential
    #[arg(long, value_name = "NAME")]
    frame: Option<String>,
    /// SQL condition on the stars
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// Stars at most [default: 100]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Six numbers of one `--from`.
fn six(text: &str) -> Result<[f64; 6]> {
    let wrong = || Error::usage("cannot read a star").at(format!("--from {text}")).expected("six numbers: x,y,z in kpc, vx,vy,vz in km/s");
    let numbers: Vec<f64> = text.split(',').map(|part| part.trim().parse().map_err(|_| wrong())).collect::<Result<_>>()?;
    <[f64; 6]>::try_from(numbers).map_err(|_| wrong())
}

/// The stars as SQL: id and phase space.
fn stars(options: &Options) -> Result<String> {
    if options.from.is_empty() {
        let frame = options.frame.as_ref().map(|f| format!("@{f}")).unwrap_or_default();
        let filter = options.filter.as_ref().map(|f| format!(" WHERE {f}")).unwrap_or_default();
        let limit = options.limit.unwrap_or(STARS);
        return Ok(format!("(SELECT id, x, y, z, vx, vy, vz FROM {}{frame}{filter} ORDER BY id LIMIT {limit})", options.table));
    }
    let row = |(k, text): (usize, &String)| {
        let numbers = six(text)?.map(|v| format!("CAST('{v:?}' AS DOUBLE)"));
        Ok(format!("({}, {})", k + 1, numbers.join(", ")))
    };
    let rows = options.from.iter().enumerate().map(row).collect::<Result<Vec<_>>>()?;
    Ok(format!("(SELECT * FROM (VALUES {}) AS t(id, x, y, z, vx, vy, vz))", rows.join(", ")))
}

/// Follows orbits.
pub fn run(global: &GlobalOptions, options: &Options) -> Result<Done> {
    let time =
        Quantity::parse(&options.time).and_then(|q| q.to(&Unit::parse("Gyr")?)).map_err(|e| e.at(format!("--time {}", options.time)))?;
    let (stars, name) = (stars(options)?, text_literal(&options.potential));
    let session = session::open(global, options.source.as_slice(), false, true, OpenOptions::default())?;
    let star = "x, y, z, vx, vy, vz";
    let Some(path) = &global.output else {
        let fields = ["r_peri", "r_apo", "z_max", "ecc", "energy", "lz", "circularity", "status"];
        let columns = fields.map(|f| format!("o['{f}'] AS {f}")).join(", ");
        let answer =
            session.query(&format!("SELECT id, {columns} FROM (SELECT id, orbit({star}, {name}) AS o FROM {stars}) ORDER BY id"))?;
        output::answer(global, &answer)?;
        return Ok(Done::Fully);
    };
    let fields = ["t", "x", "y", "z", "vx", "vy", "vz"].map(|f| format!("p['{f}'] AS {f}")).join(", ");
    let tracks = format!(
        "SELECT id, {fields} FROM (SELECT id, unnest(orbit_track({star}, {name}, {time:?}, {})) AS p FROM {stars}) ORDER BY id, t{}",
        options.steps,
        if time < 0.0 { " DESC" } else { "" }
    );
    let answer = session.query(&tracks)?;
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    if matches!(ending.as_str(), "svg" | "png") {
        let figure = orbits::draw(&answer, &options.potential, &tracks)?;
        plot::save(&figure, path, DPI)?;
        output::note(global, &format!("wrote {}", path.display()));
        for text in answer.notes.iter().map(String::as_str).chain(figure.notes().iter().map(String::as_str)) {
            output::note(global, &format!("note: {text}"));
        }
    } else {
        output::answer(global, &answer)?;
    }
    Ok(Done::Fully)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_are_six_numbers() {
        assert_eq!(six("8, 0,-0.5,1e1,220,5").unwrap(), [8.0, 0.0, -0.5, 10.0, 220.0, 5.0]);
        assert!(six("8,0,0").is_err() && six("8,0,0,a,220,5").is_err());
    }
}
