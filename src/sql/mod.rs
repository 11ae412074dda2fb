//! SQL over datasets and raw snapshots: sessions, tables, functions, units, limits.
pub mod functions;
pub mod session;
pub use session::{Answer, Session, SessionOptions};
