//! The star formation log `NAME.starlog`: where, when and from which gas particle each star formed.
//!
//! Layout     u32 record size (10 to 1000 in the right byte order), then records of that size, with no padding:
//!            88 B: star id i32, gas id i32, then f64 time, x y z, vx vy vz, mass, rho, temperature;
//!            96 B: the same and f64 H2 fraction, or both ids as i64; 104 B: i64 ids and H2; 100 B: 88 B, f64 phi, i32 neighbours;
//!            a `NAME.log` between `# starlog data:` and `# end starlog data` describes the record and decides when its size agrees
//! Units      positions comoving code units at birth (physical = a_birth l x), velocities a_birth v, rho already physical m / l^3
//! Refuses    a size in no byte order, a size with no known layout, 96 bytes that fit both readings
//! Edge cases a partial last record is noted and left out; of a repeated star id (restart) the last record counts
//! Source     ChaNGa `starform.h` (record and log description), Gasoline; pynbody 2.8 `StarLog`
//! See also   `write::write_starlog`

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::header::ByteOrder;
use super::param::{file_name, folders};
use crate::error::{Error, Result};
use crate::ingest::mapped::Mapped;

/// Bytes of a record without molecular hydrogen and with 32-bit ids.
pub const PLAIN_RECORD_BYTES: u32 = 88;
const LONGEST_LOG_BYTES: u64 = 1 << 26;
const RECORD_BYTES_RANGE: std::ops::Range<u32> = 10..1000;
/// Records that are looked at to tell two layouts of the same size apart.
const PROBED_RECORDS: usize = 1000;

/// Type of a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

impl Kind {
    fn bytes(self) -> usize {
        match self {
            Kind::I32 | Kind::F32 => 4,
            Kind::I64 | Kind::F64 => 8,
        }
    }
}

/// One field of the record.
#[derive(Clone, Debug, PartialEq)]
pub struct LogField {
    /// ChaNGa's name: `iOrdStar`, `timeForm`, `rForm[0]`, ...
    pub name: String,
    /// Bytes from the start of the record.
    pub offset: usize,
    /// Type.
    pub kind: Kind,
}

/// An opened log.
#[derive(Debug)]
pub struct Starlog {
    map: Mapped,
    order: ByteOrder,
    record: usize,
    fields: Vec<LogField>,
    /// Records that count, in file order; none when all of them do.
    kept: Option<Vec<u64>>,
    records: u64,
    /// What the user should know.
    pub notes: Vec<String>,
}

const DOUBLES: [&str; 10] =
    ["timeForm", "rForm[0]", "rForm[1]", "rForm[2]", "vForm[0]", "vForm[1]", "vForm[2]", "massForm", "rhoForm", "TForm"];

fn layout(ids: Kind, more: &[(&str, Kind)]) -> Vec<LogField> {
    let mut fields = Vec::new();
    let mut offset = 0;
    let head = [("iOrdStar", ids), ("iOrdGas", ids)].into_iter().chain(DOUBLES.map(|name| (name, Kind::F64)));
    for (name, kind) in head.chain(more.iter().copied()) {
        fields.push(LogField { name: name.to_string(), offset, kind });
        offset += kind.bytes();
    }
    fields
}

