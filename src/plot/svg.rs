//! A scene as SVG text: letters as outlines, pixels as an embedded PNG, provenance in `<metadata>`.
//!
//! Layout     svg > title, desc, metadata (JSON), defs (one path for each letter used), marks in order
//! Units      user units are points; the page is given in pt
//! Accuracy   coordinates to 0.01 pt; equal scenes give equal bytes
//! Edge cases marks with a number that is not finite are left out
//! See also   `plot::scene`, `plot::png`

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;

use super::font::{self, Face, UNITS_PER_EM};
use super::png;
use super::scene::{Anchor, Area, Fill, Mark, Scene, Stroke};
use super::text::Text;
use crate::error::Result;

/// A scene as a complete SVG document; `metadata` is JSON text.
pub fn document(scene: &Scene, title: &str, metadata: &str) -> Result<String> {
    let mut writer = Writer::default();
    for mark in &scene.marks {
        writer.mark(mark)?;
    }
    let (width, height) = (number(scene.width), number(scene.height));
    let mut out = String::with_capacity(writer.body.len() + 4096);
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" version=\"1.1\" width=\"{width}pt\" height=\"{height}pt\" viewBox=\"0 0 {width} {height}\" role=\"img\">"
    );
    let _ = writeln!(out, "<title>{}</title>", escape(title));
    let _ = writeln!(out, "<metadata>{}</metadata>", escape(metadata));
    if !writer.glyphs.is_empty() || !writer.clips.is_empty() {
        out.push_str("<defs>\n");
        for ((face, letter), path) in &writer.glyphs {
            let _ = writeln!(out, "<path id=\"{}\" d=\"{path}\"/>", glyph_id(*face, *letter));
        }
        for (i, area) in writer.clips.iter().enumerate() {
            let _ = writeln!(out, "<clipPath id=\"c{i}\"><rect {}/></clipPath>", place(area));
        }
        out.push_str("</defs>\n");
    }
    let _ = writeln!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>");
    out.push_str(&writer.body);
    out.push_str("</svg>\n");
    Ok(out)
}

#[derive(Default)]
struct Writer {
    body: String,
    glyphs: BTreeMap<(Face, char), String>,
    clips: Vec<Area>,
}

impl Writer {
    fn mark(&mut self, mark: &Mark) -> Result<()> {
        match mark {
            Mark::Rect { area, fill, stroke } => {
                if finite_area(area) {
                    let _ = writeln!(self.body, "<rect {}{}{}/>", place(area), filled(*fill), stroked(stroke.as_ref()));
                }
            }
            Mark::Polyline { points, stroke } => self.path(points, "", None, Some(stroke)),
            Mark::Polygon { points, fill, stroke } => self.path(points, "Z", *fill, stroke.as_ref()),
            Mark::Text { at, text, size, color, anchor, upwards } => {
                if at.0.is_finite() && at.1.is_finite() && size.is_finite() {
                    self.text(*at, text, *size, &color.hex(), *anchor, *upwards);
                }
            }
            Mark::Image { area, columns, rows, rgba } => {
                if finite_area(area) {
                    let bytes = png::encode(*columns, *rows, rgba, None, &[])?;
                    let coded = base64::engine::general_purpose::STANDARD.encode(bytes);
                    let _ = writeln!(
                        self.body,
                        "<image {} preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" style=\"image-rendering:pixelated\" xlink:href=\"data:image/png;base64,{coded}\"/>",
                        place(area)
                    );
                }
            }
            Mark::Clip { area, marks } => {
                if finite_area(area) {
                    let _ = writeln!(self.body, "<g clip-path=\"url(#c{})\">", self.clips.len());
                    self.clips.push(*area);
                    for inner in marks {
                        self.mark(inner)?;
                    }
                    self.body.push_str("</g>\n");
                }
            }
        }
        Ok(())
    }

