//! `AHF_substructure`: lists of subhaloes, checked against the table of haloes.
//!
//! Layout     pairs of lines: `haloID n`, then the n identifiers of its subhaloes
//! Edge cases identifiers that the table lacks are counted in a note; parents come from the host column of the table
//! Refuses    lists that are shorter or longer than their number; text that ends between the two lines of a pair
//! See also   `halos`

use std::collections::HashSet;

use crate::error::{Error, Result};

use super::super::table::Table;
use super::super::text::TextFile;

/// Reads and compares.
pub(super) fn check(file: &TextFile, haloes: &Table, notes: &mut Vec<String>) -> Result<()> {
    let ids: HashSet<u64> = haloes.wholes("halo_id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
    let mut lines = file.lines().filter(|(_, line)| !line.starts_with('#'));
    let mut lost = 0;
    while let Some((number, line)) = lines.next() {
        let numbers = all(file, number, line)?;
        let [halo, count] = numbers.as_slice() else { return Err(file.bad(number, "expected a halo and its number of subhaloes", line)) };
        let (number, line) = if *count == 0 {
            (number, "")
        } else {
            lines.next().ok_or_else(|| {
                Error::damaged("list of subhaloes is missing").at(file.at(number)).expected(format!("{count} identifiers on the next line"))
            })?
        };
        let subs = all(file, number, line)?;
        if subs.len() as u64 != *count {
            return Err(Error::damaged("list of subhaloes has another length").at(file.at(number)).expected(count).found(subs.len()));
        }
        lost += subs.iter().chain([halo]).filter(|id| !ids.contains(id)).count();
    }
    if lost > 0 {
        notes.push(format!("{lost} identifiers of `{}` are not in the table of haloes", file.path().display()));
    }
    Ok(())
}

fn all(file: &TextFile, number: usize, line: &str) -> Result<Vec<u64>> {
    let word = |word: &str| file.whole(number, word)?.ok_or_else(|| file.bad(number, "expected an identifier", word));
    line.split_whitespace().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Result<Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        std::fs::write(&path, text).unwrap();
        let mut table = Table::default();
        table.whole("halo_id", "ID", [Some(1), Some(2), Some(u64::MAX)]);
        let mut notes = Vec::new();
        check(&TextFile::open(&path)?, &table, &mut notes).map(|()| notes)
    }

    #[test]
    fn lists_have_their_lengths() {
        assert!(run("1 2\n2 18446744073709551615\n2 0\n").unwrap().is_empty());
        assert_eq!(run("1 1\n7\n").unwrap().len(), 1);
        for (text, words) in [("1 2\n2\n", "another length"), ("1 2\n", "is missing"), ("1\n", "expected a halo"), ("1 1\nx\n", "`x`")] {
            let error = run(text).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
