//! The seed corpus of the fuzz targets: the small inputs of these tests, as each target takes them.
//!
//! Layout     `fuzz/corpus/TARGET/NAME`; a target that chooses a name or a reader takes the choice from the first byte
//! See also   fuzz/fuzz_targets, `goldens`, `catalogues`

use std::path::{Path, PathBuf};

use spolia::ingest::tipsy::ByteOrder;

use super::{Golden, catalogues, goldens};

fn put(target: &str, name: &str, choice: Option<u8>, bytes: &[u8]) {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&folder).unwrap();
    let content: Vec<u8> = choice.into_iter().chain(bytes.iter().copied()).collect();
    std::fs::write(folder.join(name.replace([' ', ',', '/'], "_")), content).unwrap();
}

/// Choices of the target `haloes` by what their names end with.
const HALOES: [&str; 10] =
    ["AHF_halos", "AHF_particles", "AHF_substructure", "AHF_mtree", "AHF_mtree_idx", "AHF_profiles", "amiga.stat", ".bin", ".list", ".dat"];
/// Choices of the target `tipsy`.
const TIPSY: [&str; 7] = ["m.00001", "m.00001.iord", "m.00001.OxMassFrac", "m.param", "m.starlog", "m.00001.amiga.grp", "m.00001.gz"];

fn files(goldens: &[Golden]) -> impl Iterator<Item = (String, &str, &[u8])> {
    goldens.iter().flat_map(|g| g.files.iter().map(move |(name, bytes)| (format!("{}_{name}", g.name), name.as_str(), bytes.as_slice())))
}

/// `cargo test --release --test it seeds -- --ignored`
#[test]
#[ignore = "writes into fuzz/corpus"]
fn write_the_seeds_of_the_fuzz_targets() {
    for (seed, _, bytes) in files(&goldens::fits_all()) {
        put("fits", &seed, None, bytes);
    }
    for (seed, _, bytes) in files(&goldens::hdf5_all()) {
        put("hdf5", &seed, Some(0), bytes);
    }
    for (choice, golden) in [(1, catalogues::subfind()), (1, catalogues::eagle()), (2, catalogues::sublink()), (3, catalogues::lhalotree())]
    {
        put("hdf5", golden.name, Some(choice), &golden.files[0].1);
    }
    for golden in goldens::particles().iter().filter(|g| g.name.contains("gadget binary")) {
        put("gadget_binary", golden.name, None, &golden.files[0].1);
    }
    for (seed, name, bytes) in files(&[goldens::tipsy(ByteOrder::Big), goldens::tipsy_gzip()]) {
        if let Some(choice) = TIPSY.iter().position(|known| *known == name) {
            put("tipsy", &seed, Some(choice as u8), bytes);
        }
    }
    for (seed, name, bytes) in files(&catalogues::haloes()) {
        if let Some(choice) = HALOES.iter().position(|end| name.ends_with(end)) {
            put("haloes", &seed, Some(choice as u8), bytes);
        }
    }
    for (number, golden) in goldens::particles().iter().chain(&catalogues::haloes()).enumerate() {
        put("snapshot", golden.name, Some(number as u8), &golden.files[0].1);
    }
    for unit in ["km/s", "10**10 Msun", "kpc**3.Msun**-1", "1e-3 erg/s/cm**2", "solMass"] {
        put("unit", unit, None, unit.as_bytes());
    }
    let dataset = crate::dataset::Place::within(&std::env::temp_dir());
    dataset.ingest(1, 50, 5);
    let manifest = std::fs::read_to_string(dataset.root().join("versions/000001.json")).unwrap();
    put("manifest", "head", Some(0), &std::fs::read(dataset.root().join("HEAD")).unwrap());
    put("manifest", "manifest", Some(1), manifest.as_bytes());
    let body = &manifest[manifest.find("\"manifest\": ").unwrap() + 12..manifest.len() - 3];
    put("manifest", "body", Some(2), body.as_bytes());
    put("dataset", "byte", None, &[1, 0, 0, 1, 0, 7, 9]);
    #[cfg(feature = "sql")]
    {
        put("pipeline", "study", None, crate::pipeline::STEPS.as_bytes());
        put("sql", "select", None, b"SELECT count(*), sum(x) FROM (VALUES (1, 2.0)) AS t(n, x) WHERE n > 0 GROUP BY n ORDER BY 1");
    }
}
