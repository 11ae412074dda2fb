//! Failures of the SQL library as our own errors: kind, line and caret, candidates with their units, and a cure.
//!
//! Edge cases an error of ours that travelled through the library comes out as it went in; text meant for debugging never shows
//! See also   `caret`, `units` for misfits of units, docs/reference/errors.md

use std::error::Error as StdError;

use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token};

use super::caret;
use super::functions;
use super::text::SqlText;
use super::unit_expr::text_span;
use crate::error::{Error, nearest};

/// First line of the error of a query that ran out of memory.
pub const OUT_OF_MEMORY: &str = "the query needs more memory than it may use";
/// Most candidates that a message lists.
const CANDIDATES: usize = 24;
/// Longest piece of a library's message that is shown [characters].
const MESSAGE: usize = 300;

/// What could have been meant: names that exist now.
pub trait Vocabulary {
    /// Tables.
    fn tables(&self) -> Vec<String>;
    /// Unit of a column of some table, for messages.
    fn column_unit(&self, name: &str) -> Option<String>;
    /// Why a derived column such as `ofe` is not there, when that is known.
    fn missing_derived(&self, name: &str) -> Option<String>;
    /// Every function name, ours and built in.
    fn functions(&self) -> Vec<String>;
}

/// `failure` of a statement `text` as an error of ours.
pub fn translate(failure: &DataFusionError, text: &SqlText, words: &dyn Vocabulary) -> Error {
    if let Some(own) = own(failure) {
        return own;
    }
    match failure {
        DataFusionError::Context(_, inner) => translate(inner, text, words),
        DataFusionError::Shared(inner) => translate(inner, text, words),
        DataFusionError::Collection(all) => match all.first() {
            Some(first) => translate(first, text, words),
            None => Error::internal("an error without a cause"),
        },
        DataFusionError::Diagnostic(diagnostic, inner) => {
            let error = translate(inner, text, words);
            match (error.place(), diagnostic.span) {
                (None, Some(span)) => error.at(text.place(text_span(span))),
                _ => error,
            }
        }
        DataFusionError::SQL(parser, _) => parse_error(parser, text),
        DataFusionError::SchemaError(schema, _) => schema_error(schema, text, words),
        DataFusionError::ArrowError(arrow, _) => arrow_error(arrow, text),
        DataFusionError::ResourcesExhausted(message) => Error::limit(OUT_OF_MEMORY)
            .because(out_of_memory(message))
            .hint("allow more with --memory, read fewer columns, or filter first"),
        DataFusionError::ParquetError(e) => Error::damaged("cannot read a Parquet file").because(plain(&e.to_string())),
        DataFusionError::IoError(e) => Error::new(crate::ErrorKind::Io, "cannot read or write").because(e),
        DataFusionError::ObjectStore(e) => Error::new(crate::ErrorKind::Io, "cannot read or write").because(plain(&e.to_string())),
        DataFusionError::NotImplemented(message) => located(Error::unsupported(plain(message)), message, text),
        DataFusionError::Configuration(message) => located(Error::usage(plain(message)), message, text),
        DataFusionError::Plan(message) => plan_error(message, text, words),
        DataFusionError::Execution(message) => located(Error::new(crate::ErrorKind::Domain, plain(message)), message, text),
        DataFusionError::ExecutionJoin(e) if e.is_panic() => Error::internal("a worker thread stopped"),
        other => Error::internal(plain(&other.to_string())),
    }
}

/// Which operator asked for memory in vain.
fn out_of_memory(message: &str) -> String {
    let asked = message.split("allocation failed for ").nth(1).or_else(|| message.split("allocate additional ").nth(1));
    match asked.and_then(|rest| rest.split([' ', '\n']).next()).filter(|name| name.chars().next().is_some_and(char::is_alphabetic)) {
        Some(operator) => format!("{operator} asked for more"),
        None => plain(message),
    }
}

/// An error of ours inside a library's error.
fn own(failure: &DataFusionError) -> Option<Error> {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(failure);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<Error>() {
            return Some(found.clone());
        }
        // Arrow and Parquet keep a foreign error in a box that `source` does not always show.
        if let Some(ArrowError::ExternalError(inner)) = error.downcast_ref::<ArrowError>()
            && let Some(found) = inner.downcast_ref::<Error>()
        {
            return Some(found.clone());
        }
        cause = error.source();
    }
    None
}

