//! Rockstar's binary catalogues: haloes and the particles of each.
//!
//! Layout     `halos_SNAP.CHUNK.bin`: header of 256 bytes (magic, snap, chunk, scale, Om, Ol, h0, bounds, counts, box, particle mass,
//!            particle type, revision, version), records of 264 bytes, then identifiers of particles, num_p for each halo in turn
//! Units      Msun/h, comoving Mpc/h for positions, comoving kpc/h for lengths, km/s in the file
//! Source     Behroozi, Wechsler & Wu 2013, ApJ 762, 109; record of format revisions 1 and 2 (2 adds the half-mass radius)
//! Refuses    a length that is not that of header, records and identifiers; other revisions and the records of forks
//! Edge cases all chunks of the snapshot in the folder are read, none of them counts as missing (the header has no number of them);
//!            either byte order; no identifiers, or whole particles instead of them; a particle belongs to every halo that lists it
//! See also   `list` for the text form, `consistent_trees`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray, UInt64Array};

use crate::cosmology::Cosmology;
use crate::error::{Error, Result};
use crate::ingest::Family;
use crate::ingest::mapped::Mapped;

use super::catalogue::{Given, Loaded, Reader};
use super::check;
use super::table::{Column, Table};
use super::units::{Kind, Scale, decimal, hubble, scale_factor};

pub(super) mod consistent_trees;
pub(super) mod list;

/// First eight bytes of a file.
const MAGIC: u64 = 0xfade_dace_c0c0_d0d0;
/// Bytes of the header.
const HEADER_BYTES: usize = 256;
/// Bytes of a halo in revisions 1 and 2.
const RECORD_BYTES: usize = 264;
/// Bytes of a particle that is stored whole: identifier, position, velocity.
const WHOLE_PARTICLE_BYTES: usize = 32;
/// Offset of the first of the whole numbers of a record.
const COUNTS_AT: usize = 200;
/// Whole numbers of a record.
const COUNTS: [&str; 6] = ["num_p", "num_child_particles", "p_start", "desc", "flags", "n_core"];
/// Offset of the errors at the end of a record.
const ERRORS_AT: usize = 248;

/// Singles of a record in their order, from byte 8 on; the last is there from revision 2 on.
const SINGLES: [(&str, &str, Kind); 48] = [
    ("pos[0]", "x", Kind::Mpc),
    ("pos[1]", "y", Kind::Mpc),
    ("pos[2]", "z", Kind::Mpc),
    ("pos[3]", "vx", Kind::Velocity),
    ("pos[4]", "vy", Kind::Velocity),
    ("pos[5]", "vz", Kind::Velocity),
    ("corevel[0]", "corevel_x", Kind::Velocity),
    ("corevel[1]", "corevel_y", Kind::Velocity),
    ("corevel[2]", "corevel_z", Kind::Velocity),
    ("bulkvel[0]", "bulkvel_x", Kind::Velocity),
    ("bulkvel[1]", "bulkvel_y", Kind::Velocity),
    ("bulkvel[2]", "bulkvel_z", Kind::Velocity),
    ("m", "mass", Kind::Mass),
    ("r", "radius", Kind::Kpc),
    ("child_r", "child_r", Kind::Mpc),
    ("vmax_r", "vmax_r", Kind::Mpc),
    ("mgrav", "mgrav", Kind::Mass),
    ("vmax", "v_max", Kind::Velocity),
    ("rvmax", "r_max", Kind::Kpc),
    ("rs", "rs", Kind::Kpc),
    ("klypin_rs", "klypin_rs", Kind::Kpc),
    ("vrms", "vrms", Kind::Velocity),
    ("J[0]", "j_x", Kind::Momentum),
    ("J[1]", "j_y", Kind::Momentum),
    ("J[2]", "j_z", Kind::Momentum),
    ("energy", "energy", Kind::Unknown),
    ("spin", "spin", Kind::Number),
    ("alt_m[0]", "alt_m_0", Kind::Mass),
    ("alt_m[1]", "alt_m_1", Kind::Mass),
    ("alt_m[2]", "alt_m_2", Kind::Mass),
    ("alt_m[3]", "alt_m_3", Kind::Mass),
    ("Xoff", "xoff", Kind::Kpc),
    ("Voff", "voff", Kind::Velocity),
    ("b_to_a", "b_to_a", Kind::Number),
    ("c_to_a", "c_to_a", Kind::Number),
    ("A[0]", "a_x", Kind::Kpc),
    ("A[1]", "a_y", Kind::Kpc),
    ("A[2]", "a_z", Kind::Kpc),
    ("b_to_a2", "b_to_a2", Kind::Number),
    ("c_to_a2", "c_to_a2", Kind::Number),
    ("A2[0]", "a2_x", Kind::Kpc),
    ("A2[1]", "a2_y", Kind::Kpc),
    ("A2[2]", "a2_z", Kind::Kpc),
    ("bullock_spin", "bullock_spin", Kind::Number),
    ("kin_to_pot", "kin_to_pot", Kind::Number),
    ("m_pe_b", "m_pe_b", Kind::Mass),
    ("m_pe_d", "m_pe_d", Kind::Mass),
    ("halfmass_radius", "halfmass_radius", Kind::Kpc),
];

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct Rockstar;

