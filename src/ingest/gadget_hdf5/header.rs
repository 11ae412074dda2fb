//! The header of a GADGET-like HDF5 file: counts, scale factor, cosmology and unit sizes.
//!
//! Layout     attributes of `Header`, then of `Parameters` (GADGET-4) or `Cosmology` (SWIFT); units of `Units` (SWIFT, EAGLE) first; arrays of
//!            any length NTYPES
//! Units      code units as stored; `UnitLength_in_cm` and its kin are those of the file
//! Source     Springel et al. 2021, MNRAS 506, 2871 (GADGET-4); Weinberger et al. 2020, ApJS 248, 32 (AREPO); TNG data specification
//! Refuses    scale factors and h that are not finite and positive, counts that are not whole, SWIFT files without units
//! Edge cases cut-outs without counts, masses or units; `ComovingIntegrationOn = 0`; `NumFilesPerSnapshot` absent or 0
//! See also   `dialect`; `scaling` for units of datasets

use crate::error::{Error, Result};

use super::dialect::Dialect;
use super::file::{Attribute, Attributes, H5File};

/// Largest relative disagreement between `Time` and 1/(1+`Redshift`) for `Time` to be a scale factor.
const REDSHIFT_TOLERANCE: f64 = 1e-3;
/// Largest scale factor that a cosmological run is believed to reach.
const LARGEST_SCALE_FACTOR: f64 = 100.0;

/// What one file says about itself and its snapshot.
#[derive(Clone, Debug, Default)]
pub(in crate::ingest) struct Header {
    /// Rows of each type in this file; `None` in cut-outs.
    pub(in crate::ingest) here: Option<Vec<u64>>,
    /// Rows of each type in the whole snapshot.
    pub(in crate::ingest) total: Option<Vec<u64>>,
    /// Mass of each type's particles, 0 where they have masses of their own [code].
    pub(in crate::ingest) mass_table: Vec<f64>,
    /// Scale factor, or time in non-comoving runs [code].
    pub(in crate::ingest) time: f64,
    /// Whether `time` is a scale factor.
    pub(in crate::ingest) comoving: bool,
    /// Side of the box [code]; 0 when there is none.
    pub(in crate::ingest) box_size: f64,
    /// Number of files.
    pub(in crate::ingest) files: u64,
    /// Hubble parameter; 1 when absent from a non-comoving run.
    pub(in crate::ingest) h: f64,
    /// Matter density.
    pub(in crate::ingest) omega_m: Option<f64>,
    /// Density of the cosmological constant.
    pub(in crate::ingest) omega_lambda: Option<f64>,
    /// Unit of length, without h [cm].
    pub(in crate::ingest) unit_length_cm: Option<f64>,
    /// Unit of mass, without h [g].
    pub(in crate::ingest) unit_mass_g: Option<f64>,
    /// Unit of velocity [cm/s].
    pub(in crate::ingest) unit_velocity_cms: Option<f64>,
    /// The header says that the file is a cut-out, as those of the TNG data service do.
    pub(in crate::ingest) cutout: bool,
    /// `Config` names Lagrangian tracer particles.
    pub(in crate::ingest) tracers: bool,
    /// Conventions of the file.
    pub(in crate::ingest) dialect: Dialect,
    /// Temperature of the microwave background today [K] and effective number of neutrinos, where the run includes radiation.
    pub(in crate::ingest) radiation: Option<(f64, f64)>,
    /// Name of the code, as far as it shows.
    pub(in crate::ingest) code: &'static str,
    /// Everything as text.
    pub(in crate::ingest) attributes: Vec<(String, String)>,
    /// What was assumed.
    pub(in crate::ingest) notes: Vec<String>,
}

struct Lookup<'a> {
    header: &'a Attributes,
    parameters: &'a Attributes,
}

impl Lookup<'_> {
    fn any(&self, names: &[&str]) -> Option<&Attribute> {
        names.iter().find_map(|n| self.header.get(*n)).or_else(|| names.iter().find_map(|n| self.parameters.get(*n)))
    }

    fn float(&self, names: &[&str]) -> Option<f64> {
        self.any(names).and_then(Attribute::float)
    }

    /// A size of a unit: a positive number.
    fn size(&self, names: &[&str]) -> Option<f64> {
        self.float(names).filter(|u| *u > 0.0 && u.is_finite())
    }

    fn counts(&self, name: &str, place: &str) -> Result<Option<Vec<u64>>> {
        match self.header.get(name) {
            None => Ok(None),
            Some(value) => value.counts().map(Some).ok_or_else(|| {
                Error::damaged(format!("`{name}` does not hold counts")).at(place).expected("whole numbers, not negative").found(value)
            }),
        }
    }
}

