//! A part of a snapshot: the particles of a sphere, of a halo, or every n-th one, seen as a snapshot of its own.
//!
//! Formula    |x - c|^2 <= R^2 with each component of x - c taken to the nearest image of the periodic box
//! Units      kpc
//! Refuses    a centre or radius that is not finite, a radius of more than half the box, a halo that the catalogue does not have
//! Edge cases positions are moved to the image that is nearest to the centre, so a galaxy on the edge of the box is in one piece;
//!            births and halo tables have no particles and are kept whole
//! Cost       positions are read once when the part is opened; one bit per particle is kept, and reading skips what is not chosen
//! See also   `run` which ingests it

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, SchemaRef, UInt64Type};
use rayon::prelude::*;

use super::{Family, Snapshot, SnapshotInfo};
use crate::error::{Error, Result};

/// Rows that are looked at or read at a time.
const BLOCK_ROWS: u64 = 1 << 16;
const WORD_BITS: u64 = 64;
const WORDS_PER_BLOCK: usize = (BLOCK_ROWS / WORD_BITS) as usize;
/// The coordinates.
const AXES: [&str; 3] = ["x", "y", "z"];

/// A sphere in the coordinates of the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sphere {
    /// Centre \[kpc\].
    pub centre_kpc: [f64; 3],
    /// Radius \[kpc\].
    pub radius_kpc: f64,
}

/// What to take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Particles inside this sphere; all if none.
    pub sphere: Option<Sphere>,
    /// Particles inside the radius of this halo of the catalogue that lies with the snapshot.
    pub halo: Option<u64>,
    /// Every n-th of them, in file order; 0 and 1 take all.
    pub every: u64,
}

impl Selection {
    /// Whether it takes everything.
    pub fn is_all(&self) -> bool {
        self.sphere.is_none() && self.halo.is_none() && self.every <= 1
    }

    /// The part of `snapshot` that is chosen.
    pub fn of(&self, snapshot: Arc<dyn Snapshot>) -> Result<Arc<dyn Snapshot>> {
        if self.is_all() {
            return Ok(snapshot);
        }
        if let Some(halo) = self.halo {
            if self.sphere.is_some() {
                return Err(Error::usage("a sphere and a halo at once").hint("give one of them"));
            }
            let sphere = Some(sphere_of_halo(snapshot.as_ref(), halo)?);
            return Selection { sphere, halo: None, every: self.every }.of(snapshot);
        }
        if let Some(sphere) = &self.sphere {
            sphere.check(snapshot.info().box_kpc)?;
        }
        let mut info = snapshot.info().clone();
        let mut chosen = Vec::new();
        for (family, rows) in &mut info.rows {
            if !is_particles(*family) {
                continue;
            }
            let bits = self.choose(snapshot.as_ref(), *family, *rows)?;
            *rows = bits.count();
            chosen.push((*family, bits));
        }
        info.attributes.push(("selection".to_string(), self.to_string()));
        info.notes.push(format!("only {self} of each table of particles"));
        Ok(Arc::new(Selected { inner: snapshot, info, chosen, sphere: self.sphere }))
    }

