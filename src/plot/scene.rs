//! The scene: a page in points with a few kinds of marks, drawn in order.
//!
//! Units      points (1/72 inch), x to the right, y downwards
//! Edge cases marks with a coordinate that is not finite are left out by the writers
//! See also   `plot::svg`, `plot::png`

use super::text::Text;

/// A colour without transparency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Black.
    pub const BLACK: Rgb = Rgb(0, 0, 0);
    /// White.
    pub const WHITE: Rgb = Rgb(255, 255, 255);
    /// Secondary text.
    pub const GREY: Rgb = Rgb(0x55, 0x55, 0x55);

    /// `#rrggbb`.
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// How a line is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    /// Colour.
    pub color: Rgb,
    /// Width in points.
    pub width: f64,
    /// Lengths of strokes and gaps; empty for a full line.
    pub dash: Vec<f64>,
}

impl Stroke {
    /// A full line.
    pub fn new(color: Rgb, width: f64) -> Self {
        Stroke { color, width, dash: Vec::new() }
    }

    /// The same line, dashed.
    pub fn dashed(mut self, dash: &[f64]) -> Self {
        self.dash = dash.to_vec();
        self
    }
}

/// Interior of an area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    /// Colour.
    pub color: Rgb,
    /// 0 clear to 1 full.
    pub opacity: f64,
}

impl From<Rgb> for Fill {
    fn from(color: Rgb) -> Self {
        Fill { color, opacity: 1.0 }
    }
}

/// Which part of the text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Left end.
    Start,
    /// Middle.
    Middle,
    /// Right end.
    End,
}

/// An axis-parallel area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Area {
    /// An area by its upper left corner and its size.
    pub fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Area { x, y, width, height }
    }
    /// Right edge.
    pub fn right(&self) -> f64 {
        self.x + self.width
    }
    /// Lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

/// One mark.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A rectangle.
    Rect {
        /// Where.
        area: Area,
        /// Interior.
        fill: Option<Fill>,
        /// Outline.
        stroke: Option<Stroke>,
    },
    /// A connected line.
    Polyline {
        /// Corners.
        points: Vec<(f64, f64)>,
        /// Line.
        stroke: Stroke,
    },
    /// A closed area.
    Polygon {
        /// Corners.
        points: Vec<(f64, f64)>,
        /// Interior.
        fill: Option<Fill>,
        /// Outline.
        stroke: Option<Stroke>,
    },
    /// A line of text.
    Text {
        /// Point on the base line.
        at: (f64, f64),
        /// What.
        text: Text,
        /// Font size in points.
        size: f64,
        /// Colour.
        color: Rgb,
        /// Which end stands at the point.
        anchor: Anchor,
        /// Counter-clockwise quarter turn.
        upwards: bool,
    },
    /// Pixels, first row on top.
    Image {
        /// Where.
        area: Area,
        /// Pixels in a row.
        columns: usize,
        /// Rows.
        rows: usize,
        /// `4 * columns * rows` bytes: red, green, blue, opacity.
        rgba: Vec<u8>,
    },
    /// Marks cut at an area.
    Clip {
        /// Where to cut.
        area: Area,
        /// What is cut.
        marks: Vec<Mark>,
    },
}

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Width in points.
    pub width: f64,
    /// Height in points.
    pub height: f64,
    /// Marks, first drawn first.
    pub marks: Vec<Mark>,
}

impl Scene {
    /// An empty page.
    pub fn new(width: f64, height: f64) -> Self {
        Scene { width, height, marks: Vec::new() }
    }

    /// Add a straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        self.marks.push(Mark::Polyline { points: vec![from, to], stroke });
    }

    /// Add horizontal text.
    pub fn text(&mut self, at: (f64, f64), text: Text, size: f64, color: Rgb, anchor: Anchor) {
        self.marks.push(Mark::Text { at, text, size, color, anchor, upwards: false });
    }

    /// Add text that reads upwards.
    pub fn text_upwards(&mut self, at: (f64, f64), text: Text, size: f64, color: Rgb, anchor: Anchor) {
        self.marks.push(Mark::Text { at, text, size, color, anchor, upwards: true });
    }

    /// Every text on the page, for tests and for readers that do not see.
    pub fn texts(&self) -> Vec<String> {
        fn collect(marks: &[Mark], out: &mut Vec<String>) {
            for mark in marks {
                match mark {
                    Mark::Text { text, .. } => out.push(text.letters()),
                    Mark::Clip { marks, .. } => collect(marks, out),
                    _ => {}
                }
            }
        }
        let mut out = Vec::new();
        collect(&self.marks, &mut out);
        out
    }
}
