//! Halo catalogues that lie beside a snapshot of particles: found by name, opened with it, one snapshot from then on.
//!
//! Layout     `SNAP.zZ.ZZZ.AHF_halos` beside `SNAP`; `groups_NNN`, `fof_subhalo_tab_NNN.*`, `sublink*tree_extended.*` beside
//!            `snapdir_NNN` or `snap_NNN.*`, in the snapshot's folder or the one above; `eagle_subfind_tab_NNN_zAAApBBB.*` alike;
//!            `NAME_subhalo.hdf5` beside `NAME_snap.hdf5`
//! Refuses    a damaged catalogue, a catalogue of another time; nothing damaged is passed over
//! Edge cases a catalogue whose h nobody knows is left out with a note, and so is a very large one: `--halos` names it, `--no-halos` or
//!            `HaloSource::None` leaves all of them alone
//! See also   `catalogue`

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::error::{Error, ErrorKind, Result};
use crate::ingest::gadget_hdf5::files::{split_name, without_redshift};
use crate::ingest::gzip::plain_name;
use crate::ingest::{Family, HaloSource, OpenOptions, Snapshot, SnapshotInfo};

use super::catalogue::{Given, Loaded, Reader, Rows, read};
use super::subfind::CUT_OUT;
use super::units::NO_HUBBLE;
use super::{Ahf, AmigaStat, ConsistentTrees, Eagle, LHaloTree, Rockstar, RockstarList, SubLink, Subfind};

/// Bytes beyond which a catalogue is not opened unasked.
const LARGEST_UNASKED_BYTES: u64 = 1 << 30;
/// Largest relative difference of scale factors: names of AHF files have a redshift of three decimals.
const SCALE_TOLERANCE: f64 = 0.01;
/// Bytes of a file that decide about its format.
const HEAD_BYTES: u64 = 4096;

/// `snapshot`, opened from `path`, with the catalogues that belong to it.
pub(in crate::ingest) fn join(path: &Path, snapshot: Arc<dyn Snapshot>, options: &OpenOptions) -> Result<Arc<dyn Snapshot>> {
    if snapshot.info().rows.iter().any(|(family, _)| family.is_halos()) {
        return match &options.halos {
            HaloSource::At(paths) if !paths.is_empty() => Err(Error::usage("this is a halo catalogue itself")
                .at(format!("`{}`", path.display()))
                .hint("name the snapshot of particles, and the catalogues with `--halos`")),
            _ => Ok(snapshot),
        };
    }
    let mut notes = Vec::new();
    let (paths, asked) = match &options.halos {
        HaloSource::None => return Ok(snapshot),
        HaloSource::At(paths) => (paths.iter().map(|p| file_of(p)).collect::<Result<Vec<_>>>()?, true),
        HaloSource::Beside => (beside(path, &mut notes), false),
    };
    let given = Given { options: OpenOptions { halos: HaloSource::None, ..options.clone() }, snapshot: Some(snapshot.clone()) };
    let mut found = Vec::new();
    for path in paths {
        match load(&path, &given) {
            Ok(loaded) => {
                compare_times(&path, snapshot.info(), &loaded)?;
                found.push(loaded);
            }
            Err(error) if !asked && error.kind() == ErrorKind::Usage && error.what() == NO_HUBBLE => {
                notes.push(format!("halo catalogue `{}` is left out: nothing tells its h; give it with --hubble", path.display()));
            }
            Err(error) if asked => return Err(error),
            Err(error) => {
                return Err(match error.hint_text() {
                    Some(_) => error,
                    None => error.hint("this halo catalogue lies beside the snapshot; `--no-halos` leaves it alone"),
                });
            }
        }
    }
    if found.is_empty() && notes.is_empty() {
        return Ok(snapshot);
    }
    Ok(Arc::new(Joined::new(snapshot, found, notes)?))
}

/// A file of the catalogue that a path means: itself, or the first in the folder that is one.
fn file_of(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let files = sorted(path).into_iter().filter(|p| p.is_file());
    let mut files = files.filter(|p| head(p).is_ok_and(|head| reader(p, &head).is_some()));
    files.next().ok_or_else(|| Error::not_found("folder holds no halo catalogue").at(format!("`{}`", path.display())))
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths
}

