//! Columns that are computed when a query names them: abundances, radii, velocities in the disc, angular momentum.
//!
//! Formula    `feh` is abundance('Fe', 'H', x_fe, x_h), or abundance_z('Fe', x_fe, z_metal) where no hydrogen is stored;
//!            `r` and `radius` are radius(x, y, z), `v_phi` is v_phi(x, y, vx, vy), and so on
//! Edge cases a stored column of the same name wins; `SELECT *` shows a derived column only if the query names it elsewhere
//! See also   `functions`, `resolve` which adds them to a table

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::Schema;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::Token;

use super::text::{SqlText, word};

/// Derived columns of positions and velocities: name, formula, stored columns that it needs, unit, description.
const KINEMATIC: &[Kinematic] = &[
    kinematic("r", "radius(x, y, z)", &["x", "y", "z"], "kpc", "distance from the origin"),
    kinematic("radius", "radius(x, y, z)", &["x", "y", "z"], "kpc", "distance from the origin, the same as r"),
    kinematic("r_cyl", "r_cyl(x, y)", &["x", "y"], "kpc", "distance from the z axis"),
    kinematic("v_r", "v_r(x, y, vx, vy)", &["x", "y", "vx", "vy"], "km/s", "velocity away from the z axis"),
    kinematic("v_phi", "v_phi(x, y, vx, vy)", &["x", "y", "vx", "vy"], "km/s", "velocity round the z axis"),
    kinematic("v_z", "vz", &["vz"], "km/s", "velocity along the z axis"),
    kinematic("speed", "speed(vx, vy, vz)", &["vx", "vy", "vz"], "km/s", "magnitude of the velocity"),
    kinematic("lz", "lz(x, y, vx, vy)", &["x", "y", "vx", "vy"], "kpc.km/s", "specific angular momentum along the z axis"),
];

/// Elements whose mass fractions a snapshot may hold.
const ELEMENTS: &[&str] =
    &["h", "he", "c", "n", "o", "ne", "na", "mg", "al", "si", "s", "ca", "ti", "cr", "mn", "fe", "co", "ni", "zn", "sr", "y", "ba", "eu"];

#[derive(Clone, Copy, Debug)]
struct Kinematic {
    name: &'static str,
    formula: &'static str,
    needs: &'static [&'static str],
    unit: &'static str,
    description: &'static str,
}

const fn kinematic(
    name: &'static str,
    formula: &'static str,
    needs: &'static [&'static str],
    unit: &'static str,
    description: &'static str,
) -> Kinematic {
    Kinematic { name, formula, needs, unit, description }
}

/// A column that can be computed from those of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// Name.
    pub name: String,
    /// SQL expression over stored columns.
    pub formula: String,
    /// Unit.
    pub unit: String,
    /// One line.
    pub description: String,
}

/// The derived column `name` of a table with columns `schema`; none if a stored column has that name or an input is missing.
pub fn column(name: &str, schema: &Schema) -> Option<Derived> {
    let has = |column: &str| schema.column_with_name(column).is_some();
    if has(name) {
        return None;
    }
    if let Some(k) = KINEMATIC.iter().find(|k| k.name == name) {
        return k.needs.iter().all(|c| has(c)).then(|| Derived {
            name: name.to_string(),
            formula: k.formula.to_string(),
            unit: k.unit.to_string(),
            description: k.description.to_string(),
        });
    }
    let (numerator, denominator) = ratio(name)?;
    let (above, below) = (symbol(numerator), symbol(denominator));
    let (x_above, x_below) = (format!("x_{numerator}"), format!("x_{denominator}"));
    let formula = if has(&x_above) && has(&x_below) {
        format!("abundance('{above}', '{below}', {x_above}, {x_below})")
    } else if denominator == "h" && has(&x_above) && has("z_metal") {
        format!("abundance_z('{above}', {x_above}, z_metal)")
    } else if denominator != "h" && has(&format!("{numerator}h")) && has(&format!("{denominator}h")) {
        // Tables such as NIHAO-UHD's hold [X/H] instead of mass fractions.
        format!("{numerator}h - {denominator}h")
    } else {
        return None;
    };
    Some(Derived { name: name.to_string(), formula, unit: "dex".to_string(), description: format!("[{above}/{below}]") })
}

/// Why `name` is not there although it can be derived from other data.
pub fn missing(name: &str, schema: &Schema) -> Option<String> {
    if schema.column_with_name(name).is_some() || column(name, schema).is_some() {
        return None;
    }
    let absent = |needs: &[String]| -> Vec<String> { needs.iter().filter(|c| schema.column_with_name(c).is_none()).cloned().collect() };
    let needs: Vec<String> = match KINEMATIC.iter().find(|k| k.name == name) {
        Some(k) => k.needs.iter().map(|c| c.to_string()).collect(),
        None => {
            let (numerator, denominator) = ratio(name)?;
            vec![format!("x_{numerator}"), format!("x_{denominator}")]
        }
    };
    let absent = absent(&needs);
    if absent.is_empty() {
        None
    } else {
        Some(format!("{name} is computed from {}, but the table has no {}", needs.join(", "), absent.join(", ")))
    }
}

