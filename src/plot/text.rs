//! Text with italics, subscripts and superscripts: `` `v`_{φ} [km s⁻¹] ``.
//!
//! Layout     `` `x` `` italic, `_{..}` lowered, `^{..}` raised; Unicode superscripts are raised; ☉ and ★ after a letter are lowered
//! Units      widths in the unit of the font size (points)
//! Edge cases an unclosed mark is taken to run to the end; [`Text::plain`] takes every sign as it stands
//! See also   `plot::font`, `plot::scene`

use super::font::{self, Face, UNITS_PER_EM};

/// Size of raised and lowered text against the base.
const SCRIPT_SCALE: f64 = 0.7;
/// Height of the raised base line, em of the base.
const RAISE_EM: f64 = 0.36;
/// Depth of the lowered base line, em of the base.
const LOWER_EM: f64 = -0.18;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// On the base line.
    Base,
    /// Lowered and smaller.
    Sub,
    /// Raised and smaller.
    Super,
}

/// A stretch of text of one face and height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The letters.
    pub text: String,
    /// Upright or italic.
    pub face: Face,
    /// Height.
    pub script: Script,
}

/// A line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Runs from left to right.
    pub runs: Vec<Run>,
}

/// One letter with its place: em of the base size, from the start of the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Face after fallback.
    pub face: Face,
    /// Letter after fallback.
    pub letter: char,
    /// Left edge, em.
    pub x: f64,
    /// Height of the base line, em, upwards.
    pub y: f64,
    /// Size against the base.
    pub scale: f64,
}

impl Text {
    /// Text taken literally; only Unicode superscripts are set as superscripts.
    pub fn plain(text: &str) -> Self {
        let mut line = Text::default();
        for letter in text.chars() {
            match raised(letter) {
                Some(base) => line.push(base, Face::Upright, Script::Super),
                None => line.push(letter, Face::Upright, Script::Base),
            }
        }
        line
    }

    /// Text with marks; see the head of this file.
    pub fn markup(text: &str) -> Self {
        let letters: Vec<char> = text.chars().collect();
        let mut line = Text::default();
        let mut face = Face::Upright;
        let mut script = Script::Base;
        let mut i = 0;
        while let Some(&letter) = letters.get(i) {
            let opens = letters.get(i + 1) == Some(&'{');
            match letter {
                '`' => face = if face == Face::Upright { Face::Italic } else { Face::Upright },
                '_' if opens => {
                    script = Script::Sub;
                    i += 1;
                }
                '^' if opens => {
                    script = Script::Super;
                    i += 1;
                }
                '}' if script != Script::Base => script = Script::Base,
                '☉' | '★' if script == Script::Base && i > 0 && letters.get(i - 1).is_some_and(|c| c.is_alphabetic() || *c == '`') => {
                    line.push(letter, Face::Upright, Script::Sub);
                }
                _ => match raised(letter) {
                    Some(base) => line.push(base, Face::Upright, Script::Super),
                    None => line.push(letter, face, script),
                },
            }
            i += 1;
        }
        line
    }

    fn push(&mut self, letter: char, face: Face, script: Script) {
        match self.runs.last_mut() {
            Some(run) if run.face == face && run.script == script => run.text.push(letter),
            _ => self.runs.push(Run { text: letter.to_string(), face, script }),
        }
    }

    /// This text followed by another.
    pub fn then(mut self, other: Text) -> Self {
        self.runs.extend(other.runs);
        self
    }

    /// True when there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.runs.iter().all(|r| r.text.is_empty())
    }

    /// The letters without their form, for readers of the file and for tests.
    pub fn letters(&self) -> String {
        self.runs.iter().map(|r| r.text.as_str()).collect()
    }

    /// Every letter with its place.
    pub fn place(&self) -> Vec<Placed> {
        let mut out = Vec::new();
        let mut x = 0.0;
        for run in &self.runs {
            let (scale, y) = match run.script {
                Script::Base => (1.0, 0.0),
                Script::Sub => (SCRIPT_SCALE, LOWER_EM),
                Script::Super => (SCRIPT_SCALE, RAISE_EM),
            };
            for wanted in run.text.chars() {
                let (face, letter) = font::resolve(run.face, wanted);
                out.push(Placed { face, letter, x, y, scale });
                x += font::advance(face, letter) / UNITS_PER_EM * scale;
            }
        }
        out
    }

    /// Width of the line at a font size.
    pub fn width(&self, size: f64) -> f64 {
        self.place().last().map_or(0.0, |last| (last.x + font::advance(last.face, last.letter) / UNITS_PER_EM * last.scale) * size)
    }
}

fn raised(letter: char) -> Option<char> {
    Some(match letter {
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴' => '4',
        '⁵' => '5',
        '⁶' => '6',
        '⁷' => '7',
        '⁸' => '8',
        '⁹' => '9',
        '⁻' => '−',
        '⁺' => '+',
        'ᐟ' | '⸍' => '/',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_runs() {
        let text = Text::markup("`v`_{φ} [km s⁻¹]");
        let forms: Vec<_> = text.runs.iter().map(|r| (r.text.as_str(), r.face, r.script)).collect();
        assert_eq!(
            forms,
            [
                ("v", Face::Italic, Script::Base),
                ("φ", Face::Upright, Script::Sub),
                (" [km s", Face::Upright, Script::Base),
                ("−1", Face::Upright, Script::Super),
                ("]", Face::Upright, Script::Base),
            ]
        );
        assert_eq!(text.letters(), "vφ [km s−1]");
    }

    #[test]
    fn the_sun_is_lowered_after_a_letter_only() {
        assert_eq!(Text::markup("M☉").runs[1].script, Script::Sub);
        assert_eq!(Text::markup("☉").runs[0].script, Script::Base);
    }

    #[test]
    fn an_sql_expression_stays_as_it_is_in_plain_text() {
        let sql = "a_{b} * `c` ^ {d}";
        assert_eq!(Text::plain(sql).letters(), sql);
        assert_eq!(Text::plain(sql).runs.len(), 1);
        assert_eq!(Text::markup("a_{b").letters(), "ab");
    }

    #[test]
    fn width_adds_the_advances() {
        // digits are 500 units wide in this face
        assert!((Text::plain("100").width(10.0) - 15.0).abs() < 1e-12);
        assert!((Text::markup("10^{2}").width(10.0) - 13.5).abs() < 1e-12);
        assert_eq!(Text::default().width(10.0), 0.0);
    }
}
