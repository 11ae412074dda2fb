//! The 256-byte header of a GADGET binary file: counts, masses, time, cosmology and flags.
//!
//! Layout     npart 6 x u32 at 0; mass 6 x f64 at 24; time, redshift f64 at 72, 80; flags sfr, feedback i32 at 88, 92;
//!            npartTotal 6 x u32 at 96; cooling, num_files i32 at 120, 124; BoxSize, Omega0, OmegaLambda, HubbleParam f64 at 128
//!            to 152; stellarage, metals i32 at 160, 164; npartTotalHighWord 6 x u32 at 168; entropy, double i32 at 192, 196
//! Units      code units as stored
//! Source     Springel 2005, MNRAS 364, 1105, and the user guide of GADGET-2 (table of the header)
//! Refuses    numbers that are not finite, negative masses, box, h or densities, a negative number of files
//! Edge cases `num_files` 0 is one file; unset box and cosmology (all 0) of initial conditions; totals of 0 are unset
//! See also   `units` for what the numbers mean, `records` for the framing

use super::super::tipsy::ByteOrder;
use crate::error::{Error, Result};

/// Particle types of the format.
pub(super) const TYPES: usize = 6;
/// Length of the header.
pub(super) const HEADER_BYTES: usize = 256;
/// Largest relative disagreement between `Time` and 1/(1+`Redshift`) for `Time` to be a scale factor.
const REDSHIFT_TOLERANCE: f64 = 1e-3;
/// Largest scale factor that a cosmological run is believed to reach.
const LARGEST_SCALE_FACTOR: f64 = 100.0;
/// Flags are 0 or 1, or a small count (of metals, say); larger words are what old writers left undefined.
const LARGEST_FLAG: u32 = 255;
/// Offset of `num_files`.
const FILES_OFFSET: usize = 124;

/// What one file says about itself and its snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    /// Particles of each type in this file.
    pub(super) counts: [u64; TYPES],
    /// Mass of each type's particles, 0 where they have masses of their own [code].
    pub(super) mass: [f64; TYPES],
    /// Scale factor, or time of a run that is not cosmological [code].
    pub(super) time: f64,
    /// Redshift.
    pub(super) redshift: f64,
    /// Particles of each type in the whole snapshot, low words.
    pub(super) total_low: [u64; TYPES],
    /// The same, high words.
    pub(super) total_high: [u64; TYPES],
    /// Number of files.
    pub(super) files: u64,
    /// Side of the box [code]; 0 is unset.
    pub(super) box_size: f64,
    /// Matter density; 0 is unset.
    pub(super) omega_m: f64,
    /// Density of the cosmological constant.
    pub(super) omega_lambda: f64,
    /// Hubble parameter; 0 is unset.
    pub(super) h: f64,
    /// Whether the run cools: NE and NH are written.
    pub(super) cooling: bool,
    /// Whether the run forms stars: SFR is written.
    pub(super) star_formation: bool,
    /// Whether formation times are written.
    pub(super) stellar_age: bool,
    /// Whether metals are written.
    pub(super) metals: bool,
    /// Whether the block U holds entropy.
    pub(super) entropy: bool,
}

impl Header {
    /// Reads the 256 bytes `payload`; `place` names the file.
    pub(super) fn parse(payload: &[u8], order: ByteOrder, place: &str) -> Result<Header> {
        let word = |at: usize| order.u32_at(payload, at).unwrap_or(0);
        let flag = |at: usize| (1..=LARGEST_FLAG).contains(&word(at));
        let real = |at: usize, name: &str, lowest: f64| match order.f64_at(payload, at).unwrap_or(f64::NAN) {
            v if v.is_finite() && v >= lowest => Ok(v),
            v => Err(Error::damaged("header makes no sense")
                .at(format!("`{name}` at byte {at} of the header of {place}"))
                .expected(if lowest == 0.0 { "a finite number, not negative" } else { "a finite number" })
                .found(v)),
        };
        let words = |at: usize| -> [u64; TYPES] { std::array::from_fn(|i| u64::from(word(at + 4 * i))) };
        let mut mass = [0.0; TYPES];
        for (number, mass) in mass.iter_mut().enumerate() {
            *mass = real(24 + 8 * number, &format!("mass[{number}]"), 0.0)?;
        }
        let files = i64::from(word(FILES_OFFSET) as i32);
        let files = u64::try_from(files).map_err(|_| {
            Error::damaged("header makes no sense").at(format!("`num_files` of {place}")).expected("a number of files").found(files)
        })?;
        Ok(Header {
            counts: words(0),
            mass,
            time: real(72, "Time", f64::MIN)?,
            redshift: real(80, "Redshift", f64::MIN)?,
            total_low: words(96),
            total_high: words(168),
            files: files.max(1),
            box_size: real(128, "BoxSize", 0.0)?,
            omega_m: real(136, "Omega0", 0.0)?,
            omega_lambda: real(144, "OmegaLambda", f64::MIN)?,
            h: real(152, "HubbleParam", 0.0)?,
            star_formation: flag(88),
            cooling: flag(120),
            stellar_age: flag(160),
            metals: flag(164),
            // Old writers leave the end of the header undefined: only the documented value counts.
            entropy: word(192) == 1,
        })
    }

