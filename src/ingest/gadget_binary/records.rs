//! The framing of GADGET binary files: records between two equal markers, with names before them in format 2.
//!
//! Layout     u32 length, payload, u32 length; format 2 puts before each record one of 8 bytes: 4 letters and i32 length + 8;
//!            the first word tells: 256 is format 1, 8 followed by `HEAD` is format 2, both in either byte order
//! Source     user guide of GADGET-2, "The format of snapshot files"
//! Refuses    markers that differ, records and names that end early, with the byte; the other header of GADGET-4
//! Edge cases a record of 4 GiB or more has a marker modulo 2^32: the first length whose end marker agrees is taken;
//!            after the last complete record up to three bytes, blanks or zeros are passed over (`trailing`)
//! Cost       two words a record; the payload is not touched
//! See also   `blocks` for what the records hold

use std::path::Path;

use super::super::tipsy::ByteOrder;
use super::header::HEADER_BYTES;
use crate::error::{Error, Result};

/// Payload of the record that names the next one in format 2.
const LABEL_BYTES: usize = 8;
/// Markers wrap here.
const WRAP: u64 = 1 << 32;
/// So many bytes can be no marker.
const MARKER_BYTES: usize = 4;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Its name in format 2, without blanks at the end.
    pub(super) label: Option<String>,
    /// Offset of the payload.
    pub(super) start: usize,
    /// Length of the payload.
    pub(super) length: usize,
}

/// Every record of a file; the first is the header.
#[derive(Clone, Debug)]
pub(super) struct Records {
    /// Byte order.
    pub(super) order: ByteOrder,
    /// Format 1 or 2.
    pub(super) format: u32,
    /// The records.
    pub(super) list: Vec<Record>,
    /// Bytes after the last record.
    pub(super) trailing: usize,
}

/// Byte order and format, as the first word of a file tells.
pub(super) fn layout(head: &[u8]) -> Option<(ByteOrder, u32)> {
    [ByteOrder::Little, ByteOrder::Big].into_iter().find_map(|order| match order.u32_at(head, 0)? as usize {
        HEADER_BYTES => Some((order, 1)),
        LABEL_BYTES if head.get(4..8) == Some(b"HEAD") => Some((order, 2)),
        _ => None,
    })
}

/// Offset of the header's payload in a file of `format`.
pub(super) fn header_start(format: u32) -> usize {
    if format == 2 { LABEL_BYTES + 3 * MARKER_BYTES } else { MARKER_BYTES }
}

/// Whether `head` starts a GADGET binary file of `length` bytes, be it damaged further on.
pub(super) fn recognises(head: &[u8], length: u64) -> bool {
    let Some((order, format)) = layout(head) else { return false };
    let start = header_start(format);
    let closed = order.u32_at(head, start + HEADER_BYTES) == Some(HEADER_BYTES as u32);
    // A header whose end marker is damaged still has counts that the file can hold (three f32 a particle).
    let counts: u64 = (0..6).filter_map(|i| order.u32_at(head, start + 4 * i)).map(u64::from).sum();
    let cut = length < (start + HEADER_BYTES + MARKER_BYTES) as u64;
    closed || format == 2 || cut || (counts > 0 && counts.saturating_mul(12) <= length)
}

/// Finds the records of the file at `path`, whose content is `bytes`.
pub(super) fn scan(path: &Path, bytes: &[u8]) -> Result<Records> {
    let (order, format) = layout(bytes).ok_or_else(|| {
        Error::unsupported("not a GADGET binary file").at(format!("`{}`", path.display())).expected("a header of 256 bytes first")
    })?;
    let mut records = Records { order, format, list: Vec::new(), trailing: 0 };
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if !records.list.is_empty() && ignorable(rest) {
            records.trailing = rest.len();
            break;
        }
        let frame = |label: Option<&str>| {
            let name = match (records.list.len(), label) {
                (0, _) => "header".to_string(),
                (_, Some(label)) => format!("block `{label}`"),
                (number, None) => format!("block {number}"),
            };
            Frame { path, bytes, order, name }
        };
        let label = if format == 2 {
            let (start, length) = frame(Some("(name)")).record(at)?;
            if length != LABEL_BYTES {
                return Err(Error::damaged("block has no name")
                    .at(format!("byte {at} of `{}`", path.display()))
                    .expected(format!("a record of {LABEL_BYTES} bytes with the name of the next block"))
                    .found(format!("one of {length} bytes")));
            }
            at = start + length + MARKER_BYTES;
            Some((text(&bytes[start..start + 4]), order.u32_at(bytes, start + 4).unwrap_or(0)))
        } else {
            None
        };
        let (start, length) = frame(label.as_ref().map(|l| l.0.as_str())).record(at)?;
        if let Some((name, next)) = &label {
            let framed = (length + 2 * MARKER_BYTES) as u32;
            // Some writers leave out the markers, or the whole number.
            if ![framed, length as u32, 0].contains(next) {
                return Err(Error::damaged("name and block disagree about the length")
                    .at(format!("byte {} of `{}`", at - 2 * MARKER_BYTES, path.display()))
                    .expected(format!("{framed} for block `{name}`"))
                    .found(next));
            }
        }
        records.list.push(Record { label: label.map(|l| l.0), start, length });
        at = start + length + MARKER_BYTES;
    }
    match records.list.first() {
        Some(first) if first.length == HEADER_BYTES => Ok(records),
        Some(first) if is_gadget4_header(first.length) => Err(Error::unsupported("header is the one of GADGET-4")
            .at(format!("byte {} of `{}`", first.start, path.display()))
            .expected(format!("the {HEADER_BYTES} bytes of GADGET-2"))
            .found(format!("{} bytes", first.length))
            .hint(GADGET4_HINT)),
        other => Err(Error::damaged("header has another length")
            .at(format!("byte 0 of `{}`", path.display()))
            .expected(HEADER_BYTES)
            .found(other.map_or(0, |r| r.length))),
    }
}