impl Header {
    /// Reads the header of `file`, whose root has `groups`.
    pub(in crate::ingest) fn read(file: &H5File, groups: &[String]) -> Result<Header> {
        let place = format!("`Header` of `{}`", file.path().display());
        let has = |name: &str| groups.iter().any(|g| g == name);
        if !groups.iter().any(|g| g.starts_with("PartType")) {
            let error = Error::unsupported("HDF5 file has no particle groups")
                .at(format!("`{}`", file.path().display()))
                .expected("PartType0, PartType1, ...")
                .found(if groups.is_empty() { "no groups".to_string() } else { groups.join(", ") });
            return Err(match has("FileOffsets") {
                true => error.hint("offsets are held against the group catalogue beside them: name that, or the snapshot"),
                false => error,
            });
        }
        if !has("Header") {
            return Err(Error::damaged("snapshot has no header").at(format!("`{}`", file.path().display())).expected("a group `Header`"));
        }
        let header = file.attributes("Header")?;
        let parameters = if has("Parameters") { file.attributes("Parameters")? } else { Attributes::new() };
        let config = if has("Config") { file.attributes("Config")? } else { Attributes::new() };
        let dialect = Dialect::of(&header, groups);
        let parameters = if dialect == Dialect::Swift && has("Cosmology") { file.attributes("Cosmology")? } else { parameters };
        let stated = if dialect.states_units() && has("Units") { file.attributes("Units")? } else { Attributes::new() };
        let look = Lookup { header: &header, parameters: &parameters };
        let unit = Lookup { header: &stated, parameters: &header };

        let here = look.counts("NumPart_ThisFile", &place)?;
        let mut total = look.counts("NumPart_Total", &place)?;
        if let (Some(low), Some(high)) = (&mut total, look.counts("NumPart_Total_HighWord", &place)?) {
            for (l, h) in low.iter_mut().zip(&high) {
                // Initial conditions of old writers hold junk in the high word; the sum over files decides in `open`.
                *l = l.saturating_add(h.saturating_mul(1 << 32));
            }
        }
        let mut result = Header {
            here,
            total,
            mass_table: header.get("MassTable").and_then(Attribute::floats).unwrap_or_default(),
            box_size: look.float(&["BoxSize"]).unwrap_or(0.0),
            files: look.any(&["NumFilesPerSnapshot"]).and_then(Attribute::counts).and_then(|c| c.first().copied()).unwrap_or(1).max(1),
            omega_m: look.float(&["Omega0", "OmegaMatter", "Omega_Matter", "Omega_m"]),
            omega_lambda: look.float(&["OmegaLambda", "Omega_Lambda", "Omega_lambda"]),
            unit_length_cm: unit.size(&["UnitLength_in_cm"]).or(look.size(&["UnitLength_in_cm"])),
            unit_mass_g: unit.size(&["UnitMass_in_g"]).or(look.size(&["UnitMass_in_g"])),
            unit_velocity_cms: unit.size(&["UnitVelocity_in_cm_per_s"]).or(look.size(&["UnitVelocity_in_cm_per_s"])),
            dialect,
            cutout: header.keys().any(|k| k.starts_with("Cutout")),
            tracers: config.keys().any(|k| k.starts_with("TRACER_MC") || k == "TRACER_PARTICLE"),
            code: dialect.code().unwrap_or_else(|| code_of(&header, &config, &parameters)),
            ..Header::default()
        };
        result.scale(&look, &place)?;
        match dialect {
            Dialect::Swift => result.swift(&look, &unit, &place)?,
            Dialect::Gizmo => result.gizmo(&look),
            Dialect::Gadget | Dialect::Eagle => {}
        }
        let parameters_name = if dialect == Dialect::Swift { "Cosmology" } else { "Parameters" };
        for (group, attributes) in [("Header", &header), (parameters_name, &parameters), ("Config", &config), ("Units", &stated)] {
            result.attributes.extend(attributes.iter().map(|(name, value)| (format!("{group}/{name}"), value.to_string())));
        }
        Ok(result)
    }

