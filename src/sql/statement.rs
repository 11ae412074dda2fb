//! What one SQL statement asks for, decided before and after planning.
//!
//! Refuses    writing in a read-only session; statements that change a dataset's rows (INSERT, UPDATE, DELETE)
//! See also   `engine` which carries them out

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::config::ConfigExtension;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{DdlStatement, LogicalPlan, Statement as PlanStatement};
use datafusion::sql::parser::{CopyToSource, Statement as Parsed};
use datafusion::sql::sqlparser::ast;

use super::copy::Format;
use super::settings::Settings;
use crate::error::{Error, Result};

/// What a statement does.
#[derive(Debug)]
pub enum Action {
    /// Gives rows.
    Rows(LogicalPlan),
    /// Lists the columns of a table.
    Describe(Arc<Schema>),
    /// Changes a setting.
    Set(String, String),
    /// Writes rows to a file.
    Copy(LogicalPlan, PathBuf, Format),
    /// Keeps rows under a name.
    Table { name: String, plan: LogicalPlan, replace: bool, if_not_exists: bool },
    /// Keeps a query under a name.
    View { name: String, plan: LogicalPlan, replace: bool, definition: Option<String> },
    /// Gives a name to a file.
    External { name: String, path: PathBuf },
    /// Forgets a table or view.
    Drop { name: String, if_exists: bool },
}

/// A parsed statement, with the target of COPY split off.
pub enum Ready {
    /// To be planned.
    Plan(Parsed),
    /// The query of a COPY, its file and format.
    Copy(Parsed, PathBuf, Format),
}

/// Splits the target off COPY, and refuses what changes rows before its values are looked at.
pub fn ready(parsed: Parsed) -> Result<Ready> {
    if let Parsed::Statement(statement) = &parsed {
        let word = match statement.as_ref() {
            ast::Statement::Insert(_) => "INSERT",
            ast::Statement::Update(_) => "UPDATE",
            ast::Statement::Delete(_) => "DELETE",
            ast::Statement::Merge(_) => "MERGE",
            ast::Statement::Truncate(_) => "TRUNCATE",
            _ => "",
        };
        if !word.is_empty() {
            return Err(changes_rows(word));
        }
    }
    let Parsed::CopyTo(copy) = parsed else { return Ok(Ready::Plan(parsed)) };
    let path = PathBuf::from(&copy.target);
    let format = Format::choose(copy.stored_as.as_deref(), &path)?;
    if !copy.partitioned_by.is_empty() {
        return Err(Error::unsupported("COPY writes one file: PARTITIONED BY is not there"));
    }
    let query = match copy.source {
        CopyToSource::Query(query) => query,
        CopyToSource::Relation(name) => {
            let text = format!("SELECT * FROM {name}");
            let inner = ast_of(&text)?;
            return Ok(Ready::Copy(inner, path, format));
        }
    };
    Ok(Ready::Copy(Parsed::Statement(Box::new(ast::Statement::Query(query))), path, format))
}

fn ast_of(text: &str) -> Result<Parsed> {
    let parsed = datafusion::sql::parser::DFParser::parse_sql(text);
    parsed.ok().and_then(|mut all| all.pop_front()).ok_or_else(|| Error::usage("cannot read the table of COPY"))
}

/// What a plan asks for.
pub fn action(plan: LogicalPlan) -> Result<Action> {
    match plan {
        LogicalPlan::Statement(PlanStatement::SetVariable(set)) => Ok(Action::Set(set.variable.to_lowercase(), set.value)),
        LogicalPlan::Statement(other) => Err(Error::unsupported(format!("{} is not there", first_word(&other.display().to_string())))),
        LogicalPlan::DescribeTable(node) => Ok(Action::Describe(node.schema)),
        LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(node)) => Ok(Action::Table {
            name: node.name.table().to_string(),
            plan: Arc::unwrap_or_clone(node.input),
            replace: node.or_replace,
            if_not_exists: node.if_not_exists,
        }),
        LogicalPlan::Ddl(DdlStatement::CreateView(node)) => Ok(Action::View {
            name: node.name.table().to_string(),
            plan: Arc::unwrap_or_clone(node.input),
            replace: node.or_replace,
            definition: node.definition,
        }),
        LogicalPlan::Ddl(DdlStatement::CreateExternalTable(node)) => {
            let path = match node.locations.as_slice() {
                [one] => PathBuf::from(one),
                _ => return Err(Error::unsupported("an external table is one file")),
            };
            Ok(Action::External { name: node.name.table().to_string(), path })
        }
        LogicalPlan::Ddl(DdlStatement::DropTable(node)) => {
            Ok(Action::Drop { name: node.name.table().to_string(), if_exists: node.if_exists })
        }
        LogicalPlan::Ddl(DdlStatement::DropView(node)) => {
            Ok(Action::Drop { name: node.name.table().to_string(), if_exists: node.if_exists })
        }
        LogicalPlan::Ddl(other) => Err(Error::unsupported(format!("{} is not there", first_word(&other.display().to_string())))
            .expected("CREATE TABLE ... AS, CREATE VIEW, CREATE FRAME or DROP")),
        LogicalPlan::Dml(node) => Err(changes_rows(node.op.name())),
        LogicalPlan::Copy(_) => Err(Error::unsupported("COPY cannot stand inside another statement")),
        other => Ok(Action::Rows(other)),
    }
}

fn changes_rows(word: &str) -> Error {
    Error::unsupported(format!("{word} is not there: the rows of a dataset do not change"))
        .hint("CREATE TABLE name AS SELECT ..., or ingest the snapshot again")
}

fn first_word(text: &str) -> String {
    text.split(['(', ':', ' ']).next().unwrap_or(text).to_string()
}

/// Refuses a statement that does more than read; settings of `spolia` may change, as they only change the meaning of queries.
pub fn refuse_writing(action: &Action) -> Result<()> {
    let what = match action {
        Action::Rows(_) | Action::Describe(_) => return Ok(()),
        Action::Set(name, _) if name.starts_with("spolia.") => return Ok(()),
        // Limits of memory, threads and depth are among them.
        Action::Set(..) => "settings of the SQL library are fixed",
        Action::Copy(..) => "COPY writes a file",
        Action::External { .. } => "CREATE EXTERNAL TABLE reads any file",
        Action::Table { .. } | Action::View { .. } | Action::Drop { .. } => "CREATE and DROP change the session",
    };
    Err(Error::usage(format!("this session only reads: {what}")))
}

/// Parses one statement.
pub fn parse(state: &SessionState, text: &str) -> datafusion::common::Result<Parsed> {
    let dialect = state.config().options().sql_parser.dialect;
    let mut parsed = state.sql_to_statement(text, &dialect)?;
    // The library lists the settings of an extension without their prefix, so `SHOW spolia.frame` would find nothing.
    if let Parsed::Statement(statement) = &mut parsed
        && let ast::Statement::ShowVariable { variable } = statement.as_mut()
        && variable.len() > 1
        && variable.first().is_some_and(|first| first.value.eq_ignore_ascii_case(Settings::PREFIX))
    {
        variable.remove(0);
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_only_reads_keeps_the_settings_of_the_library() {
        let set = |name: &str| refuse_writing(&Action::Set(name.to_string(), "1".to_string()));
        assert!(set("spolia.units").is_ok() && set("spolia.frame").is_ok());
        for name in ["datafusion.execution.target_partitions", "datafusion.runtime.memory_limit", "datafusion.sql_parser.recursion_limit"] {
            let error = set(name).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
            assert!(error.to_string().contains("settings of the SQL library are fixed"), "{error}");
        }
    }
}