    fn path(&mut self, points: &[(f64, f64)], end: &str, fill: Option<Fill>, stroke: Option<&Stroke>) {
        if points.len() < 2 || points.iter().any(|p| !p.0.is_finite() || !p.1.is_finite()) {
            return;
        }
        self.body.push_str("<path d=\"");
        for (i, (x, y)) in points.iter().enumerate() {
            let _ = write!(self.body, "{}{} {}", if i == 0 { 'M' } else { 'L' }, number(*x), number(*y));
        }
        let _ = writeln!(self.body, "{end}\"{}{}/>", filled(fill), stroked(stroke));
    }

    fn text(&mut self, at: (f64, f64), text: &Text, size: f64, color: &str, anchor: Anchor, upwards: bool) {
        if text.is_empty() {
            return;
        }
        let width = text.width(size);
        let shift = match anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -0.5 * width,
            Anchor::End => -width,
        };
        let turn = if upwards { " rotate(-90)" } else { "" };
        let _ = writeln!(
            self.body,
            "<g fill=\"{color}\" role=\"text\" aria-label=\"{}\" transform=\"translate({} {}){turn} translate({} 0)\">",
            escape(&text.letters()),
            number(at.0),
            number(at.1),
            number(shift)
        );
        for letter in text.place() {
            let path = self.glyphs.entry((letter.face, letter.letter)).or_insert_with(|| font::outline(letter.face, letter.letter));
            if path.is_empty() {
                continue;
            }
            let scale = size * letter.scale / UNITS_PER_EM;
            let _ = writeln!(
                self.body,
                "<use xlink:href=\"#{}\" transform=\"matrix({s} 0 0 -{s} {} {})\"/>",
                glyph_id(letter.face, letter.letter),
                number(letter.x * size),
                number(-letter.y * size),
                s = (scale * 1e6).round() / 1e6,
            );
        }
        self.body.push_str("</g>\n");
    }
}

fn glyph_id(face: Face, letter: char) -> String {
    format!("{}{:x}", if face == Face::Italic { 'i' } else { 'u' }, letter as u32)
}

fn finite_area(area: &Area) -> bool {
    [area.x, area.y, area.width, area.height].iter().all(|v| v.is_finite()) && area.width >= 0.0 && area.height >= 0.0
}

fn place(area: &Area) -> String {
    format!("x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"", number(area.x), number(area.y), number(area.width), number(area.height))
}

fn filled(fill: Option<Fill>) -> String {
    match fill {
        None => " fill=\"none\"".into(),
        Some(Fill { color, opacity }) if opacity >= 1.0 => format!(" fill=\"{}\"", color.hex()),
        Some(Fill { color, opacity }) => format!(" fill=\"{}\" fill-opacity=\"{}\"", color.hex(), number(opacity)),
    }
}

fn stroked(stroke: Option<&Stroke>) -> String {
    let Some(stroke) = stroke else { return String::new() };
    let mut out = format!(" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"", stroke.color.hex(), number(stroke.width));
    if !stroke.dash.is_empty() {
        let dash: Vec<String> = stroke.dash.iter().map(|d| number(*d)).collect();
        let _ = write!(out, " stroke-dasharray=\"{}\"", dash.join(" "));
    }
    out
}

/// A coordinate with at most two decimals and no sign on zero.
fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

/// XML text: the five signs escaped, letters that XML forbids replaced.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' | '\r' => out.push(letter),
            c if (c as u32) < 0x20 || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::scene::Rgb;

    #[test]
    fn numbers_are_short_and_have_no_minus_zero() {
        assert_eq!(number(-0.001), "0");
        assert_eq!(number(12.345678), "12.35");
        assert_eq!(number(3.0), "3");
    }

    #[test]
    fn hostile_text_stays_well_formed() {
        let mut scene = Scene::new(100.0, 50.0);
        scene.text((10.0, 10.0), Text::plain("a<b & \"c\" \u{1} ☉"), 8.0, Rgb::BLACK, Anchor::Start);
        scene.line((f64::NAN, 0.0), (1.0, 1.0), Stroke::new(Rgb::BLACK, 1.0));
        let svg = document(&scene, "]]> <x>", "{\"sql\":\"select '<&>'\"}").unwrap();
        resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).unwrap();
        assert!(!svg.contains("NaN"));
        assert!(svg.contains("aria-label=\"a&lt;b &amp; &quot;c&quot;"));
    }
}
