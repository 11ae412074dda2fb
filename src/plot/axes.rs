//! Axes: from values to points on the page, frames with ticks on four sides, labels with units.
//!
//! Units      points; the left and lower margins follow from the widths of the tick labels
//! Edge cases an axis may run backwards (`lo` > `hi`); values <= 0 have no place on a log axis (NaN)
//! See also   `plot::ticks`, `plot::colour_bar`

use super::scene::{Anchor, Area, Mark, Rgb, Scene, Stroke};
use super::text::Text;
use super::ticks::{self, Scale, Ticks};

/// Width of a single journal column, points (A&A 88 mm, MNRAS 84 mm).
pub const ONE_COLUMN: f64 = 252.0;
/// Width of a page of two columns, points (A&A 180 mm).
pub const TWO_COLUMNS: f64 = 510.0;
/// Size of axis labels.
pub const LABEL_SIZE: f64 = 9.5;
/// Size of tick labels.
pub const TICK_SIZE: f64 = 8.5;
/// Size of notes.
pub const NOTE_SIZE: f64 = 7.5;
/// Width of frames and ticks.
pub const FRAME_WIDTH: f64 = 0.6;
/// Length of major ticks.
pub const MAJOR_LENGTH: f64 = 4.0;
/// Length of minor ticks.
pub const MINOR_LENGTH: f64 = 2.2;
/// Between frame and tick labels.
const LABEL_GAP: f64 = 3.0;
/// Between tick labels and axis label.
const TITLE_GAP: f64 = 4.0;
/// Room that one tick label takes on a vertical axis.
const VERTICAL_PITCH: f64 = 24.0;
/// Room that one tick label takes at least on a horizontal axis.
const HORIZONTAL_PITCH: f64 = 23.0;
/// Smallest distance between neighbouring labels.
const CLEARANCE: f64 = 6.0;
/// Height of digits above the base line, part of the font size.
const DIGIT_HEIGHT: f64 = 0.66;
/// From the base line to the deepest sign, part of the font size.
const DESCENT: f64 = 0.24;
/// Part of a stacked panel's height at either edge that carries no number.
const STACK_EDGE: f64 = 0.05;
/// Most ticks tried on an axis.
const MOST_TICKS: usize = 9;

/// One axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    /// Value at the left or lower end.
    pub lo: f64,
    /// Value at the right or upper end.
    pub hi: f64,
    /// Linear or logarithmic.
    pub scale: Scale,
}

impl Axis {
    /// A linear axis; equal ends are moved apart.
    pub fn linear(lo: f64, hi: f64) -> Self {
        let (a, b) = ticks::widen(lo, hi);
        if lo > hi { Axis { lo: b, hi: a, scale: Scale::Linear } } else { Axis { lo: a, hi: b, scale: Scale::Linear } }
    }

    /// A logarithmic axis with positive ends.
    pub fn log(lo: f64, hi: f64) -> Self {
        let (lo, hi) = ticks::widen_log(lo, hi);
        Axis { lo, hi, scale: Scale::Log }
    }

    /// Place between the ends, 0 to 1; outside for values outside, NaN for values that have no place.
    pub fn fraction(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.lo) / (self.hi - self.lo),
            Scale::Log if value > 0.0 => (value / self.lo).ln() / (self.hi / self.lo).ln(),
            Scale::Log => f64::NAN,
        }
    }

    fn ticks(&self, target: usize) -> Ticks {
        ticks::ticks(self.lo.min(self.hi), self.lo.max(self.hi), self.scale, target)
    }

    /// Ticks for a vertical axis of this height.
    pub fn vertical_ticks(&self, height: f64) -> Ticks {
        let wanted = ((height / VERTICAL_PITCH) as usize).clamp(2, MOST_TICKS);
        // One number alone does not make an axis.
        let tries = wanted..=wanted + MOST_TICKS;
        tries.map(|target| self.ticks(target)).find(|t| t.major.len() > 1).unwrap_or_else(|| self.ticks(wanted))
    }

    /// Ticks for a horizontal axis of this width, as many as leave room between their labels.
    pub fn horizontal_ticks(&self, width: f64) -> Ticks {
        for target in (2..=MOST_TICKS).rev() {
            let found = self.ticks(target);
            let mut spans: Vec<(f64, f64)> = found.major.iter().map(|(v, t)| (self.fraction(*v) * width, t.width(TICK_SIZE))).collect();
            spans.sort_by(|a, b| a.0.total_cmp(&b.0));
            if spans.windows(2).all(|p| p[1].0 - p[0].0 >= 0.5 * (p[0].1 + p[1].1) + CLEARANCE)
                && spans.len() as f64 * HORIZONTAL_PITCH <= width
            {
                return found;
            }
        }
        self.ticks(2)
    }
}

/// What an axis shows: a name and a unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Label {
    /// Name of the quantity.
    pub name: Text,
    /// Unit, empty for none.
    pub unit: Text,
}

impl Label {
    /// From text with marks, see `plot::text`.
    pub fn new(name: &str, unit: &str) -> Self {
        Label { name: Text::markup(name), unit: Text::markup(unit) }
    }

