//! Writes Tipsy snapshots, auxiliary arrays, parameter files and star formation logs.
//!
//! Layout     standard: 32-byte header, then gas (48 B), dark (36 B) and star (44 B) records of f32; see `header`
//! Units      code units, as in the file: the caller converts
//! Refuses    more than 2^32 - 1 particles (the 40-bit counts are read, not written); ids that do not fit
//! Edge cases an empty family is written as nothing; a file that exists is replaced
//! See also   `records` and `starlog` read the same bytes

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::header::{ByteOrder, DIMENSIONS};
use crate::error::{Error, Result};
use crate::table::durable::write_error;

/// One gas particle, fields in file order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GasRecord {
    /// Mass.
    pub mass: f32,
    /// Position, first axis.
    pub x: f32,
    /// Position, second axis.
    pub y: f32,
    /// Position, third axis.
    pub z: f32,
    /// Velocity, first axis.
    pub vx: f32,
    /// Velocity, second axis.
    pub vy: f32,
    /// Velocity, third axis.
    pub vz: f32,
    /// Density.
    pub rho: f32,
    /// Temperature \[K\].
    pub temperature: f32,
    /// Softening (some codes store the smoothing length here).
    pub eps: f32,
    /// Metal mass fraction.
    pub metals: f32,
    /// Potential.
    pub phi: f32,
}

/// One dark matter particle, fields in file order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DarkRecord {
    /// Mass.
    pub mass: f32,
    /// Position, first axis.
    pub x: f32,
    /// Position, second axis.
    pub y: f32,
    /// Position, third axis.
    pub z: f32,
    /// Velocity, first axis.
    pub vx: f32,
    /// Velocity, second axis.
    pub vy: f32,
    /// Velocity, third axis.
    pub vz: f32,
    /// Softening.
    pub eps: f32,
    /// Potential.
    pub phi: f32,
}

/// One star particle, fields in file order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StarRecord {
    /// Mass.
    pub mass: f32,
    /// Position, first axis.
    pub x: f32,
    /// Position, second axis.
    pub y: f32,
    /// Position, third axis.
    pub z: f32,
    /// Velocity, first axis.
    pub vx: f32,
    /// Velocity, second axis.
    pub vy: f32,
    /// Velocity, third axis.
    pub vz: f32,
    /// Metal mass fraction.
    pub metals: f32,
    /// Time of formation.
    pub tform: f32,
    /// Softening.
    pub eps: f32,
    /// Potential.
    pub phi: f32,
}

/// A whole snapshot in code units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TipsyFile {
    /// Scale factor of a cosmological run, else the time in code units.
    pub time: f64,
    /// Gas particles.
    pub gas: Vec<GasRecord>,
    /// Dark matter particles.
    pub dark: Vec<DarkRecord>,
    /// Star particles.
    pub stars: Vec<StarRecord>,
}

/// One line of a star formation log in code units; positions are comoving at the time of birth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StarlogRecord {
    /// `iord` of the star.
    pub id_star: i32,
    /// `iord` of the gas particle that it formed from.
    pub id_gas: i32,
    /// Time of formation.
    pub time: f64,
    /// Position, first axis.
    pub x: f64,
    /// Position, second axis.
    pub y: f64,
    /// Position, third axis.
    pub z: f64,
    /// Velocity, first axis.
    pub vx: f64,
    /// Velocity, second axis.
    pub vy: f64,
    /// Velocity, third axis.
    pub vz: f64,
    /// Mass at formation.
    pub mass: f64,
    /// Density of the gas.
    pub rho: f64,
    /// Temperature of the gas \[K\].
    pub temperature: f64,
}

impl GasRecord {
    fn values(&self) -> [f32; 12] {
        let g = self;
        [g.mass, g.x, g.y, g.z, g.vx, g.vy, g.vz, g.rho, g.temperature, g.eps, g.metals, g.phi]
    }
}

impl DarkRecord {
    fn values(&self) -> [f32; 9] {
        let d = self;
        [d.mass, d.x, d.y, d.z, d.vx, d.vy, d.vz, d.eps, d.phi]
    }
}

impl StarRecord {
    fn values(&self) -> [f32; 11] {
        let s = self;
        [s.mass, s.x, s.y, s.z, s.vx, s.vy, s.vz, s.metals, s.tform, s.eps, s.phi]
    }
}

/// Writes the standard 32-byte header and the records in `order`.
pub fn write_snapshot(path: &Path, snapshot: &TipsyFile, order: ByteOrder) -> Result<()> {
    let mut out = SnapshotWriter::create(path, snapshot.time, [snapshot.gas.len(), snapshot.dark.len(), snapshot.stars.len()], order)?;
    snapshot.gas.iter().try_for_each(|gas| out.gas(gas))?;
    snapshot.dark.iter().try_for_each(|dark| out.dark(dark))?;
    snapshot.stars.iter().try_for_each(|star| out.star(star))?;
    out.finish()
}

/// A snapshot that is written record by record: gas, then dark matter, then stars, as many as were announced.
pub struct SnapshotWriter<'a> {
    out: Sink<'a>,
}

