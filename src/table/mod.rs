//! stub

/// Canonical columns and field metadata.
pub mod schema;
