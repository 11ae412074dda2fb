//! Damaged inputs that once brought a reader down, each kept small and by name.
//!
//! See also   `mutations`, which found them

use std::path::Path;

use spolia::ErrorKind;
use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::{OpenOptions, open};

use super::{catalogues, data, goldens, read_all};

fn text(path: &Path) -> String {
    let error = open(path, &OpenOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
    error.to_string()
}

#[test]
fn an_hdf5_file_shorter_than_its_superblock_says_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swift_0009.hdf5");
    let good = std::fs::read(data("hdf5/swift_0009.hdf5")).unwrap();
    // Its last 160 bytes hold no dataset, so everything could be read without them.
    std::fs::write(&path, &good[..good.len() - 1]).unwrap();
    let error = text(&path);
    assert!(error.contains("ends early") && error.contains(&format!("expected {} bytes", good.len())), "{error}");
    std::fs::write(&path, [&good[..], b"more"].concat()).unwrap();
    assert!(read_all(&path, &OpenOptions::default()).is_ok());
}

#[test]
fn a_text_array_cut_inside_its_last_value_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    goldens::write_tipsy(folder.path(), "m", ByteOrder::Big);
    let array = folder.path().join("m.00001.OxMassFrac");
    let good = std::fs::read(&array).unwrap();
    // `0.5` without its line end could be the rest of `0.52`; `0.` was read as 0.
    for cut in 1..4 {
        std::fs::write(&array, &good[..good.len() - cut]).unwrap();
        let error = text(&folder.path().join("m.00001"));
        assert!(error.contains("OxMassFrac") && (cut == 4 || error.contains("middle of a line")), "{error}");
    }
}

#[test]
fn a_tree_without_its_root_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let golden = catalogues::consistent_trees();
    let (name, good) = &golden.files[0];
    let end = good.windows(8).position(|w| w == b"#tree 19").unwrap() + 9;
    std::fs::write(folder.path().join(name), &good[..end]).unwrap();
    let error = text(&folder.path().join(name));
    assert!(error.contains("`#tree 19`") && error.contains(name.as_str()), "{error}");
}

#[test]
fn a_tree_row_without_an_identifier_is_damage_and_no_bug_of_ours() {
    let folder = tempfile::tempdir().unwrap();
    let golden = catalogues::consistent_trees();
    let (name, good) = &golden.files[0];
    let bad = String::from_utf8(good.clone()).unwrap().replace("0.5 8 1.0", "0.5 -1 1.0");
    std::fs::write(folder.path().join(name), bad).unwrap();
    let error = text(&folder.path().join(name));
    assert!(error.contains("halo has no identifier") && error.contains("row 2 of"), "{error}");
}

#[test]
fn a_parameter_file_without_its_last_line_end_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    goldens::write_tipsy(folder.path(), "m", ByteOrder::Big);
    let path = folder.path().join("m.param");
    let good = std::fs::read(&path).unwrap();
    let notes = || open(&folder.path().join("m.00001"), &OpenOptions::default()).unwrap().info().notes.join("\n");
    assert!(!notes().contains("has no end"), "{}", notes());
    std::fs::write(&path, &good[..good.len() - 1]).unwrap();
    assert!(notes().contains("m.param` has no end"), "{}", notes());
    // And of a partial record of the log.
    let log = folder.path().join("m.starlog");
    let good = std::fs::read(&log).unwrap();
    std::fs::write(&log, &good[..good.len() - 3]).unwrap();
    assert!(notes().contains("partial record"), "{}", notes());
}

#[test]
fn a_checksum_of_a_fits_table_covers_every_bit_of_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kinds.fits");
    let good = std::fs::read(data("fits/kinds.fits")).unwrap();
    // Six rows of 83 bytes at the start of the last block.
    let rows = good.len() - 2880..good.len() - 2880 + 6 * 83;
    for at in rows {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bad).unwrap();
        let error = read_all(&path, &OpenOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "byte {at}: {error}");
    }
}
