//! The one integration binary; each module tests one area.

// Helpers of tests stand outside of the test functions that the lints know.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod allocation;
#[cfg(feature = "sql")]
mod births;
#[cfg(feature = "sql")]
mod cli;
mod damage;
mod dataset;
mod demo;
#[cfg(feature = "sql")]
mod demo_queries;
#[cfg(feature = "sql")]
mod descriptors;
#[cfg(feature = "sql")]
mod docs;
#[cfg(feature = "sql")]
mod export;
#[cfg(feature = "sql")]
mod faults;
#[cfg(feature = "sql")]
mod galaxy;
mod handed_over;
mod ingest_checks;
mod ingest_eagle;
mod ingest_gadget_binary;
mod ingest_halos;
mod ingest_hdf5;
mod ingest_nihao_fits;
mod ingest_tipsy;
mod layers;
mod licences;
mod mutate;
#[cfg(feature = "sql")]
mod open_switches;
mod orbits_for_peers;
#[cfg(feature = "sql")]
mod order;
mod peer_defects;
#[cfg(feature = "sql")]
mod pipeline;
#[cfg(feature = "sql")]
mod potential_fit;
#[cfg(feature = "sql")]
mod processes;
#[cfg(feature = "sql")]
mod records;
#[cfg(feature = "sql")]
mod same_bits;
mod sample_values;
mod shared;
#[cfg(feature = "sql")]
mod slt;
#[cfg(feature = "sql")]
mod speed_aggregates;
#[cfg(feature = "sql")]
mod sql_core;
mod style;
mod tree;
