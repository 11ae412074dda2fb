//! Tests of Rockstar's binary catalogues on files written here, byte by byte.

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, UInt64Type};

use super::*;
use crate::ingest::Snapshot;
use crate::ingest::halos::catalogue::Catalogue;

/// A catalogue of haloes with these identifiers and members.
fn catalogue(haloes: &[(i64, &[i64])], revision: i32, big: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |word: &[u8]| bytes.extend(if big { word.iter().rev().copied().collect::<Vec<u8>>() } else { word.to_vec() });
    put(&MAGIC.to_le_bytes());
    put(&7i64.to_le_bytes());
    put(&0i64.to_le_bytes());
    for v in [0.5f32, 0.3, 0.7, 0.701, 0.0, 0.0, 0.0, 50.0, 50.0, 50.0] {
        put(&v.to_le_bytes());
    }
    put(&(haloes.len() as i64).to_le_bytes());
    put(&haloes.iter().map(|(_, ids)| ids.len() as i64).sum::<i64>().to_le_bytes());
    put(&50f32.to_le_bytes());
    put(&1e9f32.to_le_bytes());
    put(&1i64.to_le_bytes());
    put(&revision.to_le_bytes());
    bytes.extend(b"0.99.9\0\0\0\0\0\0");
    bytes.resize(HEADER_BYTES, 0);
    for (number, ids) in haloes {
        let start = bytes.len();
        let mut put = |word: &[u8]| bytes.extend(if big { word.iter().rev().copied().collect::<Vec<u8>>() } else { word.to_vec() });
        put(&number.to_le_bytes());
        for index in 0..48u16 {
            put(&f32::from(index + 1).to_le_bytes());
        }
        for count in [ids.len() as i64, 0, 0, -1, 0, 0] {
            put(&count.to_le_bytes());
        }
        bytes.resize(start + RECORD_BYTES, 0);
    }
    for id in haloes.iter().flat_map(|(_, ids)| ids.iter()) {
        bytes.extend(if big { id.to_be_bytes() } else { id.to_le_bytes() });
    }
    bytes
}

fn load(bytes: &[u8]) -> Result<Catalogue> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("halos_7.0.bin");
    std::fs::write(&path, bytes).unwrap();
    Rockstar.load(&path, &Given::default()).map(Catalogue::new)
}

#[test]
fn both_byte_orders_and_revisions_say_the_same() {
    const LARGE: i64 = i64::MAX - 3;
    for (revision, big) in [(1, false), (2, false), (2, true)] {
        let c = load(&catalogue(&[(0, &[5, 6, LARGE]), (LARGE, &[6])], revision, big)).unwrap();
        let info = c.info();
        assert_eq!((info.snap, info.scale_factor), (7, Some(0.5)));
        assert_eq!(info.cosmology.as_ref().unwrap().h, 0.701);
        assert!((info.box_kpc.unwrap() - 50.0 * 1000.0 * 0.5 / 0.701).abs() < 1e-9);
        let schema = c.schema(Family::Halos).unwrap();
        assert_eq!(schema.column_with_name("halfmass_radius").is_some(), revision == 2);
        let at = |name: &str| schema.index_of(name).unwrap();
        let batch = c
            .read(Family::Halos, &[at("halo_id"), at("mass"), at("radius"), at("x"), at("descendant_id"), at("n_particles")], 0..2)
            .unwrap();
        assert_eq!(batch.column(0).as_primitive::<UInt64Type>().values(), &[0, LARGE as u64]);
        assert!((batch.column(1).as_primitive::<Float64Type>().value(0) - 13.0 / 0.701).abs() < 1e-12);
        assert!((batch.column(2).as_primitive::<Float64Type>().value(0) - 14.0 * 0.5 / 0.701).abs() < 1e-12);
        assert!((batch.column(3).as_primitive::<Float64Type>().value(0) - 500.0 / 0.701).abs() < 1e-9);
        assert_eq!(batch.column(4).null_count(), 2);
        assert_eq!(batch.column(5).as_primitive::<UInt64Type>().values(), &[3, 1]);
        let members = c.read(Family::HaloMembers, &[0, 1], 0..4).unwrap();
        let numbers = |i: usize| members.column(i).as_primitive::<UInt64Type>().values().to_vec();
        let large = LARGE as u64;
        let mut columns = [numbers(0), numbers(1)];
        columns.sort();
        assert_eq!(columns, [vec![0, 0, 0, large], vec![5, 6, large, 6]]);
    }
}

#[test]
fn lengths_and_counts_must_agree() {
    let good = catalogue(&[(1, &[5, 6]), (2, &[7])], 2, false);
    for cut in [0, 100, 255, 256, 300, good.len() - 8, good.len() - 1] {
        let error = load(&good[..cut]).err().unwrap();
        assert_eq!(error.kind(), crate::ErrorKind::Damaged, "{cut}: {error}");
    }
    let with = |at: usize, word: &[u8]| {
        let mut bytes = good.clone();
        bytes[at..at + word.len()].copy_from_slice(word);
        load(&bytes).err().unwrap().to_string()
    };
    assert!(with(96, &3i32.to_le_bytes()).contains("revision 3"));
    assert!(with(64, &i64::MAX.to_le_bytes()).contains("num_halos makes no sense"));
    assert!(with(64, &(-1i64).to_le_bytes()).contains("num_halos makes no sense"));
    assert!(with(88, &9i64.to_le_bytes()).contains("particle type"));
    assert!(with(24, &(-1f32).to_le_bytes()).contains("scale factor makes no sense"));
    assert!(with(256 + 200, &5i64.to_le_bytes()).contains("not as many as the header says"));
    assert!(with(256 + 264, &1i64.to_le_bytes()).contains("two haloes have the same identifier"));
    assert!(with(256 + 8 + 48, &f32::NAN.to_le_bytes()).contains("mass of a halo makes no sense"));
    let mut fork = good[..256 + 264].to_vec();
    fork.extend([0; 16]);
    fork.extend(&good[256 + 264..256 + 528]);
    fork.extend([0; 16]);
    fork.extend(&good[256 + 528..]);
    let error = load(&fork).err().unwrap();
    assert!(error.kind() == crate::ErrorKind::Unsupported && error.to_string().contains("280 bytes"), "{error}");
}
