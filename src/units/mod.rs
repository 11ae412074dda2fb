//! Units as products of named symbols with rational exponents, so that answers keep the user's own words.
//!
//! Layout     `symbols` the known units, `parse` text to [`Unit`], `rational` exponents, `unit` the algebra, `quantity`
//! Source     VOUnits 1.1 (IVOA 2023); symbol values from IAU 2012 B2, IAU 2015 B3, CODATA 2018
//! See also   `table::schema`, SQL function `convert()`

mod parse;
mod quantity;
mod rational;
mod symbols;
mod unit;

pub use quantity::Quantity;
pub use unit::Unit;
