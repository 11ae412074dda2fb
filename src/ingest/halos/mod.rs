//! Halo catalogues and merger trees: AHF, Rockstar, consistent-trees, SUBFIND, EAGLE, SubLink, LHaloTree.
//!
//! Layout     a catalogue is a format like every other, whose tables are `halos`, `halo_members`, `merger_tree` and `halo_profiles`; it
//!            is opened alone, or with the snapshot of particles that it lies beside
//! Units      physical Msun, kpc, km/s; h and scale factor from the catalogue, else from its snapshot, else from the user
//! Refuses    what contradicts itself: counts, identifiers twice, masses that are negative, links that lead nowhere inside a tree
//! See also   docs/guides/halos.md; `catalogue` for the shape of a reader, `companions` for what lies beside a snapshot

mod ahf;
mod catalogue;
mod check;
pub(super) mod companions;
mod eagle;
mod groups;
mod hdf;
mod rockstar;
mod subfind;
mod table;
mod text;
mod units;

pub use ahf::Ahf;
pub use ahf::stat::AmigaStat;
pub use eagle::Eagle;
pub use rockstar::Rockstar;
pub use rockstar::consistent_trees::ConsistentTrees;
pub use rockstar::list::RockstarList;
pub use subfind::Subfind;
pub use subfind::lhalotree::LHaloTree;
pub use subfind::sublink::SubLink;

use catalogue::Reader;

/// Names of the formats that hold haloes only.
pub(super) const NAMES: [&str; 9] = [
    Eagle::NAME,
    Ahf::NAME,
    AmigaStat::NAME,
    Rockstar::NAME,
    RockstarList::NAME,
    ConsistentTrees::NAME,
    Subfind::NAME,
    SubLink::NAME,
    LHaloTree::NAME,
];
