//! Parameters of steps: what a kind takes, what a file gives, and the effective values with all defaults.
//!
//! Units      quantities are written `"10kpc"` or as a bare number in the unit of the parameter, and kept in that unit
//! Refuses    unknown names, wrong types, quantities of another dimension, missing required values: each with line and caret
//! See also   `steps` whose kinds declare them, `record` which keeps them

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::source::Source;
use crate::error::{Error, Result};
use crate::units::{Quantity, Unit};

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number that is not negative.
    Count,
    /// A number with a unit, kept in this unit.
    Quantity(&'static str),
    /// `true` or `false`.
    Flag,
    /// A list of texts; one text alone is a list of one.
    Texts,
    /// Two numbers or quantities, the lesser first.
    Span,
}

/// One parameter of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Name in the file.
    pub name: &'static str,
    /// What it holds.
    pub shape: Shape,
    /// Value when the file is silent, as it would be written; none: absent, or refused when required.
    pub default: Option<&'static str>,
    /// Whether a step must give it.
    pub required: bool,
    /// One line.
    pub description: &'static str,
}

/// A parameter that may be left out.
pub const fn optional(name: &'static str, shape: Shape, description: &'static str) -> Parameter {
    Parameter { name, shape, default: None, required: false, description }
}

/// A parameter that must be given.
pub const fn required(name: &'static str, shape: Shape, description: &'static str) -> Parameter {
    Parameter { name, shape, default: None, required: true, description }
}

/// A parameter with a default, written as in the file.
pub const fn defaulted(name: &'static str, shape: Shape, default: &'static str, description: &'static str) -> Parameter {
    Parameter { name, shape, default: Some(default), required: false, description }
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text or word.
    Text(String),
    /// Count.
    Count(u64),
    /// Number in the parameter's unit.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Texts.
    Texts(Vec<String>),
    /// Lesser and greater bound.
    Span(f64, f64),
}

impl Value {
    /// As JSON, for records and for identities.
    pub fn json(&self) -> Json {
        match self {
            Value::Text(text) => json!(text),
            Value::Count(n) => json!(n),
            Value::Number(x) => json!(x),
            Value::Flag(b) => json!(b),
            Value::Texts(list) => json!(list),
            Value::Span(low, high) => json!([low, high]),
        }
    }

    /// Every text in it.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Value::Text(text) => vec![text],
            Value::Texts(list) => list.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// The effective parameters of one step, defaults included.
#[derive(Clone, Debug, Default)]
pub struct Values {
    values: BTreeMap<&'static str, Value>,
    spans: BTreeMap<&'static str, Range<usize>>,
}

impl Values {
    /// Adds what the file gives for `parameter`.
    pub fn give(&mut self, source: &Source, parameter: &Parameter, span: Range<usize>, value: &DeValue) -> Result<()> {
        let value = read(source, parameter, &span, value)?;
        self.values.insert(parameter.name, value);
        self.spans.insert(parameter.name, span);
        Ok(())
    }

    /// Adds defaults, and refuses what is missing; `span` is the place of the step.
    pub fn complete(&mut self, source: &Source, parameters: &'static [Parameter], span: &Range<usize>) -> Result<()> {
        for parameter in parameters {
            if self.values.contains_key(parameter.name) {
                continue;
            }
            if parameter.required {
                return Err(source.error(span, format!("the step lacks `{}`", parameter.name)).expected(parameter.description));
            }
            if let Some(text) = parameter.default {
                let parsed = DeValue::parse(text).map_err(|e| Error::internal("a default makes no sense").because(e.message()))?;
                let value = read(source, parameter, span, parsed.get_ref())?;
                self.values.insert(parameter.name, value);
            }
        }
        Ok(())
    }

    /// Every value by name.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    /// Place of a value in the file, if it stands there.
    pub fn span(&self, name: &str) -> Option<&Range<usize>> {
        self.spans.get(name)
    }

    /// Whether it stands in the file.
    pub fn is_given(&self, name: &str) -> bool {
        self.spans.contains_key(name)
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.values.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A list of texts; empty if absent.
    pub fn list(&self, name: &str) -> &[String] {
        match self.values.get(name) {
            Some(Value::Texts(list)) => list,
            _ => &[],
        }
    }

    /// A count.
    pub fn count(&self, name: &str) -> Option<u64> {
        match self.values.get(name) {
            Some(Value::Count(n)) => Some(*n),
            _ => None,
        }
    }

    /// A number in the unit of its parameter.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.values.get(name) {
            Some(Value::Number(x)) => Some(*x),
            _ => None,
        }
    }

    /// Yes or no.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.values.get(name) {
            Some(Value::Flag(b)) => Some(*b),
            _ => None,
        }
    }

    /// Two bounds.
    pub fn bounds(&self, name: &str) -> Option<(f64, f64)> {
        match self.values.get(name) {
            Some(Value::Span(low, high)) => Some((*low, *high)),
            _ => None,
        }
    }
}

