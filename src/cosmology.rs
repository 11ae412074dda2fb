//! stub
/// LCDM with radiation and neutrinos.
#[derive(Clone, Debug, PartialEq)]
pub struct Cosmology {}
