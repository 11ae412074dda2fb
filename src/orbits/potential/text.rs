//! Potentials as TOML that people write, with units.
//!
//! Layout     `[[component]]` tables: `name`, `kind`, the parameters of the kind as "4.37e11 Msun" (a bare number is in the unit of the
//!            parameter); of the place: `centre` = three lengths, `orientation` = three rows, `pattern_speed`, `angle`,
//!            `path` = { times, positions, velocities }, `amplitude` = a number, { linear = "0.1 1/Gyr" }, { exponential = "3 Gyr" } or
//!            { times, values }; of a fitted kind `expansion` = its saved form, or `file` = the path of that; arrays of bare numbers are
//!            in Gyr, kpc, km/s; a table `fit` that says how a potential was fitted is left to `expansion::record`
//! Units      as written; internal kpc, km/s, Msun after reading
//! Refuses    unknown keys and kinds (nearest name), wrong dimensions, values outside the allowed range: with line and column
//! See also   `presets`, `units::Quantity`

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::placement::{Amplitude, Placement, Track};
use super::{Component, Parameter, Potential, fitted_kinds, kind};
use crate::constants::GYR_PER_TIME_UNIT;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::orbits::expansion::Expansion;
use crate::units::{Quantity, Unit};

/// Keys of a fitted component: the file that holds it, or its saved form itself.
const FILE: &str = "file";
const EXPANSION: &str = "expansion";
/// Key of what is known about a fit.
const FIT: &str = "fit";
/// Keys of a component that are no parameters.
const KEYS: [&str; 8] = ["name", "kind", "centre", "orientation", "pattern_speed", "angle", "path", "amplitude"];

type Value<'a> = Spanned<DeValue<'a>>;

/// A text with its name, for places of errors.
struct Reader<'a> {
    text: &'a str,
    place: &'a str,
    open: &'a dyn Fn(&str) -> Result<String>,
}

impl Potential {
    /// Reads a potential; `place` names the text in errors.
    pub fn from_toml(text: &str, place: &str) -> Result<Potential> {
        let none = |_: &str| Err(Error::unsupported("files of fitted potentials cannot be read here"));
        Potential::from_toml_with(text, place, &none)
    }

    /// Reads a potential; `open` answers the text of the `file` of a fitted component.
    pub fn from_toml_with(text: &str, place: &str, open: &dyn Fn(&str) -> Result<String>) -> Result<Potential> {
        let reader = Reader { text, place, open };
        let document = DeTable::parse(text).map_err(|e| {
            let error = Error::usage("potential is no valid TOML").because(e.message());
            reader.at(error, e.span().map_or(0, |span| span.start))
        })?;
        let mut components = Vec::new();
        for (key, value) in document.get_ref() {
            if key.get_ref() == FIT {
                continue;
            }
            if key.get_ref() != "component" {
                let error = Error::usage(format!("unknown key `{}`", key.get_ref())).expected("[[component]] tables");
                return Err(reader.at(error, key.span().start));
            }
            for one in reader.array(value)? {
                let table = one.get_ref().as_table().ok_or_else(|| reader.wrong(one, "a table"))?;
                let component = reader.component(table, one.span().start)?;
                if components.iter().any(|c: &Component| c.name == component.name) {
                    return Err(reader.at(Error::usage(format!("two components are called `{}`", component.name)), one.span().start));
                }
                components.push(component);
            }
        }
        if components.is_empty() {
            return Err(reader.at(Error::usage("potential has no components").expected("[[component]] tables"), 0));
        }
        Ok(Potential { components })
    }