fn read(source: &Source, parameter: &Parameter, span: &Range<usize>, value: &DeValue) -> Result<Value> {
    let wrong = |expected: String| {
        source.error(span, format!("`{}` cannot be {}", parameter.name, article(value))).expected(expected).hint(parameter.description)
    };
    match (parameter.shape, value) {
        (Shape::Text, DeValue::String(text)) => Ok(Value::Text(text.to_string())),
        (Shape::Text, _) => Err(wrong("a text in quotes".into())),
        (Shape::Word(words), DeValue::String(text)) => match words.contains(&text.as_ref()) {
            true => Ok(Value::Text(text.to_string())),
            false => Err(source.unknown(span, &format!("`{}` cannot be", parameter.name), text, words)),
        },
        (Shape::Word(words), _) => Err(wrong(format!("one of {}", words.join(", ")))),
        (Shape::Count, DeValue::Integer(n)) => match u64::from_str_radix(n.as_str(), n.radix()) {
            Ok(count) => Ok(Value::Count(count)),
            Err(_) => Err(wrong("a whole number from 0 to 2^64 - 1".into())),
        },
        (Shape::Count, _) => Err(wrong("a whole number".into())),
        (Shape::Quantity(unit), _) => {
            number(value, unit).map(Value::Number).map_err(|e| placed(source, span, e, wrong(quantity_form(unit))))
        }
        (Shape::Flag, DeValue::Boolean(b)) => Ok(Value::Flag(*b)),
        (Shape::Flag, _) => Err(wrong("true or false".into())),
        (Shape::Texts, DeValue::String(text)) => Ok(Value::Texts(vec![text.to_string()])),
        (Shape::Texts, DeValue::Array(items)) => {
            let texts = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.to_string()),
                _ => Err(wrong("a list of texts in quotes".into())),
            });
            texts.collect::<Result<_>>().map(Value::Texts)
        }
        (Shape::Texts, _) => Err(wrong("a list of texts in quotes".into())),
        (Shape::Span, DeValue::Array(items)) => match items.iter().map(|i| bare(i.get_ref())).collect::<Option<Vec<f64>>>().as_deref() {
            Some([low, high]) if low < high => Ok(Value::Span(*low, *high)),
            _ => Err(wrong("two numbers, the lesser first: [0, 14]".into())),
        },
        (Shape::Span, _) => Err(wrong("two numbers, the lesser first: [0, 14]".into())),
    }
}

/// A finite number without a unit.
fn bare(value: &DeValue) -> Option<f64> {
    let number = match value {
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| n as f64),
        DeValue::Float(x) => x.as_str().parse::<f64>().ok(),
        _ => None,
    };
    number.filter(|x| x.is_finite())
}

/// A number in `unit`; none in the error when the value has the wrong type.
fn number(value: &DeValue, unit: &str) -> std::result::Result<f64, Option<Error>> {
    match value {
        DeValue::String(text) => {
            let quantity = Quantity::parse(text)?;
            Ok(quantity.to(&Unit::parse(unit)?)?)
        }
        other => bare(other).ok_or(None),
    }
}

fn placed(source: &Source, span: &Range<usize>, cause: Option<Error>, otherwise: Error) -> Error {
    match cause {
        Some(error) => error.at(source.place(span)),
        None => otherwise,
    }
}

fn quantity_form(unit: &str) -> String {
    if unit == "1" { "a number".to_string() } else { format!("a quantity such as \"10{unit}\"") }
}

fn article(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "this whole number",
        DeValue::Float(_) => "this number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "this list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn value(shape: Shape, text: &str) -> Result<Value> {
        let source = Source::new(Path::new("a.toml"), text.to_string());
        let parsed = DeValue::parse(text).unwrap();
        read(&source, &optional("width", shape, "side of the map"), &parsed.span(), parsed.get_ref())
    }

    #[test]
    fn quantities_come_in_the_unit_of_their_parameter() {
        assert_eq!(value(Shape::Quantity("kpc"), "\"2Mpc\"").unwrap(), Value::Number(2000.0));
        assert_eq!(value(Shape::Quantity("kpc"), "12.5").unwrap(), Value::Number(12.5));
        let wrong = value(Shape::Quantity("kpc"), "\"3 km/s\"").unwrap_err().to_string();
        assert!(wrong.contains("km/s") && wrong.contains("line 1, column 1"), "{wrong}");
        for bad in ["true", "inf", "nan", "[1]", "\"kpc 3 3\""] {
            assert!(value(Shape::Quantity("kpc"), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn types_are_checked() {
        assert_eq!(value(Shape::Count, "0x10").unwrap(), Value::Count(16));
        assert_eq!(value(Shape::Texts, "\"svg\"").unwrap(), Value::Texts(vec!["svg".into()]));
        assert_eq!(value(Shape::Span, "[-1, 2.5]").unwrap(), Value::Span(-1.0, 2.5));
        for (shape, bad) in [
            (Shape::Count, "-3"),
            (Shape::Count, "99999999999999999999999"),
            (Shape::Texts, "[1, 2]"),
            (Shape::Span, "[2, 1]"),
            (Shape::Span, "[1]"),
            (Shape::Flag, "1"),
            (Shape::Text, "1979-05-27"),
        ] {
            assert!(value(shape, bad).unwrap_err().to_string().contains("^"), "{bad}");
        }
        let word = value(Shape::Word(&["face_on", "center"]), "\"faceon\"").unwrap_err().to_string();
        assert!(word.contains("did you mean `face_on`?"), "{word}");
    }
}