fn head(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read;
    let failed = |e: std::io::Error| Error::io("open", path, &e);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(HEAD_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

type Load = fn(&Path, &Given) -> Result<Loaded>;

/// The reader that knows these first bytes.
fn reader(path: &Path, head: &[u8]) -> Option<Load> {
    fn of<R: Reader>(reader: &R, path: &Path, head: &[u8], load: Load) -> Option<Load> {
        reader.fits(path, head).then_some(load)
    }
    of(&Ahf, path, head, |p, g| Ahf.load(p, g))
        .or_else(|| of(&AmigaStat, path, head, |p, g| AmigaStat.load(p, g)))
        .or_else(|| of(&Rockstar, path, head, |p, g| Rockstar.load(p, g)))
        .or_else(|| of(&RockstarList, path, head, |p, g| RockstarList.load(p, g)))
        .or_else(|| of(&ConsistentTrees, path, head, |p, g| ConsistentTrees.load(p, g)))
        .or_else(|| of(&Eagle, path, head, |p, g| Eagle.load(p, g)))
        .or_else(|| of(&Subfind, path, head, |p, g| Subfind.load(p, g)))
        .or_else(|| of(&SubLink, path, head, |p, g| SubLink.load(p, g)))
        .or_else(|| of(&LHaloTree, path, head, |p, g| LHaloTree.load(p, g)))
}

fn load(path: &Path, given: &Given) -> Result<Loaded> {
    let head = head(path)?;
    let Some(load) = reader(path, &head) else {
        return Err(Error::damaged("file is no halo catalogue or merger tree")
            .at(format!("`{}`", path.display()))
            .expected(format!("one of {}", super::NAMES.join(", "))));
    };
    load(path, given)
}

/// Catalogues beside the snapshot at `path`, by their names.
fn beside(path: &Path, notes: &mut Vec<String>) -> Vec<PathBuf> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let above = folder.parent().map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
    let name = |p: &Path| p.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let own = plain_name(&name(path)).to_string();
    let mut found = Vec::new();
    let here = sorted(folder);
    let ahf: Vec<&PathBuf> = here
        .iter()
        .filter(|p| {
            let rest = name(p).strip_prefix(&own).map(str::to_string);
            rest.is_some_and(|rest| rest.starts_with('.') && rest.ends_with(".AHF_halos"))
        })
        .collect();
    match ahf.as_slice() {
        [one] => found.push((*one).clone()),
        [] => {}
        several => notes.push(format!("{} AHF catalogues lie beside the snapshot, and none is read: name one with --halos", several.len())),
    }
    let (base, _, extension) = split_name(&own);
    if let Some(run) = base.strip_suffix(CUT_OUT.0) {
        let catalogue = folder.join(format!("{run}{}.{extension}", CUT_OUT.1));
        found.extend(Some(catalogue).filter(|p| p.is_file()));
    }
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // `snap_027_z000p250` of EAGLE ends with its redshift, and so do the names of its catalogues.
    let numbered = without_redshift(&base).rsplit('_').next().filter(is_number);
    let digits = numbered.and_then(|digits| base.get(without_redshift(&base).len() - digits.len()..));
    if let Some(digits) = digits.filter(|_| extension == "hdf5" || extension == "h5") {
        let mut folders = vec![folder.to_path_buf(), folder.join(format!("groups_{digits}"))];
        if let Some(above) = above {
            folders.extend([above.to_path_buf(), above.join(format!("groups_{digits}"))]);
        }
        let first =
            |accept: &dyn Fn(&str) -> bool| folders.iter().find_map(|f| sorted(f).into_iter().find(|p| p.is_file() && accept(&name(p))));
        let catalogue = |n: &str| {
            ["fof_subhalo_tab_", "fof_tab_", "eagle_subfind_tab_"].iter().any(|start| split_name(n).0 == format!("{start}{digits}"))
        };
        let tree = |n: &str| n.contains("tree_extended") && (n.ends_with(".hdf5") || n.ends_with(".h5"));
        found.extend(first(&catalogue));
        found.extend(first(&tree));
    }
    found.retain(|path| {
        let bytes: u64 = sorted(path.parent().unwrap_or(Path::new(".")))
            .iter()
            .filter(|p| same_set(&name(p), &name(path)))
            .map(|p| std::fs::metadata(p).map_or(0, |m| m.len()))
            .sum();
        if bytes > LARGEST_UNASKED_BYTES {
            notes.push(format!(
                "`{}` and its set hold {:.1} GB and are left out; name them with --halos",
                path.display(),
                bytes as f64 / 1e9
            ));
        }
        bytes <= LARGEST_UNASKED_BYTES
    });
    found
}

/// Whether two names are of one catalogue.
fn same_set(name: &str, other: &str) -> bool {
    match other.strip_suffix("halos").filter(|base| base.ends_with(".AHF_")) {
        Some(base) => name.starts_with(base),
        None => split_name(name).0 == split_name(other).0,
    }
}

fn compare_times(path: &Path, info: &SnapshotInfo, loaded: &Loaded) -> Result<()> {
    match info.scale_factor.zip(loaded.scale_factor) {
        Some((ours, theirs)) if (ours / theirs - 1.0).abs() > SCALE_TOLERANCE => {
            Err(Error::mismatch("the halo catalogue is of another time than the snapshot")
                .at(format!("`{}`", path.display()))
                .expected(format!("scale factor {ours}"))
                .found(theirs))
        }
        _ => Ok(()),
    }
}

/// A snapshot with its catalogues.
#[derive(Debug)]
struct Joined {
    particles: Arc<dyn Snapshot>,
    tables: Vec<(Family, Arc<dyn Rows>)>,
    info: SnapshotInfo,
}

impl Joined {
    fn new(particles: Arc<dyn Snapshot>, found: Vec<Loaded>, notes: Vec<String>) -> Result<Joined> {
        let mut info = particles.info().clone();
        info.notes.extend(notes);
        let mut tables: Vec<(Family, Arc<dyn Rows>)> = Vec::new();
        for loaded in found {
            let rows: Vec<String> = loaded.rows().iter().map(|(family, rows)| format!("{rows} rows of {family}")).collect();
            let file = loaded.files.first().map(|(p, _)| p.display().to_string()).unwrap_or_default();
            info.notes.push(format!("`{file}` lies with the snapshot: {}", rows.join(", ")));
            if let Some((family, _)) = loaded.tables.iter().find(|(f, _)| tables.iter().any(|(known, _)| known == f)) {
                return Err(Error::usage(format!("two catalogues have a table `{family}`"))
                    .at(format!("`{file}`"))
                    .hint("name one of them with `--halos`"));
            }
            let new =
                loaded.files.iter().filter(|(path, _)| !info.files.iter().any(|(known, _)| known == path)).cloned().collect::<Vec<_>>();
            info.files.extend(new);
            info.rows.extend(loaded.rows());
            info.notes.extend(loaded.notes);
            info.format = format!("{} with {}", info.format, loaded.format);
            tables.extend(loaded.tables);
        }
        info.rows.sort_by_key(|(family, _)| Family::ALL.iter().position(|f| f == family));
        Ok(Joined { particles, tables, info })
    }

    fn table(&self, family: Family) -> Option<&Arc<dyn Rows>> {
        self.tables.iter().find(|(f, _)| *f == family).map(|(_, table)| table)
    }
}

impl Snapshot for Joined {
    fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    fn schema(&self, family: Family) -> Result<SchemaRef> {
        self.table(family).map_or_else(|| self.particles.schema(family), |table| Ok(table.schema()))
    }

    fn read(&self, family: Family, columns: &[usize], rows: Range<u64>) -> Result<RecordBatch> {
        match self.table(family) {
            Some(table) => read(table.as_ref(), family, columns, rows),
            None => self.particles.read(family, columns, rows),
        }
    }

    fn run_files(&self) -> Vec<PathBuf> {
        self.particles.run_files()
    }

    fn place(&self, family: Family, column: &str, row: u64) -> String {
        self.particles.place(family, column, row)
    }

    fn release(&self) {
        self.particles.release();
    }
}