impl Starlog {
    /// Opens the log; `log` is the run's `NAME.log`, if there is one.
    pub fn open(path: &Path, log: Option<&Path>) -> Result<Starlog> {
        let map = Mapped::open(path)?;
        let bytes = map.bytes();
        let place = |offset: u64| format!("byte {offset} of `{}`", path.display());
        let found = [ByteOrder::Big, ByteOrder::Little]
            .into_iter()
            .filter_map(|order| order.u32_at(bytes, 0).map(|size| (order, size)))
            .find(|(_, size)| RECORD_BYTES_RANGE.contains(size));
        let Some((order, size)) = found else {
            return Err(Error::damaged("star formation log does not start with a record size")
                .at(place(0))
                .expected(format!("a number from {} to {}", RECORD_BYTES_RANGE.start, RECORD_BYTES_RANGE.end - 1))
                .hint("move the file away to read the snapshot without births"));
        };
        let record = size as usize;
        let body = bytes.get(4..).unwrap_or(&[]);
        let mut notes = Vec::new();
        let described = match log {
            Some(log) => described(log)?.filter(|fields| fields.iter().map(|f| f.kind.bytes()).sum::<usize>() == record),
            None => None,
        };
        let fields = match described {
            Some(fields) => fields,
            None => guessed(body, order, size).map_err(|what| {
                Error::unsupported(what)
                    .at(place(4))
                    .hint("keep the run's NAME.log beside it: its `# starlog data:` lines describe the record")
            })?,
        };
        let records = (body.len() / record) as u64;
        let rest = body.len() % record;
        if rest != 0 {
            notes.push(format!("`{}` ends with {rest} bytes of a partial record, which are left out", file_name(path)));
        }
        let mut log = Starlog { map, order, record, fields, kept: None, records, notes };
        log.keep_last()?;
        Ok(log)
    }

    /// Records that count.
    pub fn rows(&self) -> u64 {
        self.kept.as_ref().map_or(self.records, |kept| kept.len() as u64)
    }

    /// Fields of the record.
    pub fn fields(&self) -> &[LogField] {
        &self.fields
    }

    /// The file.
    pub fn mapped(&self) -> &Mapped {
        &self.map
    }

    /// Values of the field `index` of the rows from `start`, as reals.
    pub fn reals(&self, index: usize, start: u64, count: usize) -> Result<Vec<f64>> {
        self.collect(index, start, count, |field, bytes, at, order| match field.kind {
            Kind::F64 => order.f64_at(bytes, at),
            Kind::F32 => order.u32_at(bytes, at).map(|w| f64::from(f32::from_bits(w))),
            Kind::I32 => order.u32_at(bytes, at).map(|w| f64::from(w as i32)),
            Kind::I64 => order.u64_at(bytes, at).map(|w| w as i64 as f64),
        })
    }

    /// Values of the field `index` of the rows from `start`, as identifiers.
    pub fn ids(&self, index: usize, start: u64, count: usize) -> Result<Vec<u64>> {
        self.collect(index, start, count, |field, bytes, at, order| match field.kind {
            Kind::I64 => order.u64_at(bytes, at),
            Kind::I32 => order.u32_at(bytes, at).map(u64::from),
            _ => order.f64_at(bytes, at).map(|v| v as u64),
        })
    }

    fn collect<T>(
        &self,
        index: usize,
        start: u64,
        count: usize,
        value: impl Fn(&LogField, &[u8], usize, ByteOrder) -> Option<T>,
    ) -> Result<Vec<T>> {
        self.map.check()?;
        let short = || Error::internal("row outside the star formation log");
        let field = self.fields.get(index).ok_or_else(short)?;
        let bytes = self.map.bytes();
        let mut out = Vec::with_capacity(count);
        for row in start..start + count as u64 {
            let record = match &self.kept {
                Some(kept) => *kept.get(row as usize).ok_or_else(short)?,
                None => row,
            };
            let at = 4 + record as usize * self.record + field.offset;
            out.push(value(field, bytes, at, self.order).ok_or_else(short)?);
        }
        Ok(out)
    }

    /// Leaves only the last record of each star.
    fn keep_last(&mut self) -> Result<()> {
        let Some(index) = self.fields.iter().position(|f| f.name == "iOrdStar") else { return Ok(()) };
        let ids = self.ids(index, 0, self.records as usize)?;
        if ids.windows(2).all(|pair| pair[0] < pair[1]) {
            return Ok(());
        }
        let mut last: HashMap<u64, u64> = HashMap::with_capacity(ids.len());
        for (record, id) in ids.iter().enumerate() {
            last.insert(*id, record as u64);
        }
        if last.len() < ids.len() {
            let mut kept: Vec<u64> = last.into_values().collect();
            kept.sort_unstable();
            let dropped = ids.len() - kept.len();
            self.notes.push(format!("`{}` repeats {dropped} stars (restarts); the last record of each counts", file_name(self.map.path())));
            self.kept = Some(kept);
        }
        Ok(())
    }
}

