//! The reference page of SQL functions, written from the documentation in the code.
//!
//! Layout     a table of all functions by kind, then one section each
//! See also   docs/reference/functions.md (a test compares it with this text; SPOLIA_BLESS=1 rewrites it)

use std::fmt::Write;

use super::docs;

/// Title of each kind, in the order of the page.
const KINDS: [(&str, &str); 3] = [("scalar", "Scalar functions"), ("aggregate", "Aggregate functions"), ("table", "Table functions")];

/// The reference page of all functions as Markdown.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# SQL functions\n\n\
         This page is generated from the code.\n\
         Every example is run by a test.\n\
         DataFusion's own functions are available too; `sum`, `avg`, `var`, `stddev`, `covar` and `corr` of floats are replaced by the exact ones below.\n",
    );
    for (kind, title) in KINDS {
        let members: Vec<_> = docs().iter().filter(|doc| doc.kind == kind).collect();
        if members.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = write!(page, "\n## {title}\n\n| function | what it gives |\n|---|---|\n");
        for doc in &members {
            let first = doc.description.split(['.', ';', ':']).next().unwrap_or_default();
            let _ = writeln!(page, "| [`{0}`](#{0}) | {first} |", doc.name);
        }
        for doc in &members {
            let _ = write!(page, "\n### {}\n\n`{}`\n\n{}\n\n", doc.name, doc.signature, doc.description);
            let _ = write!(
                page,
                "- Formula: `{}`\n- Units: {}\n- Source: {}\n- Elsewhere: {}\n\n",
                doc.formula, doc.units, doc.source, doc.see_also
            );
            let _ = write!(page, "```sql\n{};\n```\n", doc.example);
            if let Some(answer) = doc.example_answer {
                let _ = write!(page, "\nAnswer: `{answer}`\n");
            }
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_this_text() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference/functions.md");
        let page = reference_markdown();
        if std::env::var_os("SPOLIA_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &page).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == page, "{} is out of date; run the test with SPOLIA_BLESS=1", path.display());
    }

    #[test]
    fn every_function_has_a_section() {
        let page = reference_markdown();
        for doc in docs() {
            assert!(page.contains(&format!("\n### {}\n", doc.name)), "{}", doc.name);
        }
    }
}