    fn choose(&self, snapshot: &dyn Snapshot, family: Family, rows: u64) -> Result<Bits> {
        let schema = snapshot.schema(family)?;
        let axes: Option<Vec<usize>> = AXES.iter().map(|a| schema.index_of(a).ok()).collect();
        let blocks: Vec<Range<u64>> = (0..rows.div_ceil(BLOCK_ROWS)).map(|b| b * BLOCK_ROWS..((b + 1) * BLOCK_ROWS).min(rows)).collect();
        let box_kpc = snapshot.info().box_kpc;
        let words: Vec<Vec<u64>> = blocks
            .par_iter()
            .map(|block| {
                let mut words = vec![0_u64; WORDS_PER_BLOCK];
                let mut set = |row: u64| words[(row / WORD_BITS) as usize] |= 1 << (row % WORD_BITS);
                let (Some(sphere), Some(axes)) = (&self.sphere, &axes) else {
                    (0..block.end - block.start).for_each(&mut set);
                    return Ok(words);
                };
                let batch = snapshot.read(family, axes, block.clone())?;
                // The reader gives columns in the order in which they are asked for.
                let columns = (0..3).map(|i| as_doubles(batch.column(i))).collect::<Result<Vec<_>>>()?;
                for row in 0..batch.num_rows() {
                    let inside = sphere.contains([columns[0][row], columns[1][row], columns[2][row]], box_kpc);
                    if inside {
                        set(row as u64);
                    }
                }
                Ok(words)
            })
            .collect::<Result<_>>()?;
        let mut bits = Bits { words: words.concat(), before: Vec::new() };
        if self.every > 1 {
            let mut number = 0;
            for word in &mut bits.words {
                let mut kept = 0;
                let mut rest = *word;
                while rest != 0 {
                    let lowest = rest & rest.wrapping_neg();
                    if number % self.every == 0 {
                        kept |= lowest;
                    }
                    number += 1;
                    rest ^= lowest;
                }
                *word = kept;
            }
        }
        bits.index();
        Ok(bits)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.every > 1, &self.sphere) {
            (true, Some(sphere)) => write!(f, "every {}th row inside {sphere}", self.every),
            (true, None) => write!(f, "every {}th row", self.every),
            (false, Some(sphere)) => write!(f, "rows inside {sphere}"),
            (false, None) => f.write_str("all rows"),
        }
    }
}

impl fmt::Display for Sphere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y, z] = self.centre_kpc;
        write!(f, "{} kpc of ({x}, {y}, {z}) kpc", self.radius_kpc)
    }
}

impl Sphere {
    /// From `x,y,z,radius` in kpc.
    pub fn parse(text: &str) -> Result<Sphere> {
        let numbers: Option<Vec<f64>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
        match numbers.as_deref() {
            Some([x, y, z, radius]) => {
                let sphere = Sphere { centre_kpc: [*x, *y, *z], radius_kpc: *radius };
                sphere.check(None).map(|()| sphere)
            }
            _ => Err(Error::usage("a sphere is four numbers").expected("x,y,z,radius in kpc").found(format!("`{text}`"))),
        }
    }

    fn check(&self, box_kpc: Option<f64>) -> Result<()> {
        if !(self.centre_kpc.iter().all(|c| c.is_finite()) && self.radius_kpc.is_finite() && self.radius_kpc > 0.0) {
            return Err(Error::usage("a sphere needs a finite centre and a positive radius").found(self));
        }
        match box_kpc {
            Some(side) if self.radius_kpc > side / 2.0 => Err(Error::usage("the sphere does not fit the periodic box")
                .expected(format!("a radius of at most {} kpc", side / 2.0))
                .found(format!("{} kpc", self.radius_kpc))),
            _ => Ok(()),
        }
    }

    fn contains(&self, position: [f64; 3], box_kpc: Option<f64>) -> bool {
        let square: f64 = (0..3).map(|k| nearest_image(position[k] - self.centre_kpc[k], box_kpc).powi(2)).sum();
        square <= self.radius_kpc * self.radius_kpc
    }
}

