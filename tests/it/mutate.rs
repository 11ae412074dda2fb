//! Damage for every reader: one set of operators, each mutation a function of (seed, number) alone.
//!
//! Layout     cut, flipped bits, overwritten runs, flips in header and footer, copied, inserted and dropped runs, counts that become
//!            0, 1, largest or negative, swapped words, characters and numbers of text
//! Source     SplitMix64 (Steele, Lea & Flood 2014) keyed by a counter, so that mutation 7,123 is the same in every run and order
//! See also   `damage` for the readers, `dataset` for datasets, `pipeline`

/// Bytes at the start of a file that count as its header: it is hit more often than its length asks for.
const HEADER_BYTES: usize = 512;
/// Bytes at its end that count as its footer.
const FOOTER_BYTES: usize = 700;
/// Longest run that is overwritten, copied, inserted or dropped.
const LONGEST_RUN: usize = 512;

/// Words that break arithmetic.
const WORDS: [u64; 12] = [0, 1, 2, 3, 255, 256, u32::MAX as u64, i32::MAX as u64, 0x8000_0000, u64::MAX, i64::MAX as u64, 0x0300_0000];
/// Texts that break the reading of numbers.
const TEXTS: [&str; 14] =
    ["0", "-1", "nan", "inf", "1e400", "99999999999999999999", "18446744073709551615", "", "x", "\n", "\n\n", "#", "\"", "\u{fffd}"];

/// Draws that depend on the seed and the number of the mutation only.
pub struct Dice(u64);

impl Dice {
    /// The draws of mutation `number`.
    pub fn new(seed: u64, number: u64) -> Dice {
        let mut dice = Dice(seed);
        Dice(dice.next() ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn run(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length);
        // Short runs as often as long ones.
        let longest = [4, 16, 64, LONGEST_RUN][self.below(4)];
        start..(start + 1 + self.below(longest)).min(length)
    }

    /// A place in the header as often as anywhere.
    fn place(&mut self, length: usize) -> usize {
        if self.below(2) == 0 { self.below(length.min(HEADER_BYTES)) } else { self.below(length) }
    }
}

type Operator = fn(&mut Vec<u8>, &mut Dice);

/// Every operator with its name; none of them is given an empty file.
const OPERATORS: [(&str, Operator); 16] = [
    ("cut", |b, d| b.truncate(d.below(b.len()))),
    ("bit", |b, d| flip(b, d, 1)),
    ("bits", |b, d| {
        let count = [2, 4, 16][d.below(3)];
        flip(b, d, count);
    }),
    ("overwritten run", |b, d| {
        let (run, fill) = (d.run(b.len()), [Some(0), Some(0xff), Some(0x7f), Some(0x80), None][d.below(5)]);
        b[run].iter_mut().for_each(|byte| *byte = fill.unwrap_or_else(|| d.next() as u8));
    }),
    ("header byte", |b, d| {
        let at = d.below(b.len().min(HEADER_BYTES));
        b[at] = d.next() as u8;
    }),
    ("footer bit", |b, d| {
        let at = b.len() - 1 - d.below(b.len().min(FOOTER_BYTES));
        b[at] ^= 1 << d.below(8);
    }),
    ("copied run", |b, d| {
        let (from, to) = (d.run(b.len()), d.below(b.len()));
        let run = b[from].to_vec();
        b.iter_mut().skip(to).zip(run).for_each(|(byte, new)| *byte = new);
    }),
    ("inserted bytes", |b, d| {
        let (at, count) = (d.below(b.len() + 1), 1 + d.below(64));
        let bytes: Vec<u8> = (0..count).map(|_| d.next() as u8).collect();
        b.splice(at..at, bytes);
    }),
    ("repeated run", |b, d| {
        let run = d.run(b.len());
        let bytes = b[run.clone()].to_vec();
        b.splice(run.end..run.end, bytes);
    }),
    ("dropped run", |b, d| {
        let run = d.run(b.len());
        b.drain(run);
    }),
    ("word", |b, d| {
        let width = [2, 4, 8][d.below(3)];
        let at = d.place(b.len()) / width.min(4) * width.min(4);
        let word = WORDS[d.below(WORDS.len())];
        let bytes = if d.below(2) == 0 { word.to_le_bytes()[..width].to_vec() } else { word.to_be_bytes()[8 - width..].to_vec() };
        b.iter_mut().skip(at).zip(bytes).for_each(|(byte, new)| *byte = new);
    }),
    ("swapped words", |b, d| {
        let (one, other) = (d.place(b.len()) / 4 * 4, d.place(b.len()) / 4 * 4);
        if one.max(other) + 4 <= b.len() {
            (0..4).for_each(|i| b.swap(one + i, other + i));
        }
    }),
    ("reversed word", |b, d| {
        let (at, width) = (d.place(b.len()) / 4 * 4, [4, 8][d.below(2)]);
        let end = (at + width).min(b.len());
        b[at..end].reverse();
    }),
    ("appended bytes", |b, d| {
        let count = 1 + d.below(100);
        b.extend((0..count).map(|_| d.next() as u8).collect::<Vec<_>>());
    }),
    ("character", |b, d| {
        let at = d.below(b.len());
        let marks = b"0123456789TFEDJKPQAX'=-+.,#[]{}\"/ \n\t\0\xff";
        b[at] = marks[d.below(marks.len())];
    }),
    ("number of text", |b, d| {
        let number = |byte: &u8| byte.is_ascii_digit() || b"+-.e".contains(byte);
        let from = d.below(b.len());
        let Some(start) = b[from..].iter().position(number).map(|at| from + at) else { return };
        let end = b[start..].iter().position(|byte| !number(byte)).map_or(b.len(), |count| start + count);
        b.splice(start..end, TEXTS[d.below(TEXTS.len())].bytes());
    }),
];

fn flip(bytes: &mut [u8], dice: &mut Dice, count: usize) {
    for _ in 0..count {
        let bit = dice.below(8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

/// A damaged copy of `bytes` and what was done to it: mostly one operator, now and then several.
pub fn mutated(bytes: &[u8], dice: &mut Dice) -> (Vec<u8>, String) {
    let mut out = bytes.to_vec();
    let mut names = Vec::new();
    let rounds = if dice.below(8) == 0 { 2 + dice.below(3) } else { 1 };
    for _ in 0..rounds {
        if out.is_empty() {
            break;
        }
        let (name, operator) = OPERATORS[dice.below(OPERATORS.len())];
        operator(&mut out, dice);
        names.push(name);
    }
    (out, names.join(", "))
}

#[test]
fn mutations_are_the_same_every_time_and_nearly_all_change_something() {
    let good: Vec<u8> = (0..3000u32).map(|i| if i < 300 { b"12.5 7\n"[i as usize % 7] } else { ((i * i) >> 3) as u8 }).collect();
    let mut kept = 0;
    let mut seen = std::collections::BTreeSet::new();
    for number in 0..2000 {
        let (bytes, what) = mutated(&good, &mut Dice::new(5, number));
        assert_eq!(bytes, mutated(&good, &mut Dice::new(5, number)).0);
        kept += usize::from(bytes == good);
        seen.insert(what);
    }
    assert!(kept < 150, "{kept} of 2000 left the file as it was");
    assert!(OPERATORS.iter().all(|(name, _)| seen.contains(*name)), "{seen:?}");
}