/// The layout of a record of `size` bytes, told by size and, for 96 bytes, by what the ids look like.
fn guessed(body: &[u8], order: ByteOrder, size: u32) -> std::result::Result<Vec<LogField>, String> {
    let h2 = ("H2FracForm", Kind::F64);
    match size {
        88 => Ok(layout(Kind::I32, &[])),
        96 => {
            let (small, large) = (layout(Kind::I32, &[h2]), layout(Kind::I64, &[]));
            match (believable(body, order, &small, 96), believable(body, order, &large, 96)) {
                (_, false) => Ok(small),
                (false, true) => Ok(large),
                (true, true) => Err("records of 96 bytes fit both 32-bit ids with H2 and 64-bit ids without".into()),
            }
        }
        100 => Ok(layout(Kind::I32, &[("phiForm", Kind::F64), ("nSmooth", Kind::I32)])),
        104 => {
            let (large, small) =
                (layout(Kind::I64, &[h2]), layout(Kind::I32, &[("phiForm", Kind::F64), ("nSmooth", Kind::I32), ("padding", Kind::I32)]));
            Ok(if believable(body, order, &large, 104) { large } else { small })
        }
        _ => Err(format!("records of {size} bytes have no known layout")),
    }
}

/// Every star id exceeds its gas id (stars are numbered after the gas), and times are positive numbers of ordinary size.
fn believable(body: &[u8], order: ByteOrder, fields: &[LogField], record: usize) -> bool {
    const ORDINARY: std::ops::Range<f64> = 1e-12..1e12;
    let wide = fields.first().is_some_and(|f| f.kind == Kind::I64);
    let mut any = false;
    for bytes in body.chunks_exact(record).take(PROBED_RECORDS) {
        any = true;
        let id = |i: usize| if wide { order.u64_at(bytes, 8 * i) } else { order.u32_at(bytes, 4 * i).map(u64::from) };
        let time = order.f64_at(bytes, if wide { 16 } else { 8 }).unwrap_or(f64::NAN);
        let mass = order.f64_at(bytes, if wide { 72 } else { 64 }).unwrap_or(f64::NAN);
        // A black hole may have a negative time; a wrong reading gives zeros, denormals or mixtures of two fields.
        if id(0) <= id(1) || !ORDINARY.contains(&time.abs()) || mass.is_nan() || mass < 0.0 {
            return false;
        }
    }
    any
}

/// The record as the run's own log describes it; none if it does not, or uses a type that is not known.
fn described(log: &Path) -> Result<Option<Vec<LogField>>> {
    let failed = |e: std::io::Error| Error::io("read", log, &e);
    if std::fs::metadata(log).map_err(failed)?.len() > LONGEST_LOG_BYTES {
        return Ok(None);
    }
    let bytes = std::fs::read(log).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().skip_while(|l| !l.starts_with("# starlog data:")).skip(1).take_while(|l| !l.starts_with("# end starlog data"));
    let (mut fields, mut offset) = (Vec::new(), 0);
    for line in lines {
        let mut words = line.trim_start_matches(['#', ' ']).split_whitespace();
        let (Some(name), Some(kind)) = (words.next(), words.next()) else { return Ok(None) };
        let kind = match kind {
            "i4" => Kind::I32,
            "i8" => Kind::I64,
            "f4" => Kind::F32,
            "f8" => Kind::F64,
            _ => return Ok(None),
        };
        fields.push(LogField { name: name.to_string(), offset, kind });
        offset += kind.bytes();
    }
    let needed = ["iOrdStar", "iOrdGas", "timeForm"];
    Ok(needed.iter().all(|name| fields.iter().any(|f| f.name == *name)).then_some(fields))
}

