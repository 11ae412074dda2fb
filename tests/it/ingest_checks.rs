//! Snapshots whose numbers make no sense are refused with the place of the number, unless the user takes them as they are.
//!
//! Layout     one small run in Tipsy; each case spoils one number of it at a known byte
//! See also   `dataset` for damage of our own files

use std::path::{Path, PathBuf};

use spolia::error::Result;
use spolia::ingest::OpenOptions;
use spolia::ingest::run::{IngestOptions, IngestReport, ingest};
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::*;
use spolia::progress::Silent;

const GAS: usize = 300;
const DARK: usize = 500;
const STARS: usize = 400;
/// Bytes of the header and of a record of each family.
const HEADER: usize = 32;
const RECORDS: [usize; 3] = [48, 36, 44];

/// Makes one number of the run senseless.
type Spoil = fn(&mut TipsyFile);

struct Run {
    folder: tempfile::TempDir,
    file: TipsyFile,
    ids: Vec<i32>,
}

impl Run {
    fn new() -> Run {
        let place = |i: usize| [0, 1, 2].map(|axis| ((i * (axis * 2 + 3)) % 97) as f32 * 1e-3);
        let gas = (0..GAS).map(|i| {
            let [x, y, z] = place(i);
            GasRecord { mass: 1.0, x, y, z, rho: 1.0, temperature: 1e4, ..GasRecord::default() }
        });
        let dark = (0..DARK).map(|i| {
            let [x, y, z] = place(i);
            DarkRecord { mass: 5.0, x, y, z, ..DarkRecord::default() }
        });
        let stars = (0..STARS).map(|i| {
            let [x, y, z] = place(i);
            StarRecord { mass: 0.5, x, y, z, tform: 0.001 * i as f32, ..StarRecord::default() }
        });
        let file = TipsyFile { time: 0.5, gas: gas.collect(), dark: dark.collect(), stars: stars.collect() };
        Run { folder: tempfile::tempdir().unwrap(), file, ids: (0..(GAS + DARK + STARS) as i32).rev().collect() }
    }

    fn snapshot(&self) -> PathBuf {
        self.folder.path().join("toy.00007")
    }

    fn ingest(&self, options: &IngestOptions) -> Result<IngestReport> {
        let path = self.snapshot();
        write_snapshot(&path, &self.file, ByteOrder::Big).unwrap();
        write_aux_i32(&path.with_extension("00007.iord"), &self.ids, ByteOrder::Big).unwrap();
        let entries = [("dKpcUnit", "1000"), ("dMsolUnit", "1e12"), ("bComove", "0")];
        write_param(&self.folder.path().join("toy.param"), &entries.map(|(k, v)| (k.into(), v.into()))).unwrap();
        ingest(&[path], &self.dataset(), options, &Silent)
    }

    fn dataset(&self) -> PathBuf {
        self.folder.path().join("toy.spolia")
    }
}

fn version(dataset: &Path) -> u64 {
    spolia::table::Dataset::open(dataset).map_or(0, |d| d.manifest().version)
}

#[test]
fn each_rule_names_the_byte_and_can_be_waived() {
    let star = HEADER + GAS * RECORDS[0] + DARK * RECORDS[1];
    let cases: [(&str, Spoil, String, &str); 5] = [
        (
            "mass 0",
            |f| f.dark[41].mass = 0.0,
            format!("byte {}", HEADER + GAS * RECORDS[0] + 41 * RECORDS[1]),
            "masses that are not positive",
        ),
        ("negative mass", |f| f.gas[299].mass = -1.0, format!("byte {}", HEADER + 299 * RECORDS[0]), "masses that are not positive"),
        ("infinite velocity", |f| f.stars[7].vy = f32::INFINITY, format!("byte {}", star + 7 * RECORDS[2] + 20), "not finite"),
        ("NaN velocity", |f| f.gas[3].vz = f32::NAN, format!("byte {}", HEADER + 3 * RECORDS[0] + 24), "not finite"),
        ("born tomorrow", |f| f.stars[399].tform = 0.6, format!("byte {}", star + 399 * RECORDS[2] + 32), "negative ages"),
    ];
    for (name, spoil, byte, complaint) in cases {
        let mut run = Run::new();
        assert!(run.ingest(&IngestOptions::default()).is_ok(), "the run itself is good");
        std::fs::remove_dir_all(run.dataset()).unwrap();
        spoil(&mut run.file);
        for attempt in 0..2 {
            // The second time the table is there already from the first and is asked again.
            let error = run.ingest(&IngestOptions::default()).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(&byte) && text.contains(complaint), "{name}, attempt {attempt}: {text}");
            assert!(text.contains("toy.00007") && text.contains("expected") && text.contains("--keep-doubtful"), "{name}: {text}");
            assert_eq!((error.exit_code(), version(&run.dataset())), (3, 0), "{name}");
        }
        let report = run.ingest(&keeping(IngestOptions::default())).unwrap();
        assert!(report.notes.iter().any(|n| n.contains("doubtful") && n.contains(complaint) && n.contains(&byte)), "{:?}", report.notes);
        assert_eq!(version(&run.dataset()), 1);
    }
}

/// `options`, but what is doubtful is kept.
fn keeping(options: IngestOptions) -> IngestOptions {
    IngestOptions { open: OpenOptions { keep_doubtful: true, ..options.open }, ..options }
}

#[test]
fn an_id_that_stands_twice_is_found_across_families_however_ids_are_spread() {
    // A bitmap over a narrow range, sorting where the range is too wide for the memory allowed.
    for (factor, memory_bytes) in [(1, None), (1_700_000, Some(100 << 20)), (1_700_000, None)] {
        let mut run = Run::new();
        run.ids.iter_mut().for_each(|id| *id *= factor);
        let options = IngestOptions { memory_bytes, ..IngestOptions::default() };
        run.ingest(&options).unwrap();
        std::fs::remove_dir_all(run.dataset()).unwrap();
        // Gas particle 12 has the id of star 5, dark 100 that of dark 50; ids fall along the file, so that the latter is the lesser one.
        run.ids[12] = run.ids[GAS + DARK + 5];
        run.ids[GAS + 50] = run.ids[GAS + 100];
        let text = run.ingest(&options).unwrap_err().to_string();
        let (gas, star) = ("row 12 of gas, particle 12".to_string(), format!("row 5 of stars, particle {}", GAS + DARK + 5));
        assert!(text.contains("2 particles have the id of another") && text.contains(&gas) && text.contains(&star), "{text}");
        assert!(text.contains(&format!("first such id is {}", run.ids[12])), "{text}");
        let report = run.ingest(&keeping(options)).unwrap();
        assert!(report.notes.iter().any(|n| n.contains("2 particles")), "{:?}", report.notes);
    }
}
