//! Colour: perceptual maps and the norms that bring values to them.
//!
//! Formula    fraction = (f(v) - f(lo)) / (f(hi) - f(lo)) with f(v) = v, sqrt(v) or ln(v)
//! Source     see `plot::colour_tables`
//! Edge cases NaN has the bad colour; so have values <= 0 on a log norm; values beyond the ends take the end colours
//! See also   `plot::colour_bar`

use super::colour_tables as tables;
use super::scene::Rgb;
use super::ticks;
use crate::error::{Error, Result, nearest};

/// Letters of one node in a table.
const NODE: usize = 6;

/// Lines that are told apart by every reader (Okabe & Ito 2008): blue, vermilion, green, then black.
pub const LINES: [Rgb; 4] = [Rgb(0x00, 0x72, 0xb2), Rgb(0xd5, 0x5e, 0x00), Rgb(0x00, 0x9e, 0x73), Rgb(0, 0, 0)];
/// More of them, without black: blue, vermilion, green, purple, sky blue, orange.
pub const MANY_LINES: [Rgb; 6] = [LINES[0], LINES[1], LINES[2], Rgb(0xcc, 0x79, 0xa7), Rgb(0x56, 0xb4, 0xe9), Rgb(0xe6, 0x9f, 0x00)];
/// Where a map has no data.
pub const BAD: Rgb = Rgb(0xff, 0xff, 0xff);

/// A colour map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColourMap {
    /// Name on the command line.
    pub name: &'static str,
    table: &'static str,
}

/// For densities: lightness grows with the value.
pub const VIRIDIS: ColourMap = ColourMap { name: "viridis", table: tables::VIRIDIS };
/// For images of light and mass: starts in black.
pub const MAGMA: ColourMap = ColourMap { name: "magma", table: tables::MAGMA };
/// For images of heat: starts in black.
pub const INFERNO: ColourMap = ColourMap { name: "inferno", table: tables::INFERNO };
/// For ages and metallicities: no dark end.
pub const PLASMA: ColourMap = ColourMap { name: "plasma", table: tables::PLASMA };
/// Looks the same with the common forms of colour blindness.
pub const CIVIDIS: ColourMap = ColourMap { name: "cividis", table: tables::CIVIDIS };
/// For quantities with a meaningful zero.
pub const BLUE_RED: ColourMap = ColourMap { name: "blue_red", table: tables::BLUE_RED };

const ALL: [ColourMap; 6] = [VIRIDIS, MAGMA, INFERNO, PLASMA, CIVIDIS, BLUE_RED];

/// Names of all colour maps.
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(|m| m.name).collect()
}

impl ColourMap {
    /// The map called `name`.
    pub fn named(name: &str) -> Result<ColourMap> {
        ALL.into_iter().find(|m| m.name == name).ok_or_else(|| {
            let error = Error::usage(format!("no colour map is called `{name}`")).expected(names().join(", "));
            match nearest(name, names()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }

    fn node(&self, index: usize) -> [f64; 3] {
        let channel = |k: usize| {
            let from = index * NODE + 2 * k;
            self.table.get(from..from + 2).and_then(|t| u8::from_str_radix(t, 16).ok()).map_or(0.0, f64::from)
        };
        [channel(0), channel(1), channel(2)]
    }

    /// Colour at a fraction from 0 to 1.
    pub fn at(&self, fraction: f64) -> Rgb {
        let last = (self.table.len() / NODE).saturating_sub(1);
        let place = fraction.clamp(0.0, 1.0) * last as f64;
        let below = (place.floor() as usize).min(last.saturating_sub(1));
        let part = place - below as f64;
        let (a, b) = (self.node(below), self.node(below + 1));
        let mix = |k: usize| (a[k] + (b[k] - a[k]) * part).round() as u8;
        Rgb(mix(0), mix(1), mix(2))
    }
}

/// The function before the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stretch {
    /// Proportional.
    Linear,
    /// Square root.
    Sqrt,
    /// Logarithm.
    Log,
}

/// Which values get which part of a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norm {
    /// Value of the first colour.
    pub lo: f64,
    /// Value of the last colour.
    pub hi: f64,
    /// Function.
    pub stretch: Stretch,
}

impl Norm {
    /// A norm between two values; ends that cannot be are mended as axes are.
    pub fn new(lo: f64, hi: f64, stretch: Stretch) -> Self {
        let (lo, hi) = match stretch {
            Stretch::Log => ticks::widen_log(lo, hi),
            Stretch::Linear => ticks::widen(lo, hi),
            Stretch::Sqrt => ticks::widen(lo.max(0.0), hi.max(0.0)),
        };
        Norm { lo: if stretch == Stretch::Sqrt { lo.max(0.0) } else { lo }, hi, stretch }
    }

