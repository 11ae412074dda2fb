//! Datasets on disk: manifests, checked reads, atomic writes, the order of rows.
//!
//! ```text
//!   galaxy.spolia/
//!     HEAD                                   version number and digest of its manifest; renaming it into place is the commit
//!     versions/000003.json                   `manifest`
//!     data/stars/snap=01024/<hash>.parquet   `parquet_file`, rows in the order of `layout`; immutable
//!     data/snapshots/<hash>.parquet          a table of the whole dataset, as is `potentials`
//!     tmp/                                   work of the writer that holds `lock`; journal/ remembers finished tables
//! ```

pub(crate) mod aside;
/// Checked reads of data files.
pub mod checksum;
/// Datasets: open, versions, tables, files, schemas.
pub mod dataset;
pub(crate) mod durable;
mod exact;
mod journal;
/// The order of rows.
pub mod layout;
/// Manifests.
pub mod manifest;
pub(crate) mod parquet_file;
pub(crate) mod physics;
/// Potentials in files and datasets.
pub mod potentials;
/// Canonical columns and field metadata.
pub mod schema;
/// Statistics of columns, summaries of datasets.
pub mod statistics;
/// Schemas in the manifest.
pub mod stored_schema;
/// Verification.
pub mod verify;
/// Transactions.
pub mod write;

pub use checksum::{CheckedFile, parquet_metadata};
pub use dataset::Dataset;
pub use manifest::{ColumnStats, FileEntry, FrameEntry, Manifest, Scalar, SnapshotEntry, SourceEntry, TableEntry};
pub use parquet_file::ROW_GROUP_ROWS;
pub use write::{TableWriter, Transaction};

/// Results as bytes in the output formats.
pub mod compact;
pub mod export;
pub mod fits;
/// A table as text for a terminal.
pub mod text;