/// What to do about a binary file of GADGET-4 with a header of its own.
const GADGET4_HINT: &str = "GADGET-4 writes this layout unless it is built with GADGET2_HEADER; write HDF5 (SnapFormat 3), which is read";

/// Whether a header is as long as GADGET-4's: three words of 8 bytes for each of N types and 48 bytes.
fn is_gadget4_header(length: usize) -> bool {
    (1..=8).any(|types| length == 24 * types + 48)
}

/// What to say of a file whose `head` is that of GADGET-4's format 1 with a header of its own; none of any other file.
pub(super) fn gadget4_hint(head: &[u8]) -> Option<&'static str> {
    let own = |order: ByteOrder| {
        let length = order.u32_at(head, 0)? as usize;
        (is_gadget4_header(length) && order.u32_at(head, MARKER_BYTES + length)? as usize == length).then_some(GADGET4_HINT)
    };
    own(ByteOrder::Little).or_else(|| own(ByteOrder::Big))
}

/// Letters of a name; what is not a printable letter becomes a question mark.
fn text(letters: &[u8]) -> String {
    let shown: String = letters.iter().map(|b| if b.is_ascii_graphic() || *b == b' ' { char::from(*b) } else { '?' }).collect();
    shown.trim_end().to_string()
}

/// Whether the end of a file after its last record means nothing: an editor's newline, or padding.
fn ignorable(rest: &[u8]) -> bool {
    rest.len() < MARKER_BYTES || rest.iter().all(|b| *b == 0) || rest.iter().all(u8::is_ascii_whitespace)
}

/// One record while it is found.
struct Frame<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    order: ByteOrder,
    name: String,
}

