//! The one integration binary; each module tests one area.

mod dataset;
mod ingest_hdf5;
mod ingest_tipsy;
mod same_bits;
mod slt;
mod tipsy_damage;