    /// Particles of all types in this file.
    pub(super) fn particles(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Whether `Time` and 1/(1+`Redshift`) are one number.
    pub(super) fn time_agrees(&self) -> bool {
        let scale = self.time > 0.0 && self.time <= LARGEST_SCALE_FACTOR;
        scale && (self.time * (1.0 + self.redshift) - 1.0).abs() < REDSHIFT_TOLERANCE
    }

    /// Whether the run is cosmological: `Time` agrees with `Redshift`, and both `Omega0` and `HubbleParam` are set.
    ///
    /// All three must hold: an isolated galaxy at `Time` 1 has no `Omega0`, and one whose header names a cosmology has a `Time`
    /// that does not follow from its `Redshift`.
    pub(super) fn comoving(&self) -> bool {
        self.time_agrees() && self.omega_m > 0.0 && self.h > 0.0
    }

    /// Whether `Time` looks like a scale factor of a run whose cosmology is unset, as in initial conditions: it is no time then.
    pub(super) fn cosmology_unset(&self) -> bool {
        !self.comoving() && self.time_agrees() && self.redshift > 0.0
    }

    /// Whether particles of type `number` have masses of their own in this file.
    pub(super) fn massive(&self, number: usize) -> bool {
        self.counts.get(number).is_some_and(|n| *n > 0) && self.mass.get(number) == Some(&0.0)
    }

    /// The header as text.
    pub(super) fn attributes(&self) -> Vec<(String, String)> {
        let list = |values: &[u64; TYPES]| values.map(|v| v.to_string()).join(" ");
        let reals = [
            ("Time", self.time),
            ("Redshift", self.redshift),
            ("BoxSize", self.box_size),
            ("Omega0", self.omega_m),
            ("OmegaLambda", self.omega_lambda),
            ("HubbleParam", self.h),
        ];
        let flags = [
            ("Flag_Sfr", self.star_formation),
            ("Flag_Cooling", self.cooling),
            ("Flag_StellarAge", self.stellar_age),
            ("Flag_Metals", self.metals),
            ("Flag_Entropy_InsteadU", self.entropy),
        ];
        let mut out = vec![
            ("Header/NumPart_Total".to_string(), list(&self.total_low)),
            ("Header/MassTable".to_string(), self.mass.map(|m| m.to_string()).join(" ")),
            ("Header/NumFilesPerSnapshot".to_string(), self.files.to_string()),
        ];
        out.extend(reals.iter().map(|(name, value)| (format!("Header/{name}"), value.to_string())));
        out.extend(flags.iter().map(|(name, value)| (format!("Header/{name}"), i32::from(*value).to_string())));
        out
    }
}

/// Number of files of the snapshot whose header follows at `start` of `head`; none where the head is too short.
pub(super) fn files_in(head: &[u8], start: usize, order: ByteOrder) -> Option<u32> {
    order.u32_at(head, start + FILES_OFFSET)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(order: ByteOrder, reals: &[(usize, f64)], words: &[(usize, u32)]) -> Vec<u8> {
        let mut out = vec![0; HEADER_BYTES];
        reals.iter().for_each(|(at, v)| out[*at..*at + 8].copy_from_slice(&order.f64_bytes(*v)));
        words.iter().for_each(|(at, v)| out[*at..*at + 4].copy_from_slice(&order.u32_bytes(*v)));
        out
    }

    #[test]
    fn fields_lie_where_gadget_writes_them() {
        for order in [ByteOrder::Big, ByteOrder::Little] {
            let reals = [(32, 2.5), (72, 0.8), (80, 0.25), (128, 1e5), (136, 0.3), (144, 0.7), (152, 0.68)];
            let words = [(0, 7), (20, 9), (96, 70), (120, 1), (124, 3), (160, 1), (168, 1), (192, 1)];
            let header = Header::parse(&bytes(order, &reals, &words), order, "`a`").unwrap();
            assert_eq!((header.counts, header.mass[1], header.files), ([7, 0, 0, 0, 0, 9], 2.5, 3));
            assert_eq!((header.total_low[0], header.total_high[0], header.box_size), (70, 1, 1e5));
            assert!(header.comoving() && header.cooling && header.stellar_age && header.entropy);
            assert!(!header.star_formation && !header.metals);
            assert!(header.massive(0) && header.massive(5) && !header.massive(1));
        }
    }

    #[test]
    fn a_run_is_cosmological_only_when_three_fields_agree() {
        let header = |time, redshift, omega_m, h| Header { time, redshift, omega_m, h, ..Header::default() }.comoving();
        assert!(header(0.01, 99.0, 0.3, 0.7) && header(1.0, 0.0, 0.3, 0.7) && header(2.0, -0.5, 0.3, 0.7));
        // Isolated galaxies: no cosmology, time 0, or a time that the redshift contradicts.
        assert!(!header(1.0, 0.0, 0.0, 0.0) && !header(0.0, 0.0, 0.3, 0.7) && !header(0.5, 0.0, 0.3, 0.7));
        // lcdm_gas of the GADGET-2 distribution: time and redshift agree, nothing else is set.
        assert!(!header(1.0 / 11.0, 10.0, 0.0, 0.0) && !header(1.0, 0.0, 0.3, 0.0));
        assert!(!header(1e300, -1.0, 0.3, 0.7));
    }

    #[test]
    fn nonsense_is_refused_with_the_field() {
        let order = ByteOrder::Little;
        for (at, value, name) in
            [(24, -1.0, "mass[0]"), (72, f64::NAN, "Time"), (152, f64::INFINITY, "HubbleParam"), (128, -5.0, "BoxSize")]
        {
            let error = Header::parse(&bytes(order, &[(at, value)], &[]), order, "`a`").unwrap_err();
            assert!(error.to_string().contains(name) && error.kind() == crate::ErrorKind::Damaged, "{error}");
        }
        let error = Header::parse(&bytes(order, &[], &[(124, u32::MAX)]), order, "`a`").unwrap_err().to_string();
        assert!(error.contains("found -1"), "{error}");
        assert_eq!(Header::parse(&bytes(order, &[], &[]), order, "`a`").unwrap().files, 1);
    }
}