/// The log of a run and its description: `NAME.starlog` (or `.starlog.gz`) in the folder of the snapshot or above, for the first of
/// `names` that has one.
pub fn find(snapshot: &Path, names: &[String]) -> Option<(PathBuf, Option<PathBuf>)> {
    for folder in folders(snapshot) {
        for name in names {
            let files = [format!("{name}.starlog"), format!("{name}.starlog.gz")];
            if let Some(path) = files.iter().map(|file| folder.join(file)).find(|path| path.is_file()) {
                let log = folder.join(format!("{name}.log"));
                return Some((path, log.is_file().then_some(log)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::write::{StarlogRecord, write_starlog};
    use super::*;

    fn record(id_star: i32, mass: f64) -> StarlogRecord {
        StarlogRecord { id_star, id_gas: 1, time: 0.1, mass, x: 0.5, ..Default::default() }
    }

    fn index(log: &Starlog, name: &str) -> usize {
        log.fields().iter().position(|f| f.name == name).unwrap()
    }

    #[test]
    fn the_last_record_of_a_star_counts_and_a_partial_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.starlog");
        write_starlog(&path, &[record(7, 1.0), record(5, 2.0), record(7, 3.0)]).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend([0; 40]);
        std::fs::write(&path, bytes).unwrap();
        let log = Starlog::open(&path, None).unwrap();
        assert_eq!(log.rows(), 2);
        assert_eq!(log.ids(0, 0, 2).unwrap(), [5, 7]);
        assert_eq!(log.reals(index(&log, "massForm"), 0, 2).unwrap(), [2.0, 3.0]);
        assert!(log.notes[0].contains("40 bytes") && log.notes[1].contains("repeats 1 stars"), "{:?}", log.notes);
    }

    #[test]
    fn the_description_of_the_run_decides() {
        let dir = tempfile::tempdir().unwrap();
        let (path, log) = (dir.path().join("a.starlog"), dir.path().join("a.log"));
        let mut bytes = 24u32.to_le_bytes().to_vec();
        bytes.extend(9i64.to_le_bytes());
        bytes.extend(0.25f64.to_le_bytes());
        bytes.extend(3i32.to_le_bytes());
        bytes.extend(1.5f32.to_le_bytes());
        std::fs::write(&path, &bytes).unwrap();
        assert!(Starlog::open(&path, None).unwrap_err().to_string().contains("24 bytes have no known layout"));
        std::fs::write(&log, "# x\n# starlog data:\n# iOrdStar i8\n#timeForm f8\n# iOrdGas i4\n# tCoolForm f4\n# end starlog data\n")
            .unwrap();
        let starlog = Starlog::open(&path, Some(&log)).unwrap();
        assert_eq!((starlog.rows(), starlog.ids(0, 0, 1).unwrap()), (1, vec![9]));
        assert_eq!(starlog.reals(index(&starlog, "timeForm"), 0, 1).unwrap(), [0.25]);
        assert_eq!(starlog.reals(index(&starlog, "tCoolForm"), 0, 1).unwrap(), [1.5]);
    }

    #[test]
    fn ninety_six_bytes_are_told_apart_by_the_ids() {
        let order = ByteOrder::Big;
        let mut small = Vec::new();
        for word in [2001u32, 1] {
            small.extend(order.u32_bytes(word));
        }
        [0.1, 0., 0., 0., 0., 0., 0., 1.0, 1.0, 1.0, 0.3].iter().for_each(|v| small.extend(order.f64_bytes(*v)));
        let mut large = Vec::new();
        for id in [2001u64, 1] {
            large.extend(id.to_be_bytes());
        }
        [0.1, 0., 0., 0., 0., 0., 0., 1.0, 1.0, 1.0].iter().for_each(|v| large.extend(order.f64_bytes(*v)));
        assert_eq!((small.len(), large.len()), (96, 96));
        assert_eq!(guessed(&small, order, 96).unwrap().last().unwrap().name, "H2FracForm");
        assert_eq!(guessed(&large, order, 96).unwrap()[0].kind, Kind::I64);
    }

    #[test]
    fn files_that_are_no_logs_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.starlog");
        for bytes in [&b""[..], &[0, 0, 0], &[0; 92], &[255; 92]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(Starlog::open(&path, None).is_err(), "{bytes:?}");
        }
        write_starlog(&path, &[]).unwrap();
        assert_eq!(Starlog::open(&path, None).unwrap().rows(), 0);
    }
}