    /// Decides between scale factor and time, and checks them and h.
    fn scale(&mut self, look: &Lookup<'_>, place: &str) -> Result<()> {
        let redshift = look.float(&["Redshift"]);
        let swift = self.dialect == Dialect::Swift;
        let flag = look.any(&["ComovingIntegrationOn", "Cosmological run"]).and_then(Attribute::float);
        // SWIFT's `Time` is a time, its scale factor has a name of its own.
        let name = if swift && flag.is_some_and(|f| f != 0.0) { "Scale-factor" } else { "Time" };
        let time = match (look.float(&[name]), redshift) {
            (Some(t), _) => t,
            (None, Some(z)) => 1.0 / (1.0 + z),
            (None, None) => return Err(Error::damaged("header has no time").at(place).expected("`Time` or `Redshift`")),
        };
        self.time = time;
        self.comoving = match flag {
            Some(flag) => flag != 0.0,
            None => {
                let cosmological = self.omega_m.is_some_and(|o| o > 0.0);
                let agrees = redshift.is_none_or(|z| (time * (1.0 + z) - 1.0).abs() < REDSHIFT_TOLERANCE);
                cosmological && agrees && time > 0.0
            }
        };
        if !time.is_finite() || (self.comoving && !(time > 0.0 && time <= LARGEST_SCALE_FACTOR)) {
            return Err(Error::damaged("scale factor makes no sense")
                .at(format!("`Time` in {place}"))
                .expected("a positive number")
                .found(time));
        }
        let h = look.float(if swift { &["h"] } else { &["HubbleParam"] });
        self.h = match h {
            Some(h) if h.is_finite() && h > 0.0 => h,
            Some(0.0) | None if !self.comoving => 1.0,
            Some(h) => {
                return Err(Error::damaged("Hubble parameter makes no sense")
                    .at(format!("`HubbleParam` in {place}"))
                    .expected("a positive number")
                    .found(h));
            }
            None => return Err(Error::damaged("header has no Hubble parameter").at(place).expected("`HubbleParam`")),
        };
        if !self.box_size.is_finite() || self.box_size < 0.0 {
            return Err(Error::damaged("box makes no sense")
                .at(format!("`BoxSize` in {place}"))
                .expected("a finite number")
                .found(self.box_size));
        }
        if self.comoving && self.omega_lambda.is_none() {
            self.notes.push("the header has no OmegaLambda: a flat universe is assumed".into());
        }
        Ok(())
    }

    /// Units and dark energy as SWIFT states them.
    fn swift(&mut self, look: &Lookup<'_>, unit: &Lookup<'_>, place: &str) -> Result<()> {
        let size = |name: &str| {
            unit.size(&[name])
                .ok_or_else(|| Error::damaged("SWIFT snapshot names no units").at(place).expected(format!("`{name}` of `Units`")))
        };
        let length_cm = size("Unit length in cgs (U_L)")?;
        self.unit_mass_g = Some(size("Unit mass in cgs (U_M)")?);
        self.unit_velocity_cms = Some(length_cm / size("Unit time in cgs (U_t)")?);
        self.unit_length_cm = Some(length_cm);
        let (w_0, w_a) = (look.float(&["w_0"]).unwrap_or(-1.0), look.float(&["w_a"]).unwrap_or(0.0));
        if self.comoving && (w_0 != -1.0 || w_a != 0.0) {
            self.omega_m = None;
            self.notes.push(format!("dark energy is not a constant (w_0 {w_0}, w_a {w_a}): times and ages are not made"));
        }
        let radiation = look.float(&["Omega_r"]).unwrap_or(0.0);
        match (look.float(&["T_CMB_0 [K]"]).filter(|t| *t > 0.0), look.float(&["N_eff"])) {
            (Some(kelvin), Some(neutrinos)) if radiation > 0.0 => self.radiation = Some((kelvin, neutrinos)),
            _ if radiation > 0.0 => self.notes.push(format!("times and ages leave out the radiation of the run (Omega_r {radiation})")),
            _ => {}
        }
        Ok(())
    }

    /// GIZMO states its units already divided by h.
    fn gizmo(&mut self, look: &Lookup<'_>) {
        let undivided = |name: &str| look.size(&[name]).map(|u| u * self.h);
        self.unit_length_cm = undivided("UnitLength_In_CGS").or(self.unit_length_cm);
        self.unit_mass_g = undivided("UnitMass_In_CGS").or(self.unit_mass_g);
        self.unit_velocity_cms = look.size(&["UnitVelocity_In_CGS"]).or(self.unit_velocity_cms);
    }

    /// h as a factor of the code units: SWIFT has none.
    pub(in crate::ingest) fn code_h(&self) -> f64 {
        if self.dialect == Dialect::Swift { 1.0 } else { self.h }
    }

    /// The factor by which one power of `a` multiplies: 1 in non-comoving runs.
    pub(in crate::ingest) fn scale_factor(&self) -> f64 {
        if self.comoving { self.time } else { 1.0 }
    }
}

fn code_of(header: &Attributes, config: &Attributes, parameters: &Attributes) -> &'static str {
    if config.contains_key("VORONOI") || config.contains_key("GFM") || config.contains_key("REFINEMENT_SPLIT_CELLS") {
        "AREPO"
    } else if config.contains_key("SELFGRAVITY") || (parameters.contains_key("HubbleParam") && !header.contains_key("HubbleParam")) {
        "GADGET-4"
    } else {
        "GADGET"
    }
}