impl Frame<'_> {
    /// Start and length of the payload of the record whose first marker lies at `at`.
    fn record(&self, at: usize) -> Result<(usize, usize)> {
        let start = at + MARKER_BYTES;
        let Some(marker) = self.order.u32_at(self.bytes, at) else { return Err(self.early(at, MARKER_BYTES)) };
        let mut first = None;
        let mut length = u64::from(marker);
        while let Some(end) = usize::try_from(length).ok().and_then(|l| start.checked_add(l)) {
            match self.order.u32_at(self.bytes, end) {
                Some(word) if word == marker => return Ok((start, end - start)),
                Some(word) => first = first.or(Some((end, word))),
                None => break,
            }
            length += WRAP;
        }
        Err(match first {
            None => self.early(start, marker as usize + MARKER_BYTES),
            Some((end, word)) => Error::damaged("markers before and after a block differ")
                .at(format!("byte {end} of `{}`", self.path.display()))
                .expected(format!("{marker} after the {} as before it at byte {at}", self.name))
                .found(word)
                .hint("the file is damaged, or was copied in text mode; copy it again"),
        })
    }

    fn early(&self, from: usize, wanted: usize) -> Error {
        Error::damaged(format!("{} ends early", self.name))
            .at(format!("byte {} of `{}`", self.bytes.len(), self.path.display()))
            .expected(format!("{wanted} bytes from byte {from}"))
            .found(self.bytes.len().saturating_sub(from))
            .hint("the file is truncated; copy it again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(order: ByteOrder, payload: &[u8]) -> Vec<u8> {
        let marker = order.u32_bytes(payload.len() as u32);
        [&marker[..], payload, &marker].concat()
    }

    fn file(order: ByteOrder, format: u32) -> Vec<u8> {
        let blocks: [(&[u8; 4], Vec<u8>); 2] = [(b"HEAD", vec![0; 256]), (b"U   ", vec![7; 20])];
        let mut out = Vec::new();
        for (name, payload) in blocks {
            if format == 2 {
                out.extend(record(order, &[&name[..], &order.u32_bytes(payload.len() as u32 + 8)].concat()));
            }
            out.extend(record(order, &payload));
        }
        out
    }

    fn scanned(bytes: &[u8]) -> Result<Records> {
        scan(Path::new("snap_001"), bytes)
    }

    #[test]
    fn both_formats_and_byte_orders_are_told_by_the_first_word() {
        for order in [ByteOrder::Big, ByteOrder::Little] {
            for format in [1, 2] {
                let bytes = file(order, format);
                assert!(recognises(&bytes, bytes.len() as u64));
                let records = scanned(&bytes).unwrap();
                assert_eq!((records.order, records.format, records.list.len(), records.trailing), (order, format, 2, 0));
                let (start, label) = if format == 1 { (268, None) } else { (300, Some("U".to_string())) };
                assert_eq!(records.list[1], Record { label, start, length: 20 });
                assert_eq!(records.list[0].start, header_start(format));
            }
        }
        assert_eq!(layout(b"\x08\0\0\0BODY"), None);
        // A TrueType font starts with the same word as a little-endian file.
        assert!(!recognises(&[&b"\0\x01\0\0"[..], &[9; 300]].concat(), 304));
    }

    #[test]
    fn the_end_of_the_file_is_forgiven_an_editor_and_nothing_else() {
        let bytes = file(ByteOrder::Little, 1);
        for (tail, trailing) in [(&b"\n"[..], 1), (b"\r\n", 2), (&[0; 500], 500), (b"\n\n\n\n\n", 5)] {
            assert_eq!(scanned(&[&bytes[..], tail].concat()).unwrap().trailing, trailing);
        }
        let error = scanned(&[&bytes[..], &[20, 0, 0, 0, 1]].concat()).unwrap_err().to_string();
        assert!(error.contains("block 2 ends early") && error.contains("byte 297 of `snap_001`"), "{error}");
    }

    #[test]
    fn cuts_and_broken_markers_are_refused_with_the_byte() {
        for format in [1, 2] {
            let bytes = file(ByteOrder::Big, format);
            let header_end = header_start(format) + 256 + 4;
            for length in 8..bytes.len() {
                // Up to three bytes after the header are an editor's.
                let result = scanned(&bytes[..length]);
                assert_eq!(result.is_ok(), (header_end..header_end + 4).contains(&length), "{length} of format {format}");
                if let Err(error) = result {
                    assert!(error.to_string().contains(&format!("byte {length} of")), "{error}");
                }
            }
            let mut wrong = bytes.clone();
            *wrong.last_mut().unwrap() ^= 1;
            let error = scanned(&wrong).unwrap_err().to_string();
            assert!(error.contains("markers before and after a block differ") && error.contains("expected 20"), "{error}");
        }
        let mut wrong = file(ByteOrder::Little, 2);
        wrong[288] = 99;
        let error = scanned(&wrong).unwrap_err().to_string();
        assert!(error.contains("disagree about the length") && error.contains("expected 28"), "{error}");
    }

    #[test]
    fn the_header_of_gadget_4_is_named() {
        for order in [ByteOrder::Big, ByteOrder::Little] {
            let header = record(order, &[0; 192]);
            assert!(gadget4_hint(&header).is_some_and(|hint| hint.contains("GADGET2_HEADER")));
            assert!(gadget4_hint(&header[..190]).is_none() && !recognises(&header, 200));
            let label = record(order, &[&b"HEAD"[..], &order.u32_bytes(200)].concat());
            let error = scanned(&[label, header].concat()).unwrap_err();
            assert!(error.kind() == crate::ErrorKind::Unsupported && error.to_string().contains("found 192 bytes"), "{error}");
        }
    }

    #[test]
    fn a_record_of_more_than_four_gibibytes_is_found_by_its_end_marker() {
        use std::io::{Seek, SeekFrom, Write};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large");
        let mut out = std::fs::File::create(&path).unwrap();
        out.write_all(&file(ByteOrder::Little, 1)[..264]).unwrap();
        // A hole in the file takes no room on the disk.
        let length = (1u64 << 32) + 4096;
        out.write_all(&4096u32.to_le_bytes()).unwrap();
        // Where a record of 4096 bytes would end lies another word.
        out.seek(SeekFrom::Start(264 + 4 + 4096)).unwrap();
        out.write_all(&[1; 4]).unwrap();
        out.seek(SeekFrom::Start(264 + 4 + length)).unwrap();
        if out.write_all(&4096u32.to_le_bytes()).is_err() {
            println!("skipped: no files with holes here");
            return;
        }
        let map = crate::ingest::mapped::Mapped::open(&path).unwrap();
        let records = scanned(map.bytes()).unwrap();
        assert_eq!(records.list[1], Record { label: None, start: 268, length: length as usize });
    }
}
