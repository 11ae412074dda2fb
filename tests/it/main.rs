//! The one integration binary.

mod ingest_hdf5;