    /// `name [10^e unit]`.
    pub fn with_exponent(&self, exponent: i32) -> Text {
        let mut inside = Text::default();
        if exponent != 0 {
            inside = inside.then(Text::markup(&format!("10^{{{}}}", ticks::signed(f64::from(exponent), 0))));
        }
        if !self.unit.is_empty() {
            if exponent != 0 {
                inside = inside.then(Text::plain(" "));
            }
            inside = inside.then(self.unit.clone());
        }
        if inside.is_empty() { self.name.clone() } else { self.name.clone().then(Text::plain(" [")).then(inside).then(Text::plain("]")) }
    }
}

/// Which sides carry labels.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sides<'a> {
    /// Label and numbers below.
    pub bottom: Option<&'a Label>,
    /// Label and numbers at the left.
    pub left: Option<&'a Label>,
    /// Base line of the left label, so that those of stacked panels stand in one line.
    pub left_label_x: Option<f64>,
}

/// A rectangle with two axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Panel {
    /// Where on the page.
    pub area: Area,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
}

impl Panel {
    /// Point on the page of a pair of values.
    pub fn point(&self, x: f64, y: f64) -> (f64, f64) {
        (self.area.x + self.x.fraction(x) * self.area.width, self.area.bottom() - self.y.fraction(y) * self.area.height)
    }

    /// Frame, ticks inwards on four sides, labels on the sides that have one.
    pub fn frame(&self, scene: &mut Scene, sides: Sides<'_>, tick_color: Rgb) {
        let area = self.area;
        let across = self.x.horizontal_ticks(area.width);
        let up = self.y.vertical_ticks(area.height);
        tick_lines(scene, &area, &self.x, &across, Side::Bottom, tick_color);
        tick_lines(scene, &area, &self.x, &across, Side::Top, tick_color);
        tick_lines(scene, &area, &self.y, &up, Side::Left, tick_color);
        tick_lines(scene, &area, &self.y, &up, Side::Right, tick_color);
        outline(scene, area);
        if let Some(label) = sides.bottom {
            bottom_labels(scene, &area, &self.x, &across, label);
        }
        if let Some(label) = sides.left {
            let mut shown = up;
            if sides.left_label_x.is_some() {
                // Stacked panels: numbers at an edge would run into those of the neighbour.
                shown.major.retain(|m| {
                    let at = self.y.fraction(m.0);
                    at < 1.0 - STACK_EDGE && (at > STACK_EDGE || sides.bottom.is_some())
                });
            }
            left_labels(scene, &area, &self.y, &shown, label, sides.left_label_x);
        }
    }
}

/// A side of a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Upper.
    Top,
    /// Lower.
    Bottom,
    /// Left.
    Left,
    /// Right.
    Right,
}

/// The frame itself.
pub fn outline(scene: &mut Scene, area: Area) {
    scene.marks.push(Mark::Rect { area, fill: None, stroke: Some(Stroke::new(Rgb::BLACK, FRAME_WIDTH)) });
}

/// Ticks inwards along one side.
pub fn tick_lines(scene: &mut Scene, area: &Area, axis: &Axis, ticks: &Ticks, side: Side, color: Rgb) {
    let majors = ticks.major.iter().map(|m| (m.0, MAJOR_LENGTH));
    for (value, length) in majors.chain(ticks.minor.iter().map(|v| (*v, MINOR_LENGTH))) {
        let at = axis.fraction(value);
        if !(-1e-9..=1.0 + 1e-9).contains(&at) {
            continue;
        }
        let (x, y) = (area.x + at * area.width, area.bottom() - at * area.height);
        let (from, to) = match side {
            Side::Bottom => ((x, area.bottom()), (x, area.bottom() - length)),
            Side::Top => ((x, area.y), (x, area.y + length)),
            Side::Left => ((area.x, y), (area.x + length, y)),
            Side::Right => ((area.right(), y), (area.right() - length, y)),
        };
        scene.line(from, to, Stroke::new(color, FRAME_WIDTH));
    }
}

/// Numbers and labels below and at the left, for frames with ticks of their own.
pub fn side_labels(scene: &mut Scene, panel: &Panel, across: &Ticks, up: &Ticks, x: &Label, y: &Label) {
    bottom_labels(scene, &panel.area, &panel.x, across, x);
    left_labels(scene, &panel.area, &panel.y, up, y, None);
}

/// Room needed below a panel with a label.
pub fn bottom_margin() -> f64 {
    LABEL_GAP + TICK_SIZE * DIGIT_HEIGHT + TITLE_GAP + LABEL_SIZE
}

/// Room needed at the left of a panel with a label.
pub fn left_margin(axis: &Axis, height: f64) -> f64 {
    LABEL_GAP + widest(&axis.vertical_ticks(height)) + TITLE_GAP + LABEL_SIZE
}

/// Room needed at the right for tick labels and a label that reads upwards.
pub fn right_margin(axis: &Axis, height: f64) -> f64 {
    left_margin(axis, height) + LABEL_SIZE * DESCENT
}

