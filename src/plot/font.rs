//! The embedded typeface: widths and outlines, the same on every machine.
//!
//! Layout     two TrueType files in `assets/fonts` (STIX General, upright and italic), 1000 units per em
//! Source     STIX Fonts 1.0.0 as converted to TrueType by matplotlib, SIL Open Font License 1.1 (`assets/fonts/LICENSE_STIX.txt`)
//! Edge cases a letter without an italic form is taken upright; a letter in neither face becomes `?`
//! See also   `plot::text`

use std::fmt::Write as _;
use std::sync::OnceLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider};

static UPRIGHT: &[u8] = include_bytes!("../../assets/fonts/STIXGeneral.ttf");
static ITALIC: &[u8] = include_bytes!("../../assets/fonts/STIXGeneralItalic.ttf");

/// Font units in one em, for both faces.
pub const UNITS_PER_EM: f64 = 1000.0;
/// Advance of a letter if the font cannot be read at all.
const FALLBACK_ADVANCE: f64 = 500.0;
/// Drawn in place of a letter that no face has.
const REPLACEMENT: char = '?';

/// Upright or italic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Face {
    /// Units, words, digits.
    Upright,
    /// Variables.
    Italic,
}

struct Faces {
    upright: Option<FontRef<'static>>,
    italic: Option<FontRef<'static>>,
}

fn faces() -> &'static Faces {
    static FACES: OnceLock<Faces> = OnceLock::new();
    FACES.get_or_init(|| Faces { upright: FontRef::new(UPRIGHT).ok(), italic: FontRef::new(ITALIC).ok() })
}

fn font(face: Face) -> Option<&'static FontRef<'static>> {
    match face {
        Face::Upright => faces().upright.as_ref(),
        Face::Italic => faces().italic.as_ref(),
    }
}

/// The face and letter that are really drawn for `letter`.
pub fn resolve(face: Face, letter: char) -> (Face, char) {
    let has = |face| font(face).is_some_and(|f| f.charmap().map(letter).is_some());
    if has(face) {
        (face, letter)
    } else if has(Face::Upright) {
        (Face::Upright, letter)
    } else {
        (Face::Upright, REPLACEMENT)
    }
}

/// Advance width in font units.
pub fn advance(face: Face, letter: char) -> f64 {
    let (face, letter) = resolve(face, letter);
    font(face)
        .and_then(|f| {
            let glyph = f.charmap().map(letter)?;
            f.glyph_metrics(Size::unscaled(), LocationRef::default()).advance_width(glyph)
        })
        .map_or(FALLBACK_ADVANCE, f64::from)
}

/// Outline as SVG path data in font units, y upwards; empty for a blank.
pub fn outline(face: Face, letter: char) -> String {
    let (face, letter) = resolve(face, letter);
    let mut pen = PathPen(String::new());
    if let Some(found) = font(face)
        && let Some(glyph) = found.charmap().map(letter)
        && let Some(shape) = found.outline_glyphs().get(glyph)
        && shape.draw(DrawSettings::unhinted(Size::unscaled(), LocationRef::default()), &mut pen).is_err()
    {
        return String::new();
    }
    pen.0
}

struct PathPen(String);

impl PathPen {
    fn put(&mut self, command: char, numbers: &[f32]) {
        self.0.push(command);
        for (i, number) in numbers.iter().enumerate() {
            if i > 0 {
                self.0.push(' ');
            }
            // Quadratic control points of composite letters may fall on half units; more digits would not be seen.
            let _ = write!(self.0, "{}", (number * 10.0).round() / 10.0 + 0.0);
        }
    }
}

impl OutlinePen for PathPen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.put('M', &[x, y]);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.put('L', &[x, y]);
    }
    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.put('Q', &[cx, cy, x, y]);
    }
    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.put('C', &[ax, ay, bx, by, x, y]);
    }
    fn close(&mut self) {
        self.0.push('Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advances_are_those_of_the_font_file() {
        // Read with fontTools 4.60 from the hmtx table.
        assert_eq!(advance(Face::Upright, '0'), 500.0);
        assert_eq!(advance(Face::Upright, 'm'), 778.0);
        assert_eq!(advance(Face::Upright, ' '), 250.0);
    }

    #[test]
    fn every_letter_that_figures_use_is_there() {
        for letter in "☉★−×σΣφΦ⟨⟩°·…√±αβ@_≥≤[]()/".chars() {
            assert_eq!(resolve(Face::Upright, letter), (Face::Upright, letter), "{letter}");
            assert!(!outline(Face::Upright, letter).is_empty(), "{letter}");
        }
        assert_eq!(resolve(Face::Italic, 'φ'), (Face::Italic, 'φ'));
        assert_eq!(resolve(Face::Italic, '★'), (Face::Upright, '★'));
        assert_eq!(resolve(Face::Upright, '\u{10ffff}'), (Face::Upright, '?'));
        assert!(outline(Face::Upright, ' ').is_empty());
    }
}
