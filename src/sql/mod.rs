//! SQL over datasets and raw snapshots: sessions, tables, functions, units, limits.
//!
//! Layout     text      `limits` `text` `caret` `errors`
//!            names     `sources` `resolve` `catalog` `table_name` `derived` `frame_axis`
//!            tables    `parquet_table` `byte_source` `snapshot_table` `implied`
//!            meaning   `units` `unit_expr` `order` `concatenation` `headers`
//!            running   `session` `engine` `perform` `statement` `run` `copy` `particles` `fit` `create_frame` `settings` `tables`
//!            language  `functions` `aggregates`
//! See also   ARCHITECTURE.md, docs/reference/sql.md

pub mod aggregates;
pub mod functions;
pub mod limits;
pub mod session;

mod byte_source;
pub(crate) mod caret;
mod catalog;
mod concatenation;
mod copy;
mod create_frame;
pub mod derived;
mod engine;
mod errors;
mod fit;
mod frame_axis;
mod headers;
mod implied;
mod order;
mod parquet_table;
mod particles;
mod perform;
mod resolve;
mod run;
mod settings;
mod snapshot_table;
mod sources;
mod statement;
mod table_name;
mod tables;
pub(crate) mod text;
mod tree_function;
mod unit_expr;
mod units;
pub mod watch;

pub use fit::{FitRequest, Fitted};
pub use limits::Limits;
pub use particles::{FamiliesRequest, summary as export_summary};
pub use session::{Answer, Canceller, Session, SessionOptions, TableSummary};