/// Centre and radius of a halo.
fn sphere_of_halo(snapshot: &dyn Snapshot, halo: u64) -> Result<Sphere> {
    let rows = snapshot.rows(Family::Halos);
    let place = format!("`{}`", snapshot.info().files.first().map_or_else(String::new, |(path, _)| path.display().to_string()));
    if rows == 0 {
        return Err(Error::not_found(format!("no halo catalogue lies with the snapshot, so halo {halo} is not known"))
            .at(place)
            .hint("name the catalogue with --halos, or give --sphere x,y,z,radius"));
    }
    let schema = snapshot.schema(Family::Halos)?;
    let columns = ["halo_id", "x", "y", "z", "radius"].map(|name| schema.index_of(name).ok());
    let [Some(id), Some(x), Some(y), Some(z), Some(radius)] = columns else {
        return Err(Error::unsupported("the halo catalogue has no centres or radii").hint("give --sphere x,y,z,radius"));
    };
    let batch = snapshot.read(Family::Halos, &[id, x, y, z, radius], 0..rows)?;
    let ids = batch.column(0).as_primitive_opt::<UInt64Type>().ok_or_else(|| Error::internal("halo ids are not whole numbers"))?;
    let Some(row) = ids.values().iter().position(|v| *v == halo) else {
        return Err(Error::not_found(format!("the catalogue has no halo {halo}"))
            .at(place)
            .expected(format!("a halo_id of its {rows} haloes"))
            .hint("the largest ones: SELECT halo_id, mass FROM halos ORDER BY mass DESC LIMIT 10"));
    };
    let value = |column: usize| as_doubles(batch.column(column)).map(|values| values[row]);
    let sphere = Sphere { centre_kpc: [value(1)?, value(2)?, value(3)?], radius_kpc: value(4)? };
    sphere.check(snapshot.info().box_kpc).map(|()| sphere)
}

/// The difference `d` taken to the nearest image of a box.
fn nearest_image(d: f64, box_kpc: Option<f64>) -> f64 {
    match box_kpc {
        Some(side) if d.abs() > side / 2.0 => d - side * (d / side).round(),
        _ => d,
    }
}

fn is_particles(family: Family) -> bool {
    matches!(family, Family::Stars | Family::Gas | Family::Dark | Family::BlackHoles | Family::Tracers)
}

fn as_doubles(array: &ArrayRef) -> Result<Vec<f64>> {
    match array.data_type() {
        DataType::Float32 => Ok(array.as_primitive::<Float32Type>().values().iter().map(|v| f64::from(*v)).collect()),
        DataType::Float64 => Ok(array.as_primitive::<Float64Type>().values().to_vec()),
        other => Err(Error::internal("positions are not numbers").found(other)),
    }
}

/// One bit per row, and how many are set before each block.
#[derive(Debug, Default)]
struct Bits {
    words: Vec<u64>,
    before: Vec<u64>,
}

impl Bits {
    fn index(&mut self) {
        let mut sum = 0;
        self.before = vec![0];
        for block in self.words.chunks(WORDS_PER_BLOCK) {
            sum += block.iter().map(|w| u64::from(w.count_ones())).sum::<u64>();
            self.before.push(sum);
        }
    }

    fn count(&self) -> u64 {
        self.before.last().copied().unwrap_or(0)
    }

    /// Row of the `n`-th set bit.
    fn row(&self, n: u64) -> u64 {
        let block = self.before.partition_point(|b| *b <= n).saturating_sub(1);
        let mut left = n - self.before[block];
        for (i, word) in self.words.iter().enumerate().skip(block * WORDS_PER_BLOCK) {
            let ones = u64::from(word.count_ones());
            if left < ones {
                let mut rest = *word;
                for _ in 0..left {
                    rest &= rest - 1;
                }
                return i as u64 * WORD_BITS + u64::from(rest.trailing_zeros());
            }
            left -= ones;
        }
        self.words.len() as u64 * WORD_BITS
    }

    fn contains(&self, row: u64) -> bool {
        self.words.get((row / WORD_BITS) as usize).is_some_and(|w| w >> (row % WORD_BITS) & 1 == 1)
    }
}

/// The chosen part of a snapshot.
#[derive(Debug)]
struct Selected {
    inner: Arc<dyn Snapshot>,
    info: SnapshotInfo,
    chosen: Vec<(Family, Bits)>,
    sphere: Option<Sphere>,
}

