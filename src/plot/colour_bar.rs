//! The colour bar beside a panel: gradient, ticks, label, arrowheads where values go beyond the ends.
//!
//! Units      points
//! See also   `plot::colour`, `plot::axes`

use super::axes::{self, Axis, FRAME_WIDTH, Label, Side};
use super::colour::{ColourMap, Norm, Stretch};
use super::scene::{Area, Mark, Rgb, Scene, Stroke};
use super::ticks::Scale;

/// Width of the bar.
pub const BAR_WIDTH: f64 = 7.5;
/// Between panel and bar.
pub const BAR_GAP: f64 = 5.0;
/// Steps of the gradient.
const STEPS: usize = 256;
/// Pixels across: viewers that smooth pictures fade the edges of narrow ones.
const ACROSS: usize = 16;
/// Height of an arrowhead.
const ARROW: f64 = 6.0;

/// A bar with its label.
#[derive(Clone, Debug)]
pub struct ColourBar {
    /// Colours.
    pub map: ColourMap,
    /// Values.
    pub norm: Norm,
    /// Quantity and unit.
    pub label: Label,
    /// Data lie below the first colour.
    pub below: bool,
    /// Data lie above the last colour.
    pub above: bool,
}

impl ColourBar {
    fn axis(&self) -> Axis {
        match self.norm.stretch {
            Stretch::Log => Axis::log(self.norm.lo, self.norm.hi),
            _ => Axis::linear(self.norm.lo, self.norm.hi),
        }
    }

    /// Width of gap, bar, numbers and label beside a panel of this height.
    pub fn room(&self, height: f64) -> f64 {
        BAR_GAP + BAR_WIDTH + axes::right_margin(&self.axis(), height)
    }

    /// Draw at the right of a panel.
    pub fn draw(&self, scene: &mut Scene, panel: &Area) {
        let mut bar = Area::new(panel.right() + BAR_GAP, panel.y, BAR_WIDTH, panel.height);
        let middle = bar.x + 0.5 * bar.width;
        if self.above {
            bar.y += ARROW;
            bar.height -= ARROW;
        }
        if self.below {
            bar.height -= ARROW;
        }
        if self.above {
            let tip = vec![(bar.x, bar.y), (middle, bar.y - ARROW), (bar.right(), bar.y)];
            scene.marks.push(Mark::Polygon { points: tip, fill: Some(self.map.at(1.0).into()), stroke: None });
        }
        if self.below {
            let tip = vec![(bar.x, bar.bottom()), (middle, bar.bottom() + ARROW), (bar.right(), bar.bottom())];
            scene.marks.push(Mark::Polygon { points: tip, fill: Some(self.map.at(0.0).into()), stroke: None });
        }
        let axis = self.axis();
        let rgba = (0..STEPS)
            .flat_map(|i| {
                let fraction = 1.0 - (i as f64 + 0.5) / STEPS as f64;
                let value = match axis.scale {
                    Scale::Linear => axis.lo + fraction * (axis.hi - axis.lo),
                    Scale::Log => axis.lo * (axis.hi / axis.lo).powf(fraction),
                };
                [self.norm.pixel(&self.map, value, Rgb::WHITE); ACROSS].into_iter().flatten()
            })
            .collect();
        scene.marks.push(Mark::Image { area: bar, columns: ACROSS, rows: STEPS, rgba });
        let ticks = axis.vertical_ticks(bar.height);
        axes::tick_lines(scene, &bar, &axis, &ticks, Side::Right, Rgb::BLACK);
        let mut corners = vec![(bar.x, bar.bottom()), (bar.x, bar.y)];
        if self.above {
            corners.push((middle, bar.y - ARROW));
        }
        corners.push((bar.right(), bar.y));
        corners.push((bar.right(), bar.bottom()));
        if self.below {
            corners.push((middle, bar.bottom() + ARROW));
        }
        scene.marks.push(Mark::Polygon { points: corners, fill: None, stroke: Some(Stroke::new(Rgb::BLACK, FRAME_WIDTH)) });
        axes::right_labels(scene, &bar, &axis, &ticks, &self.label);
    }
}