impl<'a> SnapshotWriter<'a> {
    /// Starts the file with its header; `counts` are those of gas, dark matter and stars.
    pub fn create(path: &'a Path, time: f64, counts: [usize; 3], order: ByteOrder) -> Result<SnapshotWriter<'a>> {
        let total = count_word(path, counts.iter().sum())?;
        let mut out = Sink::create(path, order)?;
        out.bytes(&order.f64_bytes(time))?;
        for word in [total, DIMENSIONS, count_word(path, counts[0])?, count_word(path, counts[1])?, count_word(path, counts[2])?, 0] {
            out.bytes(&order.u32_bytes(word))?;
        }
        Ok(SnapshotWriter { out })
    }

    /// Appends a gas particle.
    pub fn gas(&mut self, gas: &GasRecord) -> Result<()> {
        self.out.floats(&gas.values())
    }

    /// Appends a dark matter particle.
    pub fn dark(&mut self, dark: &DarkRecord) -> Result<()> {
        self.out.floats(&dark.values())
    }

    /// Appends a star particle.
    pub fn star(&mut self, star: &StarRecord) -> Result<()> {
        self.out.floats(&star.values())
    }

    /// Writes out what is left.
    pub fn finish(self) -> Result<()> {
        self.out.finish()
    }
}

/// Writes a binary auxiliary array of reals: the count, then one f32 per particle of the whole snapshot.
pub fn write_aux_f32(path: &Path, values: &[f32], order: ByteOrder) -> Result<()> {
    let mut out = Sink::create(path, order)?;
    out.bytes(&order.u32_bytes(count_word(path, values.len())?))?;
    out.floats(values)?;
    out.finish()
}

/// Writes a binary auxiliary array of integers: the count, then one i32 per particle of the whole snapshot.
pub fn write_aux_i32(path: &Path, values: &[i32], order: ByteOrder) -> Result<()> {
    let mut out = Sink::create(path, order)?;
    out.bytes(&order.u32_bytes(count_word(path, values.len())?))?;
    for &value in values {
        out.bytes(&order.u32_bytes(value as u32))?;
    }
    out.finish()
}

/// Writes an auxiliary array of integers as text: the count, then one number a line.
///
/// For identifiers that four bytes do not hold; the readers of binary arrays take every value for four bytes.
pub fn write_aux_text(path: &Path, values: &[i64]) -> Result<()> {
    let mut out = Sink::create(path, ByteOrder::Big)?;
    out.bytes(format!("{}\n", values.len()).as_bytes())?;
    for value in values {
        out.bytes(format!("{value}\n").as_bytes())?;
    }
    out.finish()
}

/// Writes `key = value` lines, in the order given.
pub fn write_param(path: &Path, entries: &[(String, String)]) -> Result<()> {
    let mut out = Sink::create(path, ByteOrder::Big)?;
    for (key, value) in entries {
        out.bytes(format!("{key} = {value}\n").as_bytes())?;
    }
    out.finish()
}

/// Writes a big-endian star formation log of 88-byte records.
pub fn write_starlog(path: &Path, records: &[StarlogRecord]) -> Result<()> {
    let order = ByteOrder::Big;
    let mut out = Sink::create(path, order)?;
    out.bytes(&order.u32_bytes(super::starlog::PLAIN_RECORD_BYTES))?;
    for r in records {
        out.bytes(&order.u32_bytes(r.id_star as u32))?;
        out.bytes(&order.u32_bytes(r.id_gas as u32))?;
        for value in [r.time, r.x, r.y, r.z, r.vx, r.vy, r.vz, r.mass, r.rho, r.temperature] {
            out.bytes(&order.f64_bytes(value))?;
        }
    }
    out.finish()
}

fn count_word(path: &Path, count: usize) -> Result<u32> {
    u32::try_from(count).map_err(|_| {
        Error::unsupported("too many particles for a Tipsy header of 32-bit counts")
            .at(format!("`{}`", path.display()))
            .expected(format!("at most {}", u32::MAX))
            .found(count)
    })
}

/// A buffered file that names itself in its errors.
struct Sink<'a> {
    path: &'a Path,
    order: ByteOrder,
    file: BufWriter<File>,
}

impl<'a> Sink<'a> {
    fn create(path: &'a Path, order: ByteOrder) -> Result<Self> {
        let file = File::create(path).map_err(|e| Error::io("create", path, &e))?;
        Ok(Sink { path, order, file: BufWriter::with_capacity(1 << 20, file) })
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|e| write_error("write", self.path, &e))
    }

    fn floats(&mut self, values: &[f32]) -> Result<()> {
        for &value in values {
            let bytes = self.order.u32_bytes(value.to_bits());
            self.bytes(&bytes)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        self.file.flush().map_err(|e| write_error("write", self.path, &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_format() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.00001");
        let star = StarRecord { mass: 1.0, phi: -2.0, ..Default::default() };
        let file = TipsyFile { time: 0.5, gas: vec![GasRecord::default()], dark: vec![DarkRecord::default()], stars: vec![star] };
        write_snapshot(&path, &file, ByteOrder::Big).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 32 + 48 + 36 + 44);
        assert_eq!(bytes[..8], [0x3f, 0xe0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[8..32], [0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(bytes[116..120], [0x3f, 0x80, 0, 0], "star mass 1.0");
        assert_eq!(bytes[156..], [0xc0, 0, 0, 0], "star phi -2.0");
    }

    #[test]
    fn arrays_and_logs_start_with_their_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write_aux_i32(&path, &[-1, 7], ByteOrder::Little).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), [2, 0, 0, 0, 255, 255, 255, 255, 7, 0, 0, 0]);
        write_aux_f32(&path, &[1.0], ByteOrder::Big).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), [0, 0, 0, 1, 0x3f, 0x80, 0, 0]);
        write_starlog(&path, &[StarlogRecord { id_star: 9, ..Default::default() }; 2]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((bytes.len(), &bytes[..8]), (4 + 2 * 88, &[0, 0, 0, 88, 0, 0, 0, 9][..]));
        write_aux_text(&path, &[5_000_000_000, -1]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n5000000000\n-1\n");
        write_param(&path, &[("dKpcUnit".into(), "1.5".into())]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "dKpcUnit = 1.5\n");
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let error = write_param(Path::new("/nonexistent-folder/x.param"), &[]).unwrap_err();
        assert!(error.to_string().contains("/nonexistent-folder/x.param"), "{error}");
    }
}