impl Selected {
    /// Positions of a batch moved to the image nearest to the centre.
    fn unwrapped(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let (Some(sphere), Some(side)) = (&self.sphere, self.info.box_kpc) else { return Ok(batch) };
        let schema = batch.schema();
        let mut columns = batch.columns().to_vec();
        for (axis, name) in AXES.iter().enumerate() {
            let Ok(index) = schema.index_of(name) else { continue };
            let centre = sphere.centre_kpc[axis];
            let moved = |v: f64| centre + nearest_image(v - centre, Some(side));
            let outside = |v: f64| (v - centre).abs() > side / 2.0;
            columns[index] = match columns[index].data_type() {
                DataType::Float32 => {
                    let values = columns[index].as_primitive::<Float32Type>().values();
                    let values = values.iter().map(|&v| if outside(f64::from(v)) { moved(f64::from(v)) as f32 } else { v });
                    Arc::new(Float32Array::from_iter_values(values)) as ArrayRef
                }
                DataType::Float64 => {
                    let values = columns[index].as_primitive::<Float64Type>().values();
                    Arc::new(Float64Array::from_iter_values(values.iter().map(|&v| if outside(v) { moved(v) } else { v })))
                }
                _ => continue,
            };
        }
        RecordBatch::try_new(schema, columns).map_err(|e| Error::internal("cannot move positions").because(e))
    }
}

impl Snapshot for Selected {
    fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    fn schema(&self, family: Family) -> Result<SchemaRef> {
        self.inner.schema(family)
    }

    fn read(&self, family: Family, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
        let Some((_, bits)) = self.chosen.iter().find(|(f, _)| *f == family) else {
            return self.inner.read(family, columns, rows);
        };
        if rows.start > rows.end || rows.end > bits.count() {
            return Err(Error::usage("rows outside the table")
                .at(format!("`{family}`"))
                .expected(format!("0..{}", bits.count()))
                .found(format!("{rows:?}")));
        }
        if rows.is_empty() {
            return self.inner.read(family, columns, 0..0);
        }
        let (mut start, end) = (bits.row(rows.start), bits.row(rows.end - 1) + 1);
        let mut parts = Vec::new();
        while start < end {
            let stop = end.min((start / BLOCK_ROWS + 1) * BLOCK_ROWS);
            let mask = BooleanArray::from((start..stop).map(|row| bits.contains(row)).collect::<Vec<bool>>());
            if mask.true_count() > 0 {
                let batch = self.inner.read(family, columns, start..stop)?;
                parts.push(filter_record_batch(&batch, &mask).map_err(|e| Error::internal("cannot choose rows").because(e))?);
            }
            start = stop;
        }
        let Some(schema) = parts.first().map(RecordBatch::schema) else {
            return self.inner.read(family, columns, 0..0);
        };
        let joined = concat_batches(&schema, &parts).map_err(|e| Error::internal("cannot join rows").because(e))?;
        self.unwrapped(joined)
    }

    fn place(&self, family: Family, column: &str, row: u64) -> String {
        let row = self.chosen.iter().find(|(f, _)| *f == family).map_or(row, |(_, bits)| bits.row(row));
        self.inner.place(family, column, row)
    }

    fn run_files(&self) -> Vec<PathBuf> {
        self.inner.run_files()
    }

