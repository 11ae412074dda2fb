//! Where positions lie in the box of a file: as they are, moved by one vector, or wrapped where they reach beyond one box.
//!
//! Formula    x' = x + shift; if the extent is more than a box, x' - L floor((x' - low) / L)
//! Units      kpc
//! Edge cases no box: nothing moves; the first shift that fits is taken: none, half a box along each axis, the middle of the box
//! See also   `gadget_hdf5` (box from 0 to L), `tipsy` (box from -L/2 to L/2)

/// A move of all positions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    /// Added to each axis.
    pub(super) shift_kpc: [f64; 3],
    /// Lower edge and side of the box to wrap into.
    wrap: Option<(f64, f64)>,
}

/// Least and greatest coordinate of each axis.
pub(super) type Extent = [(f64, f64); 3];

impl Place {
    /// The move that brings `extent` into the box from `low` along `side` in each axis.
    pub(super) fn of(extent: Extent, low: f64, side: Option<f64>) -> Place {
        let Some(side) = side.filter(|s| *s > 0.0) else { return Place::default() };
        let fits = |shift: [f64; 3]| extent.iter().zip(shift).all(|((least, most), s)| least + s >= low && most + s < low + side);
        // A box that is centred on the origin becomes one that starts there, and the other way round.
        let half = if low < 0.0 { -0.5 * side } else { 0.5 * side };
        let middle = extent.map(|(least, most)| low + 0.5 * side - 0.5 * (least + most));
        for shift in [[0.0; 3], [half; 3], middle] {
            if fits(shift) {
                return Place { shift_kpc: shift, wrap: None };
            }
        }
        let centre = extent.iter().map(|(least, most)| 0.5 * (least + most)).sum::<f64>() / 3.0;
        let away = |shift: f64| (centre + shift - (low + 0.5 * side)).abs();
        let shift = if away(half) < away(0.0) { half } else { 0.0 };
        Place { shift_kpc: [shift; 3], wrap: Some((low, side)) }
    }

    /// The coordinate of `axis` in the file, and whether it was wrapped.
    pub(super) fn put(&self, x: f64, axis: usize) -> (f64, bool) {
        let moved = x + self.shift_kpc.get(axis).copied().unwrap_or(0.0);
        match self.wrap {
            Some((low, side)) if moved < low || moved >= low + side => {
                let inside = moved - side * ((moved - low) / side).floor();
                // Rounding may land on the upper edge, which is the lower one.
                (if inside >= low + side { low } else { inside }, true)
            }
            _ => (moved, false),
        }
    }

    /// Whether anything moves.
    pub(super) fn moves(&self) -> bool {
        self.shift_kpc != [0.0; 3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_change_that_fits_is_taken() {
        let side = Some(100.0);
        assert_eq!(Place::of([(0.0, 99.0); 3], 0.0, side), Place::default());
        assert_eq!(Place::of([(-50.0, 49.0); 3], 0.0, side).shift_kpc, [50.0; 3]);
        assert_eq!(Place::of([(0.0, 99.0); 3], -50.0, side).shift_kpc, [-50.0; 3]);
        assert_eq!(Place::of([(90.0, 130.0), (0.0, 10.0), (0.0, 10.0)], 0.0, side).shift_kpc, [-60.0, 45.0, 45.0]);
        assert_eq!(Place::of([(-1e9, 1e9); 3], 0.0, None), Place::default());
    }

    #[test]
    fn more_than_a_box_is_wrapped() {
        let place = Place::of([(-0.5, 100.5); 3], 0.0, Some(100.0));
        assert_eq!(place.shift_kpc, [0.0; 3]);
        assert_eq!((place.put(-0.5, 0), place.put(100.5, 1), place.put(3.0, 2)), ((99.5, true), (0.5, true), (3.0, false)));
        assert_eq!(place.put(-1e-18, 0).0, 0.0, "the upper edge is the lower one");
        let centred = Place::of([(-50.5, 50.5); 3], 0.0, Some(100.0));
        assert_eq!(centred.put(-50.5, 0), (99.5, true));
    }
}
