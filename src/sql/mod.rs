//! SQL over datasets and raw snapshots: sessions, tables, functions, units, limits.
//!
//! Layout     `session` is the door; `catalog` turns names into tables; `functions` and `aggregates` extend the language
//! See also   ARCHITECTURE.md, docs/reference/sql.md

pub mod aggregates;
pub mod functions;
pub mod limits;
pub mod session;

pub use limits::Limits;
pub use session::{Answer, Canceller, Session, SessionOptions, TableSummary};