    fn release(&self) {
        self.inner.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::schema::canonical_field;
    use arrow::array::UInt64Array;
    use arrow::datatypes::Schema;

    /// Particles on a line across the edge of a box of 100 kpc; births beside them.
    #[derive(Debug)]
    struct Line(SnapshotInfo);

    #[allow(clippy::new_ret_no_self, reason = "the tests want the trait object")]
    impl Line {
        fn new(rows: u64, box_kpc: Option<f64>) -> Arc<dyn Snapshot> {
            let info = SnapshotInfo {
                format: "test".into(),
                snap: 0,
                files: vec![],
                scale_factor: None,
                time_gyr: None,
                cosmology: None,
                box_kpc,
                rows: vec![(Family::Stars, rows), (Family::Births, 7)],
                attributes: vec![],
                notes: vec![],
            };
            Arc::new(Line(info))
        }
    }

    impl Snapshot for Line {
        fn info(&self) -> &SnapshotInfo {
            &self.0
        }

        fn schema(&self, _: Family) -> Result<SchemaRef> {
            let mut fields = vec![canonical_field("id", DataType::UInt64, "", None)];
            fields.extend(AXES.map(|a| canonical_field(a, DataType::Float64, "", None)));
            Ok(Arc::new(Schema::new(fields)))
        }

        fn read(&self, family: Family, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
            let schema = self.schema(family)?.project(columns).map_err(|e| Error::internal("").because(e))?;
            let column = |c: usize| -> ArrayRef {
                match c {
                    0 => Arc::new(UInt64Array::from_iter_values(rows.clone())),
                    1 => Arc::new(Float64Array::from_iter_values(rows.clone().map(|r| (r % 100) as f64))),
                    _ => Arc::new(Float64Array::from_iter_values(rows.clone().map(|_| 0.0))),
                }
            };
            Ok(RecordBatch::try_new(Arc::new(schema), columns.iter().map(|c| column(*c)).collect()).unwrap())
        }
    }

    fn ids(batch: &RecordBatch) -> Vec<u64> {
        batch.column(0).as_primitive::<arrow::datatypes::UInt64Type>().values().to_vec()
    }

    #[test]
    fn a_sphere_across_the_edge_of_the_box_is_in_one_piece() {
        let sphere = Sphere { centre_kpc: [1.0, 0.0, 0.0], radius_kpc: 3.5 };
        let part = Selection { sphere: Some(sphere), halo: None, every: 0 }.of(Line::new(200_000, Some(100.0))).unwrap();
        assert_eq!(part.rows(Family::Stars), 7 * 2000);
        assert_eq!(part.rows(Family::Births), 7);
        let batch = part.read(Family::Stars, &[0, 1], 0..9).unwrap();
        assert_eq!(ids(&batch), [0, 1, 2, 3, 4, 98, 99, 100, 101]);
        assert_eq!(batch.column(1).as_primitive::<Float64Type>().values()[4..8], [4.0, -2.0, -1.0, 0.0]);
        // Without a box there are no images.
        let part = Selection { sphere: Some(sphere), halo: None, every: 0 }.of(Line::new(200_000, None)).unwrap();
        assert_eq!(part.rows(Family::Stars), 5 * 2000);
    }

    #[test]
    fn any_range_equals_the_part_of_the_whole() {
        let sphere = Sphere { centre_kpc: [50.0, 0.0, 0.0], radius_kpc: 20.0 };
        let part = Selection { sphere: Some(sphere), halo: None, every: 3 }.of(Line::new(150_001, Some(100.0))).unwrap();
        let rows = part.rows(Family::Stars);
        let whole = ids(&part.read(Family::Stars, &[0], 0..rows).unwrap());
        let expected: Vec<u64> = (0..150_001).filter(|r| (30..=70).contains(&(r % 100))).step_by(3).collect();
        assert_eq!(whole, expected);
        for range in [0..1, rows - 1..rows, 5..5, 20_000..20_500, 0..rows] {
            let found = ids(&part.read(Family::Stars, &[0], range.clone()).unwrap());
            assert_eq!(found, whole[range.start as usize..range.end as usize]);
        }
        assert!(part.read(Family::Stars, &[0], 0..rows + 1).is_err());
    }

    #[test]
    fn senseless_spheres_are_refused() {
        let of = |x: f64, r: f64| {
            Selection { sphere: Some(Sphere { centre_kpc: [x, 0.0, 0.0], radius_kpc: r }), halo: None, every: 0 }
                .of(Line::new(10, Some(100.0)))
        };
        assert!(of(f64::NAN, 1.0).is_err() && of(0.0, 0.0).is_err() && of(0.0, -1.0).is_err() && of(0.0, 51.0).is_err());
        assert!(of(0.0, 50.0).is_ok());
        assert!(Selection::default().is_all());
        assert_eq!(Sphere::parse("-1, 2,3.5,40").unwrap(), Sphere { centre_kpc: [-1.0, 2.0, 3.5], radius_kpc: 40.0 });
        assert!(Sphere::parse("1,2,3").is_err() && Sphere::parse("a,2,3,4").is_err() && Sphere::parse("1,2,3,-4").is_err());
    }
}