    /// The text that [`Potential::from_toml`] reads back to the same numbers.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        for component in &self.components {
            let name = toml::Value::from(component.name.as_str());
            let _ = write!(out, "[[component]]\nname = {name}\nkind = \"{}\"\n", component.kind.name);
            for (parameter, value) in component.kind.parameters.iter().zip(component.parameters()) {
                let _ = match parameter.unit {
                    "1" => writeln!(out, "{} = {value:?}", parameter.name),
                    unit => writeln!(out, "{} = \"{value:?} {unit}\"", parameter.name),
                };
            }
            if let Some(file) = component.file() {
                let _ = writeln!(out, "file = {}", toml::Value::from(file));
            }
            if let Some(place) = component.placement() {
                write_placement(&mut out, place);
            }
            if let (Some(expansion), None) = (component.fitted(), component.file()) {
                // What was read or fitted can be written: its numbers are finite.
                let _ = write!(out, "\n{}", expansion.to_toml_under(&format!("component.{EXPANSION}")).unwrap_or_default());
            }
            out.push('\n');
        }
        out
    }
}

fn write_placement(out: &mut String, place: &Placement) {
    let gyr = |times: &[f64]| times.iter().map(|t| t * GYR_PER_TIME_UNIT).collect::<Vec<_>>();
    let _ = writeln!(out, "centre = {:?}", place.centre_kpc);
    if let Some(rows) = place.orientation {
        let _ = writeln!(out, "orientation = {rows:?}");
    }
    let _ = writeln!(out, "pattern_speed = \"{:?} km/s/kpc\"\nangle = \"{:?} rad\"", place.pattern_speed_kms_kpc, place.angle_rad);
    if let Some(path) = &place.path {
        let rows = |column: &dyn Fn(&Track) -> Vec<f64>| {
            let columns = [column(&path[0]), column(&path[1]), column(&path[2])];
            (0..columns[0].len()).map(|i| [columns[0][i], columns[1][i], columns[2][i]]).collect::<Vec<_>>()
        };
        let (positions, velocities) = (rows(&|t| t.values.clone()), rows(&|t| t.slopes().to_vec()));
        let times = gyr(&path[0].times);
        let _ = writeln!(out, "path = {{ times = {times:?}, positions = {positions:?}, velocities = {velocities:?} }}");
    }
    let _ = match &place.amplitude {
        Amplitude::One => Ok(()),
        Amplitude::Constant(value) => writeln!(out, "amplitude = {value:?}"),
        Amplitude::Linear(rate) => writeln!(out, "amplitude = {{ linear = \"{:?} 1/Gyr\" }}", rate / GYR_PER_TIME_UNIT),
        Amplitude::Exponential(time) => writeln!(out, "amplitude = {{ exponential = \"{:?} Gyr\" }}", time * GYR_PER_TIME_UNIT),
        Amplitude::Table(track) => {
            writeln!(out, "amplitude = {{ times = {:?}, values = {:?} }}", gyr(&track.times), track.values)
        }
    };
}