impl Reader for Rockstar {
    const NAME: &'static str = "rockstar";
    const DESCRIPTION: &'static str = "Rockstar binary catalogues halos_SNAP.CHUNK.bin with the particles of each halo";

    fn fits(&self, _path: &Path, head: &[u8]) -> bool {
        head.first_chunk::<8>().is_some_and(|b| u64::from_le_bytes(*b) == MAGIC || u64::from_be_bytes(*b) == MAGIC)
    }

    fn load(&self, path: &Path, given: &Given) -> Result<Loaded> {
        let mut chunks = Vec::new();
        for path in chunks_of(path) {
            chunks.push(Chunk::open(&path)?);
        }
        let first = chunks.iter().find(|c| c.map.path() == path).or(chunks.first()).map(|c| c.header.clone());
        let Some(header) = first else { return Err(Error::not_found("no such catalogue").at(format!("`{}`", path.display()))) };
        let place = format!("header of `{}`", path.display());
        let scale = Scale { h: hubble(Some(header.h), given, &place)?, a: scale_factor(Some(header.a), given, &place)? };
        let mut loaded = Loaded {
            format: format!("rockstar (revision {}, {} chunk{})", header.revision, chunks.len(), if chunks.len() == 1 { "" } else { "s" }),
            snap: u32::try_from(header.snap).unwrap_or(0),
            scale_factor: Some(scale.a),
            cosmology: Some(Cosmology::lcdm(scale.h, header.omega_m, header.omega_lambda).map_err(|e| e.at(&place))?),
            box_kpc: scale.factor(Kind::Mpc).map(|f| f * header.box_mpc),
            attributes: vec![
                ("particle_mass_msun".into(), (header.particle_mass / scale.h).to_string()),
                ("format_revision".into(), header.revision.to_string()),
                ("rockstar_version".into(), header.version.clone()),
            ],
            ..Loaded::default()
        };
        for chunk in &chunks {
            if (chunk.header.snap, chunk.header.a, chunk.header.h) != (header.snap, header.a, header.h) {
                return Err(Error::damaged("chunks are of different snapshots")
                    .at(format!("`{}`", chunk.map.path().display()))
                    .expected(format!("snapshot {} at a = {}", header.snap, header.a))
                    .found(format!("snapshot {} at a = {}", chunk.header.snap, chunk.header.a)));
            }
            loaded.file(chunk.map.path(), chunk.map.length());
        }
        if !chunks.iter().any(|c| c.header.chunk == 0) {
            loaded.notes.push("chunk 0 of the catalogue is not in the folder: only a part of the haloes is here".into());
        }
        loaded.notes.push("binary catalogues do not say which halo lies in which: parent_id is null".into());
        let haloes = haloes(&chunks, header.revision, scale)?;
        check::halos(&haloes, &format!("`{}`", path.display()), &mut loaded.notes)?;
        loaded.put(Family::Halos, Arc::new(haloes.finish()?));
        loaded.put(Family::HaloMembers, Arc::new(members(&chunks)?));
        Ok(loaded)
    }
}

