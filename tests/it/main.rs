//! The one integration binary; each module tests one area.

mod dataset;
mod demo;
#[cfg(feature = "sql")]
mod demo_queries;
mod ingest_hdf5;
mod ingest_tipsy;
#[cfg(feature = "sql")]
mod pipeline;
#[cfg(feature = "sql")]
mod same_bits;
#[cfg(feature = "sql")]
mod slt;
#[cfg(feature = "sql")]
mod sql_bench;
#[cfg(feature = "sql")]
mod sql_core;
mod tipsy_damage;