fn parse_error(failure: &ParserError, text: &SqlText) -> Error {
    let message = match failure {
        ParserError::RecursionLimitExceeded => {
            return Error::limit("the query is nested too deeply").hint("split it with WITH");
        }
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
    };
    let (message, location) = split_location(message);
    let ended = message.contains("found: EOF");
    if ended && let Some((bracket, span)) = text.unclosed() {
        return Error::usage(format!("`{bracket}` is never closed")).at(text.place(span));
    }
    let token = location.and_then(|l| text.tokens().iter().find(|t| t.span.start == l));
    let place = match (token, location) {
        _ if ended => text.end_place(),
        (Some(token), _) => text.place(token.span),
        (None, Some(l)) => text.place(Span { start: l, end: l }),
        (None, None) => text.end_place(),
    };
    let error = match message.strip_prefix("Expected: ").and_then(|m| m.split_once(", found: ")) {
        Some((expected, found)) => {
            let found = if ended { "the end of the text".to_string() } else { format!("`{}`", found.trim()) };
            Error::usage("cannot read the SQL text").expected(tame(expected)).found(found)
        }
        None => Error::usage(plain(message)),
    };
    let error = error.at(place);
    // A misspelt first word is the commonest parse error.
    let first = text.tokens().first().and_then(|t| super::text::word(&t.token));
    match (token, first) {
        (Some(t), Some(word)) if text.tokens().first().is_some_and(|f| f.span == t.span) => match nearest(word, STATEMENTS.iter().copied())
        {
            Some(meant) if !meant.eq_ignore_ascii_case(word) => error.hint(format!("did you mean {meant}")),
            _ => error,
        },
        _ => error,
    }
}

/// Words that a statement may start with.
const STATEMENTS: &[&str] = &["SELECT", "WITH", "EXPLAIN", "SHOW", "DESCRIBE", "SET", "VALUES", "CREATE", "COPY", "DROP"];

/// A parser's message and the place at its end: `... at Line: 1, Column: 8`.
fn split_location(message: &str) -> (&str, Option<Location>) {
    let Some((head, tail)) = message.rsplit_once(" at Line: ") else { return (message, None) };
    let mut numbers = tail.split(", Column: ").map(|n| n.trim().parse::<u64>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(line)), Some(Ok(column))) => (head, Some(Location { line, column })),
        _ => (message, None),
    }
}

fn schema_error(failure: &SchemaError, text: &SqlText, words: &dyn Vocabulary) -> Error {
    match failure {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let span = field.spans.first().map(text_span).or_else(|| text.find_word(&field.name));
            let error = Error::not_found(format!("unknown column {}", field.name));
            let error = match span {
                Some(span) => error.at(text.place(span)),
                None => error,
            };
            let with_unit = |name: &str| words.column_unit(name).map_or_else(|| name.to_string(), |unit| format!("{name} [{unit}]"));
            let error = match valid_fields.len() {
                0 => error,
                n => {
                    let mut names: Vec<String> = valid_fields.iter().take(CANDIDATES).map(|c| with_unit(&c.name)).collect();
                    if n > CANDIDATES {
                        names.push(format!("{} more", n - CANDIDATES));
                    }
                    error.expected(format!("one of {}", names.join(", ")))
                }
            };
            if let Some(why) = words.missing_derived(&field.name) {
                return error.hint(why);
            }
            let near = nearest(&field.name, valid_fields.iter().map(|c| c.name.as_str()));
            match (near, known_elsewhere(&field.name)) {
                (Some(near), _) => error.hint(format!("did you mean {}", with_unit(near))),
                (None, Some(hint)) => error.hint(hint),
                (None, None) if valid_fields.is_empty() => error.hint("name a table after FROM; text goes between single quotes"),
                _ => error,
            }
        }
        SchemaError::AmbiguousReference { field } => {
            let error = Error::usage(format!("{} could be a column of more than one table", field.name))
                .hint(format!("write the table before it: stars.{}", field.name));
            match field.spans.first().map(text_span).or_else(|| text.find_word(&field.name)) {
                Some(span) => error.at(text.place(span)),
                None => error,
            }
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            Error::usage(format!("two columns of the result are called {name}")).hint(format!("rename one: {name} AS other_name"))
        }
    }
}

