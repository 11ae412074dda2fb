//! Auxiliary arrays that are text: the count on the first line, then one number a line.
//!
//! Layout     `N`, then N numbers between blanks or line ends (3 N of a vector)
//! Refuses    words that are no numbers, with their byte
//! Edge cases a count that went through a C `int` is compared by its 32 bits; more digits than single precision holds make doubles
//! Cost       counted and parsed by all threads, in pieces cut at line ends
//! See also   `companion` for which files are arrays

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::ingest::mapped::Mapped;

/// Digits that single precision can hold; longer text is read into doubles.
const SINGLE_DIGITS: usize = 9;
/// Bytes of a text file that decide about its precision.
const PROBED_BYTES: usize = 1 << 16;

/// Values of a text array.
#[derive(Debug)]
pub enum Parsed {
    /// Reals.
    Reals(Vec<f64>),
    /// Integers.
    Integers(Vec<i64>),
}

/// The count on the first line of a text array and the byte after that line; none if the file is binary.
///
/// ChaNGa prints the count through a C `int`: of more than 2^31 particles it is negative or too small, and only its 32 bits count.
pub(super) fn text_count(bytes: &[u8], total: u64) -> Option<(u64, usize)> {
    const LONGEST_LINE: usize = 32;
    let end = bytes.iter().take(LONGEST_LINE).position(|b| *b == b'\n')?;
    let line = std::str::from_utf8(bytes.get(..end)?).ok()?.trim();
    let count: i64 = line.parse().ok()?;
    let wrapped = total > i32::MAX as u64 && i32::try_from(count).is_ok_and(|count| count as u32 == total as u32);
    let count = if wrapped { total } else { u64::try_from(count).ok()? };
    Some((count, end + 1))
}

/// Whitespace-separated values in a text.
pub(super) fn values_in(text: &[u8]) -> u64 {
    // Blocks are cut anywhere: a value is counted where it starts, which needs the byte before.
    const BLOCK: usize = 1 << 20;
    let starts = |block: usize| {
        let from = block * BLOCK;
        let mut before = if from == 0 { b' ' } else { text[from - 1] };
        let mut count = 0u64;
        for &byte in &text[from..text.len().min(from + BLOCK)] {
            count += u64::from(before.is_ascii_whitespace() && !byte.is_ascii_whitespace());
            before = byte;
        }
        count
    };
    (0..text.len().div_ceil(BLOCK)).into_par_iter().map(starts).sum()
}

/// Whether the first values have more digits than single precision holds.
pub(super) fn long_digits(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(PROBED_BYTES)];
    head.split(|b| b.is_ascii_whitespace()).any(|word| {
        let mantissa = word.split(|b| matches!(b, b'e' | b'E')).next().unwrap_or(&[]);
        let digits = mantissa.iter().filter(|b| b.is_ascii_digit()).skip_while(|b| **b == b'0').count();
        digits > SINGLE_DIGITS
    })
}

/// Parses all values after byte `start`, in pieces cut at line ends.
pub(super) fn parse(map: &Mapped, start: usize, integers: bool) -> Result<Parsed> {
    const PIECE: usize = 1 << 18;
    let text = map.bytes().get(start..).unwrap_or(&[]);
    let mut cuts = vec![0];
    while let Some(&last) = cuts.last().filter(|last| text.len() - **last > PIECE) {
        let next = text[last + PIECE..].iter().position(|b| *b == b'\n').map_or(text.len(), |p| last + PIECE + p + 1);
        cuts.push(next);
    }
    cuts.push(text.len());
    let pieces: Vec<(usize, &[u8])> = cuts.windows(2).map(|w| (w[0], &text[w[0]..w[1]])).collect();
    if integers {
        let parts: Vec<Vec<i64>> = pieces.par_iter().map(|(at, piece)| numbers(map, start + at, piece)).collect::<Result<_>>()?;
        Ok(Parsed::Integers(parts.concat()))
    } else {
        let parts: Vec<Vec<f64>> = pieces.par_iter().map(|(at, piece)| numbers(map, start + at, piece)).collect::<Result<_>>()?;
        Ok(Parsed::Reals(parts.concat()))
    }
}

fn numbers<T: std::str::FromStr>(map: &Mapped, offset: usize, piece: &[u8]) -> Result<Vec<T>> {
    let mut out = Vec::new();
    for word in piece.split(|b| b.is_ascii_whitespace()).filter(|w| !w.is_empty()) {
        match std::str::from_utf8(word).ok().and_then(|w| w.parse::<T>().ok()) {
            Some(value) => out.push(value),
            None => {
                let at = offset + (word.as_ptr() as usize - piece.as_ptr() as usize);
                return Err(Error::damaged("text array holds something that is no number")
                    .at(format!("byte {at} of `{}`", map.path().display()))
                    .found(format!("`{}`", String::from_utf8_lossy(&word[..word.len().min(40)]))));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_went_through_a_c_int_are_told_by_their_bits() {
        let many = (1u64 << 32) + 7;
        assert_eq!(text_count(b"7\n1\n", many), Some((many, 2)));
        let half = 3_000_000_000u64;
        assert_eq!(text_count(b"-1294967296\n", half), Some((half, 12)));
        assert_eq!(text_count(b"-3\n", 5), None);
        assert_eq!((text_count(b"5\n", 9), text_count(b"4 x\n", 4)), (Some((5, 2)), None));
    }

    #[test]
    fn values_are_counted_where_they_start() {
        assert_eq!((values_in(b"1 2\n3"), values_in(b""), values_in(b" \n ")), (3, 0, 0));
        let long: Vec<u8> = b"1234567 ".iter().copied().cycle().take(3 << 20).collect();
        assert_eq!(values_in(&long), 3 << 17);
        assert!(long_digits(b"3\n0.1234567890123\n") && !long_digits(b"3\n0.000012345678e-10\n"));
    }
}