/// All chunks of the snapshot of `halos_SNAP.CHUNK.bin` in its folder, in their order.
fn chunks_of(path: &Path) -> Vec<PathBuf> {
    let split = |p: &Path| -> Option<(String, u64)> {
        let (base, chunk) = p.file_name()?.to_str()?.strip_suffix(".bin")?.rsplit_once('.')?;
        Some((base.to_string(), chunk.parse().ok()?))
    };
    let Some((base, _)) = split(path) else { return vec![path.to_path_buf()] };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut found: Vec<(u64, PathBuf)> = entries
        .filter_map(|p| {
            split(&p).filter(|(b, _)| *b == base).map(|(_, chunk)| (chunk, path.with_file_name(p.file_name().unwrap_or_default())))
        })
        .collect();
    found.sort();
    if found.is_empty() { vec![path.to_path_buf()] } else { found.into_iter().map(|(_, p)| p).collect() }
}

#[derive(Clone, Debug)]
struct Header {
    big_endian: bool,
    snap: i64,
    chunk: i64,
    a: f64,
    omega_m: f64,
    omega_lambda: f64,
    h: f64,
    haloes: usize,
    particles: usize,
    box_mpc: f64,
    particle_mass: f64,
    particle_bytes: usize,
    revision: i32,
    version: String,
}

#[derive(Debug)]
struct Chunk {
    map: Mapped,
    header: Header,
}

fn array<const N: usize>(bytes: &[u8], at: usize, big: bool) -> [u8; N] {
    let mut word = [0; N];
    if let Some(found) = bytes.get(at..at + N) {
        word.copy_from_slice(found);
    }
    if big {
        word.reverse();
    }
    word
}

impl Chunk {
    fn open(path: &Path) -> Result<Chunk> {
        let map = Mapped::open(path)?;
        let bytes = map.bytes();
        let place = |at: usize| format!("byte {at} of `{}`", path.display());
        if bytes.len() < HEADER_BYTES {
            return Err(Error::damaged("catalogue ends in its header").at(place(bytes.len())).expected(format!("{HEADER_BYTES} bytes")));
        }
        let big = match u64::from_le_bytes(array(bytes, 0, false)) {
            MAGIC => false,
            m if m.swap_bytes() == MAGIC => true,
            m => {
                return Err(Error::damaged("file is no Rockstar catalogue")
                    .at(place(0))
                    .expected(format!("{MAGIC:x}"))
                    .found(format!("{m:x}")));
            }
        };
        let long = |at: usize| i64::from_le_bytes(array(bytes, at, big));
        let single = |at: usize| decimal(f32::from_le_bytes(array(bytes, at, big)));
        let revision = i32::from_le_bytes(array(bytes, 96, big));
        if !(1..=2).contains(&revision) {
            return Err(Error::unsupported(format!("Rockstar format revision {revision} is not read")).at(place(96)).expected("1 or 2"));
        }
        let count = |at: usize, name: &str| {
            usize::try_from(long(at)).ok().filter(|n| *n <= bytes.len()).ok_or_else(|| {
                Error::damaged(format!("{name} makes no sense")).at(place(at)).expected(format!("0 to {}", bytes.len())).found(long(at))
            })
        };
        let (haloes, particles) = (count(64, "num_halos")?, count(72, "num_particles")?);
        let particle_bytes = match long(88) {
            0 => 0,
            1 => 8,
            2 => WHOLE_PARTICLE_BYTES,
            other => return Err(Error::damaged("particle type makes no sense").at(place(88)).expected("0, 1 or 2").found(other)),
        };
        let tail = particles.saturating_mul(particle_bytes);
        let expected = haloes.saturating_mul(RECORD_BYTES).saturating_add(HEADER_BYTES).saturating_add(tail);
        if expected != bytes.len() {
            let records = bytes.len().checked_sub(HEADER_BYTES + tail).filter(|n| haloes > 0 && n % haloes == 0).map(|n| n / haloes);
            if let Some(size) = records.filter(|size| *size > RECORD_BYTES && size % 8 == 0) {
                return Err(Error::unsupported(format!("halo records of {size} bytes are those of a fork of Rockstar"))
                    .at(format!("`{}`", path.display()))
                    .expected(format!("{RECORD_BYTES} bytes"))
                    .hint("the text lists `out_N.list` of the same run can be read"));
            }
            return Err(Error::damaged("length is not that of the header's counts")
                .at(format!("`{}`", path.display()))
                .expected(format!("{expected} bytes for {haloes} haloes and {particles} particles"))
                .found(format!("{} bytes", bytes.len()))
                .hint("the file is truncated; copy it again"));
        }
        let version = bytes.get(100..112).unwrap_or_default().split(|b| *b == 0).next().unwrap_or_default();
        let header = Header {
            big_endian: big,
            snap: long(8),
            chunk: long(16),
            a: single(24),
            omega_m: single(28),
            omega_lambda: single(32),
            h: single(36),
            haloes,
            particles,
            box_mpc: single(80),
            particle_mass: single(84),
            particle_bytes,
            revision,
            version: String::from_utf8_lossy(version).into_owned(),
        };
        let chunk = Chunk { map, header };
        let listed = chunk.whole(COUNTS_AT).try_fold(0u64, |n, v| n.checked_add(u64::try_from(v).ok()?));
        if particle_bytes > 0 && listed != Some(particles as u64) {
            return Err(Error::damaged("particles of the haloes are not as many as the header says")
                .at(format!("`{}`", path.display()))
                .expected(particles)
                .found(listed.map_or("a negative number".into(), |n| n.to_string())));
        }
        Ok(chunk)
    }

    fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.map.bytes().get(HEADER_BYTES..).unwrap_or_default().chunks_exact(RECORD_BYTES).take(self.header.haloes)
    }

    fn whole(&self, at: usize) -> impl Iterator<Item = i64> {
        self.records().map(move |r| i64::from_le_bytes(array(r, at, self.header.big_endian)))
    }

    fn singles(&self, at: usize) -> impl Iterator<Item = f64> {
        self.records().map(move |r| f64::from(f32::from_le_bytes(array(r, at, self.header.big_endian))))
    }

    fn ids(&self) -> impl Iterator<Item = u64> {
        let start = HEADER_BYTES + self.header.haloes * RECORD_BYTES;
        let bytes = self.map.bytes().get(start..).unwrap_or_default();
        // Without identifiers there are no bytes to cut.
        bytes.chunks_exact(self.header.particle_bytes.max(1)).map(|p| u64::from_le_bytes(array(p, 0, self.header.big_endian)))
    }
}

fn haloes(chunks: &[Chunk], revision: i32, scale: Scale) -> Result<Table> {
    chunks.iter().try_for_each(|c| c.map.check())?;
    let whole = |at: usize| chunks.iter().flat_map(move |c| c.whole(at)).map(|v| u64::try_from(v).ok());
    let mut table = Table::default();
    table.whole("halo_id", "id", whole(0));
    table.whole("parent_id", "", whole(0).map(|_| None));
    for (index, (source, column, kind)) in SINGLES.iter().enumerate() {
        if revision < 2 && *column == "halfmass_radius" {
            continue;
        }
        table.reals(column, source, *kind, chunks.iter().flat_map(|c| c.singles(8 + 4 * index)).collect(), &[scale]);
    }
    for (index, source) in COUNTS.iter().enumerate() {
        let column = match *source {
            "num_p" => "n_particles",
            "desc" => "descendant_id",
            other => other,
        };
        table.whole(column, source, whole(COUNTS_AT + 8 * index));
    }
    for (index, (column, kind)) in
        [("min_pos_err", Kind::Unknown), ("min_vel_err", Kind::Unknown), ("min_bulkvel_err", Kind::Unknown)].iter().enumerate()
    {
        table.reals(column, column, *kind, chunks.iter().flat_map(|c| c.singles(ERRORS_AT + 4 * index)).collect(), &[scale]);
    }
    Ok(table)
}

fn members(chunks: &[Chunk]) -> Result<RecordBatch> {
    let total: usize = chunks.iter().filter(|c| c.header.particle_bytes > 0).map(|c| c.header.particles).sum();
    let (mut halo, mut id) = (Vec::with_capacity(total), Vec::with_capacity(total));
    for chunk in chunks.iter().filter(|c| c.header.particle_bytes > 0) {
        for (number, count) in chunk.whole(0).zip(chunk.whole(COUNTS_AT)) {
            halo.extend(std::iter::repeat_n(number as u64, usize::try_from(count).unwrap_or(0).min(chunk.header.particles)));
        }
        id.extend(chunk.ids());
    }
    let mut table = Table::default();
    let family = StringArray::from_iter_values(id.iter().map(|_| Family::Dark.table()));
    table.put(Column { name: "halo_id", source: "id", ..Column::default() }, Arc::new(UInt64Array::from(halo)));
    table.put(Column { name: "id", source: "particle ids", ..Column::default() }, Arc::new(UInt64Array::from(id)));
    table.put(Column { name: "family", ..Column::default() }, Arc::new(family));
    table.finish()
}

#[cfg(test)]
mod tests;
