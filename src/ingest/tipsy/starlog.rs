//! The star formation log `NAME.starlog`.

/// Bytes of a record without molecular hydrogen and with 32-bit ids.
pub const PLAIN_RECORD_BYTES: u32 = 88;