    /// Place in the map; none for values that have no colour.
    pub fn fraction(&self, value: f64) -> Option<f64> {
        let f = |v: f64| match self.stretch {
            Stretch::Linear => v,
            Stretch::Sqrt => v.max(0.0).sqrt(),
            Stretch::Log => v.ln(),
        };
        if value.is_nan() || (self.stretch == Stretch::Log && value <= 0.0) {
            return None;
        }
        let fraction = (f(value) - f(self.lo)) / (f(self.hi) - f(self.lo));
        fraction.is_finite().then(|| fraction.clamp(0.0, 1.0))
    }

    /// Four bytes of a pixel; `bad` where the value has no colour.
    pub fn pixel(&self, map: &ColourMap, value: f64, bad: Rgb) -> [u8; 4] {
        let Rgb(r, g, b) = self.fraction(value).map_or(bad, |f| map.at(f));
        [r, g, b, u8::MAX]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_are_the_published_colours() {
        // matplotlib 3.11 colormaps, entries 0 and 255
        assert_eq!(VIRIDIS.at(0.0), Rgb(68, 1, 84));
        assert_eq!(VIRIDIS.at(1.0), Rgb(253, 231, 37));
        assert_eq!(MAGMA.at(0.0), Rgb(0, 0, 4));
        assert_eq!(CIVIDIS.at(1.0), Rgb(254, 232, 56));
        for map in ALL {
            assert_eq!(map.table.len(), 65 * NODE, "{}", map.name);
        }
    }

    #[test]
    fn lightness_grows_and_the_diverging_map_peaks_in_the_middle() {
        // Rec. 709 luma orders these maps well enough.
        let luma = |c: Rgb| 0.2126 * f64::from(c.0) + 0.7152 * f64::from(c.1) + 0.0722 * f64::from(c.2);
        for map in [VIRIDIS, MAGMA, INFERNO, CIVIDIS] {
            for i in 0..64 {
                assert!(luma(map.at(f64::from(i + 1) / 64.0)) > luma(map.at(f64::from(i) / 64.0)) - 1.5, "{} {i}", map.name);
            }
        }
        let peak =
            (0..=64).max_by(|a, b| luma(BLUE_RED.at(f64::from(*a) / 64.0)).total_cmp(&luma(BLUE_RED.at(f64::from(*b) / 64.0)))).unwrap();
        assert_eq!(peak, 32);
    }

    #[test]
    fn norms_clip_and_refuse() {
        let log = Norm::new(1.0, 100.0, Stretch::Log);
        assert_eq!(log.fraction(10.0), Some(0.5));
        assert_eq!(log.fraction(1e9), Some(1.0));
        assert_eq!((log.fraction(0.0), log.fraction(-1.0), log.fraction(f64::NAN)), (None, None, None));
        assert_eq!(Norm::new(0.0, 4.0, Stretch::Sqrt).fraction(1.0), Some(0.5));
        assert!(Norm::new(2.0, 2.0, Stretch::Linear).fraction(2.0).is_some());
        assert!(Norm::new(-5.0, -1.0, Stretch::Log).fraction(1.0).is_some());
        assert_eq!(log.pixel(&VIRIDIS, f64::NAN, BAD), [255, 255, 255, 255]);
        assert!(ColourMap::named("viridsi").unwrap_err().to_string().contains("viridis"));
    }
}