impl Reader<'_> {
    /// The error with the line and column of a byte.
    fn at(&self, error: Error, byte: usize) -> Error {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        error.at(format!("line {line}, column {column} of `{}`", self.place))
    }

    fn wrong(&self, value: &Value, expected: &str) -> Error {
        let error = Error::usage("value of another type").expected(expected).found(value.get_ref().type_str());
        self.at(error, value.span().start)
    }

    fn array<'v, 'a>(&self, value: &'v Value<'a>) -> Result<Vec<&'v Value<'a>>> {
        Ok(value.get_ref().as_array().ok_or_else(|| self.wrong(value, "an array"))?.iter().collect())
    }

    /// A bare number, or a text with a unit of the dimension of `unit`.
    fn number(&self, value: &Value, unit: &str) -> Result<f64> {
        let bare = match value.get_ref() {
            DeValue::Integer(number) => Some(Cow::from(number.as_str())),
            DeValue::Float(number) => Some(Cow::from(number.as_str())),
            DeValue::String(text) => {
                let converted = Quantity::parse(text).and_then(|quantity| quantity.to(&Unit::parse(unit)?));
                return converted.map_err(|e| self.at(e.hint(format!("give it in {unit}")), value.span().start));
            }
            _ => None,
        };
        let number = bare.and_then(|text| text.replace('_', "").parse::<f64>().ok());
        number.ok_or_else(|| self.wrong(value, &format!("a number or a text such as \"1.5 {unit}\"")))
    }

    fn numbers(&self, value: &Value, unit: &str) -> Result<Vec<f64>> {
        self.array(value)?.into_iter().map(|v| self.number(v, unit)).collect()
    }

    fn three(&self, value: &Value, unit: &str) -> Result<[f64; 3]> {
        let numbers = self.numbers(value, unit)?;
        <[f64; 3]>::try_from(numbers).map_err(|_| self.wrong(value, "three numbers"))
    }

    fn rows(&self, value: &Value, unit: &str) -> Result<Vec<[f64; 3]>> {
        self.array(value)?.into_iter().map(|v| self.three(v, unit)).collect()
    }

    fn component(&self, table: &DeTable, start: usize) -> Result<Component> {
        let text = |key: &str| match table.get(key) {
            None => Err(self.at(Error::usage(format!("component has no {key}")), start)),
            Some(value) => value.get_ref().as_str().map(|s| (s, value.span().start)).ok_or_else(|| self.wrong(value, "a text")),
        };
        let (name, kind_at) = (text("name")?.0, text("kind")?);
        let kind = kind(kind_at.0).map_err(|e| self.at(e, kind_at.1))?;
        let fitted = fitted_kinds().any(|fitted| fitted.name == kind.name);
        let mut parameters: Vec<Option<f64>> = kind.parameters.iter().map(|p| p.default).collect();
        let mut placement = Placement::default();
        for (key, value) in table {
            let word = key.get_ref().as_ref();
            if fitted && [FILE, EXPANSION].contains(&word) {
                continue;
            }
            if let Some(index) = kind.parameters.iter().position(|p| p.name == word) {
                parameters[index] = Some(self.parameter(&kind.parameters[index], value)?);
            } else if KEYS.contains(&word) {
                self.place(&mut placement, word, value)?;
            } else {
                let known: Vec<&str> = kind
                    .parameters
                    .iter()
                    .map(|p| p.name)
                    .chain(KEYS)
                    .chain(fitted.then_some(FILE))
                    .chain(fitted.then_some(EXPANSION))
                    .collect();
                let error = Error::usage(format!("potential {} has no parameter `{word}`", kind.name)).expected(known.join(", "));
                let error = match nearest(word, known) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                };
                return Err(self.at(error, key.span().start));
            }
        }
        let mut values = Vec::with_capacity(parameters.len());
        for (parameter, value) in kind.parameters.iter().zip(parameters) {
            values.push(value.ok_or_else(|| {
                let error = Error::usage(format!("component `{name}` has no {}", parameter.name));
                self.at(error.expected(format!("{} [{}]: {}", parameter.name, parameter.unit, parameter.description)), start)
            })?);
        }
        if fitted {
            let component = self.fitted(name, kind.name, table, start)?;
            return component.placed(placement).map_err(|e| self.at(e, start));
        }
        Component::new(name, kind.name, &values).and_then(|c| c.placed(placement)).map_err(|e| self.at(e, start))
    }

    /// A fitted component, from its table or from its file.
    fn fitted(&self, name: &str, kind: &str, table: &DeTable, start: usize) -> Result<Component> {
        let (component, start) = match (table.get(EXPANSION), table.get(FILE)) {
            (Some(value), None) => {
                let place = format!("{}`, component `{name}", self.place);
                let expansion = Expansion::from_table(value, self.text, &place)?;
                (Component::expansion(name, None, Arc::new(expansion))?, value.span().start)
            }
            (None, Some(value)) => {
                let file = value.get_ref().as_str().ok_or_else(|| self.wrong(value, "a text"))?;
                let saved = (self.open)(file).map_err(|e| self.at(e, value.span().start))?;
                (Component::expansion(name, Some(file), Arc::new(Expansion::from_toml(&saved, file)?))?, value.span().start)
            }
            (None, None) => {
                let error = Error::usage(format!("component `{name}` has no {FILE} and no {EXPANSION}"));
                return Err(self.at(error.hint("`spolia potential fit` makes one"), start));
            }
            (Some(_), Some(value)) => {
                return Err(self.at(Error::usage(format!("component `{name}` has both {FILE} and {EXPANSION}")), value.span().start));
            }
        };
        if component.kind.name == kind {
            return Ok(component);
        }
        let error = Error::mismatch(format!("component `{name}` holds another kind")).expected(kind).found(component.kind.name);
        Err(self.at(error, start))
    }

    fn parameter(&self, parameter: &Parameter, value: &Value) -> Result<f64> {
        let number = self.number(value, parameter.unit)?;
        if parameter.allowed.holds(number) {
            return Ok(number);
        }
        let error = Error::new(ErrorKind::Domain, format!("{} makes no sense", parameter.name));
        Err(self.at(error.expected(format!("{} [{}]", parameter.allowed.text(), parameter.unit)).found(number), value.span().start))
    }

    fn place(&self, placement: &mut Placement, key: &str, value: &Value) -> Result<()> {
        match key {
            "centre" => placement.centre_kpc = self.three(value, "kpc")?,
            "orientation" => {
                let rows = self.rows(value, "1")?;
                placement.orientation = Some(<[[f64; 3]; 3]>::try_from(rows).map_err(|_| self.wrong(value, "three rows"))?);
            }
            "pattern_speed" => placement.pattern_speed_kms_kpc = self.number(value, "km/s/kpc")?,
            "angle" => placement.angle_rad = self.number(value, "rad")?,
            "path" => placement.path = Some(self.path(value)?),
            "amplitude" => placement.amplitude = self.amplitude(value)?,
            _ => {}
        }
        Ok(())
    }

    /// The entry `key`, and no others than those in `known`.
    fn entry<'v, 'a>(&self, value: &'v Value<'a>, key: &str, known: &[&str]) -> Result<Option<&'v Value<'a>>> {
        let table = value.get_ref().as_table().ok_or_else(|| self.wrong(value, "a table"))?;
        if let Some((other, _)) = table.iter().find(|(k, _)| !known.contains(&k.get_ref().as_ref())) {
            let error = Error::usage(format!("unknown key `{}`", other.get_ref())).expected(known.join(", "));
            return Err(self.at(error, other.span().start));
        }
        Ok(table.get(key))
    }

    fn times(&self, value: &Value, known: &[&str]) -> Result<Vec<f64>> {
        let times = self.entry(value, "times", known)?.ok_or_else(|| self.wrong(value, "a table with times"))?;
        Ok(self.numbers(times, "Gyr")?.into_iter().map(|t| t / GYR_PER_TIME_UNIT).collect())
    }

    fn path(&self, value: &Value) -> Result<[Track; 3]> {
        let known = ["times", "positions", "velocities"];
        let times = self.times(value, &known)?;
        let positions = self.entry(value, "positions", &known)?.ok_or_else(|| self.wrong(value, "a table with positions"))?;
        let positions = self.rows(positions, "kpc")?;
        let velocities = self.entry(value, "velocities", &known)?.map(|v| self.rows(v, "km/s")).transpose()?;
        let column = |rows: &[[f64; 3]], axis: usize| rows.iter().map(|row| row[axis]).collect::<Vec<_>>();
        let track = |axis: usize| {
            let slopes = velocities.as_ref().map(|rows| column(rows, axis));
            Track::new(times.clone(), column(&positions, axis), slopes, false).map_err(|e| self.at(e, value.span().start))
        };
        Ok([track(0)?, track(1)?, track(2)?])
    }

    fn amplitude(&self, value: &Value) -> Result<Amplitude> {
        if value.get_ref().as_table().is_none() {
            return Ok(Amplitude::Constant(self.number(value, "1")?));
        }
        let known = ["linear", "exponential", "times", "values"];
        if let Some(rate) = self.entry(value, "linear", &known)? {
            return Ok(Amplitude::Linear(self.number(rate, "1/Gyr")? * GYR_PER_TIME_UNIT));
        }
        if let Some(time) = self.entry(value, "exponential", &known)? {
            return Ok(Amplitude::Exponential(self.number(time, "Gyr")? / GYR_PER_TIME_UNIT));
        }
        let times = self.times(value, &known)?;
        let values = self.entry(value, "values", &known)?.ok_or_else(|| self.wrong(value, "a table with values"))?;
        let track = Track::new(times, self.numbers(values, "1")?, None, true).map_err(|e| self.at(e, value.span().start))?;
        Ok(Amplitude::Table(track))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_units_and_a_place_goes_there_and_back() {
        let text = r#"
            [[component]]
            name = "halo"
            kind = "nfw"
            mass = "4.37e11 Msun"
            scale = "16000 pc"
            [[component]]
            name = "bar"
            kind = "triaxial_nfw"
            mass = 1e10
            scale = 2
            q1 = 0.5
            pattern_speed = "40 km/s/kpc"
            angle = "30 deg"
            centre = [0, "100 pc", 0.0]
            amplitude = { exponential = "3 Gyr" }
            path = { times = [-1, 0], positions = [[0, 0, 0], [1, 2, 3]] }
        "#;
        let potential = Potential::from_toml(text, "galaxy.toml").unwrap();
        assert_eq!(potential.parameters(), [4.37e11, 16.0, 1e10, 2.0, 0.5, 1.0]);
        let place = potential.components[1].placement().unwrap();
        assert!((place.angle_rad - std::f64::consts::FRAC_PI_6).abs() < 1e-15 && place.centre_kpc[1] == 0.1);
        assert!(matches!(place.amplitude, Amplitude::Exponential(t) if (t - 3.0 / GYR_PER_TIME_UNIT).abs() < 1e-14));
        let again = Potential::from_toml(&potential.to_toml(), "again").unwrap();
        let p = [3.0, 4.0, 5.0];
        let value = |q: &Potential| q.potential(&q.prepare(), -0.3, p);
        assert!((value(&again) / value(&potential) - 1.0).abs() < 1e-14, "{}", potential.to_toml());
    }

    #[test]
    fn errors_name_line_and_column() {
        let one = |rest: &str| {
            let text = format!("[[component]]\nname = \"halo\"\n{rest}\n");
            Potential::from_toml(&text, "g.toml").unwrap_err().to_string()
        };
        let all = [
            (one("kind = \"nfww\""), ["line 3, column 8 of `g.toml`", "did you mean `nfw`?"]),
            (one("kind = \"nfw\"\nmas = 3"), ["line 4, column 1", "did you mean `mass`?"]),
            (one("kind = \"nfw\"\nmass = \"1 Msun\"\nscale = \"3 Msun\""), ["line 5, column 9", "give it in kpc"]),
            (one("kind = \"nfw\"\nmass = \"1 Msun\"\nscale = -3"), ["line 5, column 9", "a number above 0 [kpc]"]),
            (one("kind = \"nfw\"\nmass = \"1 Msun\""), ["line 1, column 1", "has no scale"]),
            (one("kind = \"nfw\"\nmass = true"), ["line 4, column 8", "a number or a text"]),
            (
                one("kind = \"nfw\"\nmass = 1\nscale = 1\npath = { times = [0, 0], positions = [[0,0,0],[0,0,0]] }"),
                ["line 6", "do not ascend"],
            ),
            (one("kind = \"nfw\"\nmass = 1\nscale = 1\namplitude = { grows = 1 }"), ["line 6, column 15", "linear, exponential"]),
            (one("kind = "), ["no valid TOML", "line 3"]),
        ];
        for (text, parts) in all {
            for part in parts {
                assert!(text.contains(part), "`{part}` in:\n{text}");
            }
        }
        assert!(Potential::from_toml("", "x").is_err() && Potential::from_toml("a = 1", "x").is_err());
    }
}