fn arrow_error(failure: &ArrowError, text: &SqlText) -> Error {
    match failure {
        ArrowError::DivideByZero => {
            let slashes: Vec<Span> = text.tokens().iter().filter(|t| matches!(t.token, Token::Div | Token::Mod)).map(|t| t.span).collect();
            let error = Error::new(crate::ErrorKind::Domain, "division by zero of whole numbers")
                .hint("divide by nullif(d, 0) to get NULL, or by 1.0 * d to get infinity");
            match slashes.as_slice() {
                [only] => error.at(text.place(*only)),
                _ => error,
            }
        }
        ArrowError::ArithmeticOverflow(message) => Error::new(crate::ErrorKind::Domain, "a whole number became too large")
            .because(plain(message))
            .hint("compute with 1.0 * x, or CAST(x AS DOUBLE)"),
        ArrowError::CastError(message) | ArrowError::ParseError(message) => {
            let error = Error::new(crate::ErrorKind::Domain, plain(message));
            located(error.hint("numbers stand without quotes; TRY_CAST(x AS DOUBLE) is NULL where a text is no number"), message, text)
        }
        other => Error::new(crate::ErrorKind::Domain, plain(&other.to_string())),
    }
}

fn plan_error(message: &str, text: &SqlText, words: &dyn Vocabulary) -> Error {
    let first_quoted = message.split('\'').nth(1).unwrap_or("");
    if message.starts_with("table '") && message.contains("not found") {
        return unknown_table(first_quoted, text, words);
    }
    if message.starts_with("Invalid function '") {
        return unknown_function(first_quoted, text, words);
    }
    if let Some(call) = message.split("argument types '").nth(1).and_then(|m| m.split('\'').next()) {
        return wrong_arguments(call, text);
    }
    // `Function 'sqrt' expects 1 arguments but received 2` and its relatives.
    if message.contains("argument") && text.find_call(first_quoted).is_some() {
        return wrong_arguments(first_quoted, text);
    }
    located(Error::usage(plain(message)), message, text)
}

fn unknown_table(full_name: &str, text: &SqlText, words: &dyn Vocabulary) -> Error {
    let mut parts = full_name.splitn(3, '.');
    let (_, schema, table) = (parts.next(), parts.next().unwrap_or("public"), parts.next().unwrap_or(full_name));
    let name = if schema == "public" { table.to_string() } else { format!("{schema}.{table}") };
    let error = Error::not_found(format!("unknown table {name}"));
    let error = match text.find_word(table).or_else(|| text.find_word(schema)) {
        Some(span) => error.at(text.place(span)),
        None => error,
    };
    let tables = words.tables();
    if tables.is_empty() {
        return error.hint("no data is attached: name a snapshot, FROM 'path/to/snapshot'.stars");
    }
    let near = nearest(&name, tables.iter().map(String::as_str)).or_else(|| nearest(table, tables.iter().map(String::as_str)));
    let listed = tables.iter().take(CANDIDATES).cloned().collect::<Vec<_>>().join(", ");
    let error = error.expected(format!("one of {listed}"));
    match near {
        Some(near) => error.hint(format!("did you mean {near}")),
        None => error,
    }
}

fn unknown_function(name: &str, text: &SqlText, words: &dyn Vocabulary) -> Error {
    let error = Error::not_found(format!("unknown function {name}"));
    let error = match text.find_call(name).or_else(|| text.find_word(name)) {
        Some(span) => error.at(text.place(span)),
        None => error,
    };
    if let Some(hint) = known_elsewhere(name) {
        return error.hint(hint);
    }
    let all = words.functions();
    match nearest(name, all.iter().map(String::as_str)) {
        Some(near) => match functions::docs().iter().find(|d| d.name == near) {
            Some(doc) => error.hint(format!("did you mean {}", doc.signature)),
            None => error.hint(format!("did you mean {near}")),
        },
        None => error.hint("`spolia functions` lists them all"),
    }
}

/// What a name of pynbody, galpy or gala is called here.
fn known_elsewhere(name: &str) -> Option<String> {
    let wanted = name.to_lowercase();
    functions::docs().iter().find_map(|doc| {
        let known = doc.see_also.split([' ', ',', ';', '(', ')', '`']).find(|word| {
            let last = word.rsplit('.').next().unwrap_or(word);
            last.to_lowercase() == wanted || word.to_lowercase() == wanted
        })?;
        Some(format!("`{known}` is {} here", doc.signature))
    })
}

