//! Spolia: from raw simulation snapshots to SQL answers, figures and physics.
//!
//! Layers (a file uses its own layer or a lower one; `tests/it/layers.rs` enforces it):
//!
//! ```text
//!   5 doors    cli
//!   4 flow     pipeline  plot
//!   3 sql      sql
//!   2 data     ingest  table
//!   1 physics  orbits  nbody  chemistry           slices in, slices out: no Arrow, no SQL, no files
//!   0 words    error  progress  units  constants  cosmology  frames  numeric  device  citations
//! ```

pub mod chemistry;
pub mod citations;
pub mod constants;
pub mod cosmology;
pub mod device;
pub mod error;
pub mod frames;
pub mod ingest;
pub mod nbody;
pub mod numeric;
pub mod orbits;
pub mod progress;
pub mod table;
pub mod units;

#[cfg(feature = "sql")]
pub mod cli;
#[cfg(feature = "sql")]
pub mod pipeline;
#[cfg(feature = "sql")]
pub mod plot;
#[cfg(feature = "sql")]
pub mod sql;

pub use error::{Error, ErrorKind, Result};