fn widest(ticks: &Ticks) -> f64 {
    ticks.major.iter().map(|m| m.1.width(TICK_SIZE)).fold(0.0, f64::max)
}

fn bottom_labels(scene: &mut Scene, area: &Area, axis: &Axis, ticks: &Ticks, label: &Label) {
    let base = area.bottom() + LABEL_GAP + TICK_SIZE * DIGIT_HEIGHT;
    for (value, text) in &ticks.major {
        scene.text((area.x + axis.fraction(*value) * area.width, base), text.clone(), TICK_SIZE, Rgb::BLACK, Anchor::Middle);
    }
    let at = (area.x + 0.5 * area.width, base + TITLE_GAP + LABEL_SIZE * DIGIT_HEIGHT);
    scene.text(at, label.with_exponent(ticks.exponent), LABEL_SIZE, Rgb::BLACK, Anchor::Middle);
}

/// Numbers and label above a panel, for a second horizontal axis with its own ticks.
pub fn top_labels(scene: &mut Scene, area: &Area, places: &[(f64, Text)], label: &Label) {
    let base = area.y - LABEL_GAP;
    for (x, text) in places {
        scene.text((*x, base), text.clone(), TICK_SIZE, Rgb::BLACK, Anchor::Middle);
    }
    let at = (area.x + 0.5 * area.width, base - TICK_SIZE * DIGIT_HEIGHT - TITLE_GAP - 1.0);
    scene.text(at, label.with_exponent(0), LABEL_SIZE, Rgb::BLACK, Anchor::Middle);
}

/// Room needed above a panel with a second horizontal axis.
pub fn top_margin() -> f64 {
    LABEL_GAP + TICK_SIZE * DIGIT_HEIGHT + TITLE_GAP + LABEL_SIZE
}

fn left_labels(scene: &mut Scene, area: &Area, axis: &Axis, ticks: &Ticks, label: &Label, label_x: Option<f64>) {
    for (value, text) in &ticks.major {
        let y = area.bottom() - axis.fraction(*value) * area.height + 0.5 * DIGIT_HEIGHT * TICK_SIZE;
        scene.text((area.x - LABEL_GAP, y), text.clone(), TICK_SIZE, Rgb::BLACK, Anchor::End);
    }
    let x = label_x.unwrap_or(area.x - LABEL_GAP - widest(ticks) - TITLE_GAP);
    scene.text_upwards((x, area.y + 0.5 * area.height), label.with_exponent(ticks.exponent), LABEL_SIZE, Rgb::BLACK, Anchor::Middle);
}

/// Numbers and an upward label at the right of an area.
pub fn right_labels(scene: &mut Scene, area: &Area, axis: &Axis, ticks: &Ticks, label: &Label) {
    for (value, text) in &ticks.major {
        let y = area.bottom() - axis.fraction(*value) * area.height + 0.5 * DIGIT_HEIGHT * TICK_SIZE;
        scene.text((area.right() + LABEL_GAP, y), text.clone(), TICK_SIZE, Rgb::BLACK, Anchor::Start);
    }
    let x = area.right() + LABEL_GAP + widest(ticks) + TITLE_GAP + LABEL_SIZE * DIGIT_HEIGHT;
    scene.text_upwards((x, area.y + 0.5 * area.height), label.with_exponent(ticks.exponent), LABEL_SIZE, Rgb::BLACK, Anchor::Middle);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_on_linear_log_and_backward_axes() {
        assert_eq!(Axis::linear(0.0, 10.0).fraction(2.5), 0.25);
        assert_eq!(Axis::linear(10.0, 0.0).fraction(2.5), 0.75);
        assert!((Axis::log(1.0, 1e4).fraction(100.0) - 0.5).abs() < 1e-15);
        assert!(Axis::log(1.0, 1e4).fraction(-1.0).is_nan());
        assert!(Axis::linear(3.0, 3.0).fraction(3.0).is_finite());
    }

    #[test]
    fn labels_hold_power_and_unit_in_brackets() {
        let label = Label::new("`E`", "km² s⁻²");
        assert_eq!(label.with_exponent(5).letters(), "E [105 km2 s−2]");
        assert_eq!(Label::new("N", "").with_exponent(0).letters(), "N");
        assert_eq!(Label::new("N", "").with_exponent(3).letters(), "N [103]");
    }

    #[test]
    fn labels_of_narrow_axes_do_not_touch() {
        for width in [40.0, 90.0, 200.0] {
            for axis in [Axis::linear(-1234.0, 9876.0), Axis::linear(0.001, 0.00123), Axis::log(1e-9, 1e9)] {
                let t = axis.horizontal_ticks(width);
                let mut spans: Vec<_> = t.major.iter().map(|(v, l)| (axis.fraction(*v) * width, l.width(TICK_SIZE))).collect();
                spans.sort_by(|a, b| a.0.total_cmp(&b.0));
                if spans.len() > 2 {
                    assert!(spans.windows(2).all(|p| p[1].0 - p[0].0 > 0.5 * (p[0].1 + p[1].1)), "{axis:?} {width}");
                }
            }
        }
    }
}