fn wrong_arguments(call: &str, text: &SqlText) -> Error {
    let (name, types) = call.split_once('(').map_or((call, ""), |(name, types)| (name, types.trim_end_matches(')')));
    let error = Error::usage(format!("{name} does not take these arguments"));
    let error = match text.find_call(name) {
        Some(span) => error.at(text.place(span)),
        None => error,
    };
    let error = if types.is_empty() && !call.contains('(') {
        error
    } else {
        error.found(if types.is_empty() { "none".to_string() } else { tame(types) })
    };
    match functions::docs().iter().find(|d| d.name == name) {
        Some(doc) => error.expected(doc.signature),
        None => error,
    }
}

/// Puts the caret under the first name that the message quotes and the text contains.
fn located(error: Error, message: &str, text: &SqlText) -> Error {
    let quoted = message.split(['\'', '"', '`']).skip(1).step_by(2);
    for name in quoted {
        let last = name.rsplit('.').next().unwrap_or(name);
        if let Some(span) = text.find_call(last).or_else(|| text.find_word(last)) {
            return error.at(text.place(span));
        }
    }
    error
}

/// A library's message for a person: one sentence, no prefix of the library, nothing meant for debugging.
pub fn plain(message: &str) -> String {
    const PREFIXES: [&str; 8] = [
        "Error during planning: ",
        "Execution error: ",
        "Arrow error: ",
        "Parquet error: ",
        "Optimizer rule",
        "Internal error: ",
        "This feature is not implemented: ",
        "External error: ",
    ];
    let mut rest = message.trim();
    while let Some(shorter) = PREFIXES.iter().find_map(|p| rest.strip_prefix(p)) {
        rest = shorter;
    }
    let rest = rest.lines().next().unwrap_or("").split(" { ").next().unwrap_or("");
    let rest = rest.split(". This issue was likely").next().unwrap_or(rest);
    let mut text = tame(&caret::sentence(rest));
    if text.chars().count() > MESSAGE {
        text = text.chars().take(MESSAGE).chain("...".chars()).collect();
    }
    text
}

/// Type names in lower case, literals without their type: `Int64(5)` is `5`, `Utf8("a")` is `'a'`.
fn tame(message: &str) -> String {
    const TYPES: [(&str, &str); 15] = [
        ("LargeUtf8", "text"),
        ("Utf8View", "text"),
        ("Utf8", "text"),
        ("Float64", "float64"),
        ("Float32", "float32"),
        ("UInt64", "uint64"),
        ("UInt32", "uint32"),
        ("Int64", "int64"),
        ("Int32", "int32"),
        ("Int16", "int16"),
        ("Int8", "int8"),
        ("Boolean", "boolean"),
        ("Timestamp", "timestamp"),
        ("Decimal128", "decimal"),
        ("Struct", "struct"),
    ];
    let mut text = message.to_string();
    for (library, ours) in TYPES {
        // A literal: the value alone. A bare type: its everyday name.
        let opening = format!("{library}(\"");
        while let Some(start) = text.find(&opening) {
            let Some(length) = text[start + opening.len()..].find("\")") else { break };
            let value = text[start + opening.len()..start + opening.len() + length].to_string();
            text.replace_range(start..start + opening.len() + length + 2, &format!("'{value}'"));
        }
        let opening = format!("{library}(");
        let mut from = 0;
        while let Some(start) = text.get(from..).and_then(|t| t.find(&opening)).map(|s| s + from) {
            let inside = start + opening.len();
            let Some(length) = text[inside..].find(')') else { break };
            let value = text[inside..inside + length].to_string();
            if value.parse::<f64>().is_ok() || value == "NULL" {
                text.replace_range(start..inside + length + 1, &value);
                from = start + value.len();
            } else {
                from = inside;
            }
        }
        text = text.replace(library, ours);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_words_do_not_show() {
        assert_eq!(plain("Error during planning: Cannot coerce Int64(5) to Utf8"), "cannot coerce 5 to text");
        assert_eq!(tame("Utf8(\"abc\") = Float64(1.5)"), "'abc' = 1.5");
        assert_eq!(tame("Int64(a, b)"), "int64(a, b)");
        assert_eq!(plain("Unsupported AST: Foo { a: 1 }"), "unsupported AST: Foo");
    }

    #[test]
    fn a_parser_place_is_split_off() {
        let (message, place) = split_location("Expected: ), found: x at Line: 3, Column: 14");
        assert_eq!(message, "Expected: ), found: x");
        assert_eq!(place, Some(Location { line: 3, column: 14 }));
        assert_eq!(split_location("no place").1, None);
    }
}