/// Every derived column of a table, for listings: kinematic ones, then ratios to hydrogen and to iron.
pub fn all(schema: &Schema) -> Vec<Derived> {
    let kinematic = KINEMATIC.iter().map(|k| k.name.to_string());
    let to_hydrogen = ELEMENTS.iter().map(|e| format!("{e}h"));
    let to_iron = ELEMENTS.iter().map(|e| format!("{e}fe"));
    let others = ["mgmn".to_string()];
    kinematic.chain(to_hydrogen).chain(to_iron).chain(others).filter_map(|name| column(&name, schema)).collect()
}

/// The derived columns that `wanted` names.
pub fn named(wanted: &BTreeSet<String>, schema: &Schema) -> Vec<Derived> {
    wanted.iter().filter_map(|name| column(name, schema)).collect()
}

/// Words of a text that may be columns: no function, no table alias before a dot, no new name of a result.
pub fn column_words(text: &SqlText) -> BTreeSet<String> {
    let tokens = text.tokens();
    let mut found = BTreeSet::new();
    for (i, token) in tokens.iter().enumerate() {
        let Some(name) = word(&token.token) else { continue };
        let next = tokens.get(i + 1).map(|t| &t.token);
        let called = matches!(next, Some(Token::LParen | Token::Period));
        if !called && !renames(i.checked_sub(1).and_then(|k| tokens.get(k)).map(|t| &t.token)) {
            found.insert(name.to_lowercase());
        }
    }
    found
}

/// Whether a word after `previous` is a new name: after AS, or straight after an operand.
fn renames(previous: Option<&Token>) -> bool {
    match previous {
        Some(Token::Word(w)) => w.keyword == Keyword::AS || w.keyword == Keyword::NoKeyword,
        Some(Token::RParen | Token::RBracket | Token::Number(..) | Token::SingleQuotedString(_)) => true,
        _ => false,
    }
}

/// `mgfe` as (`mg`, `fe`).
fn ratio(name: &str) -> Option<(&str, &str)> {
    (1..=2).filter_map(|cut| name.split_at_checked(cut)).find(|(a, b)| a != b && ELEMENTS.contains(a) && ELEMENTS.contains(b) && *a != "h")
}

fn symbol(element: &str) -> String {
    let mut letters = element.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::{DataType, Field};

    fn schema(names: &[&str]) -> Schema {
        Schema::new(names.iter().map(|n| Field::new(*n, DataType::Float32, false)).collect::<Vec<_>>())
    }

    #[test]
    fn abundances_use_stored_hydrogen_else_the_fallback() {
        let with = schema(&["x_fe", "x_h", "x_mg", "z_metal"]);
        assert_eq!(column("feh", &with).unwrap().formula, "abundance('Fe', 'H', x_fe, x_h)");
        assert_eq!(column("mgfe", &with).unwrap().formula, "abundance('Mg', 'Fe', x_mg, x_fe)");
        let without = schema(&["x_fe", "z_metal"]);
        assert_eq!(column("feh", &without).unwrap().formula, "abundance_z('Fe', x_fe, z_metal)");
        assert_eq!(column("ofe", &without), None);
        assert_eq!(missing("ofe", &without).unwrap(), "ofe is computed from x_o, x_fe, but the table has no x_o");
        assert_eq!(column("feh", &schema(&["feh", "x_fe", "x_h"])), None);
        assert_eq!(column("mgfe", &schema(&["feh", "mgh"])).unwrap().formula, "mgh - feh");
        assert_eq!(column("feh", &schema(&["oh", "mgh"])), None);
        assert_eq!(missing("massa", &without), None);
    }

    #[test]
    fn only_words_in_the_place_of_a_column_count() {
        let words = |sql: &str| column_words(&SqlText::new(sql).unwrap());
        assert!(words("select avg(feh) from stars").contains("feh"));
        assert!(!words("select radius(x,y,z) as r, v_phi(x,y,vx,vy) from stars").contains("r"));
        assert!(!words("select radius(x,y,z) r from stars").contains("r"));
        assert!(!words("select v_phi(x,y,vx,vy) from stars").contains("v_phi"));
        assert!(!words("select r.x from stars r").contains("r"));
        assert!(words("select s.feh from stars s").contains("feh"));
        assert!(words("select * from stars where r < 5").contains("r"));
    }
}
