//! The figures, one file each, and their registry.
//!
//! See also   `plot::FigureKind`

mod age_feh;
mod edge_on;
mod face_on;
mod feh_vphi;
mod hist2d;
mod joint;
mod lz_energy;
mod lz_jr;
mod profile;
mod projection;
mod sfh;

use super::FigureKind;

/// Every figure, in the order of the reference page.
pub(super) static KINDS: &[&dyn FigureKind] = &[
    &face_on::FaceOn,
    &edge_on::EdgeOn,
    &hist2d::Hist2d,
    &profile::Profile,
    &sfh::StarFormationHistory,
    &age_feh::AgeFeh,
    &feh_vphi::FehVphi,
    &lz_energy::LzEnergy,
    &lz_jr::LzJr,
];
