//! `spolia cite`: the papers behind the methods, the functions and the data.
//!
//! See also   `citations` for the list, docs/methods

use std::path::PathBuf;

use clap::Args;

use super::exit::Done;
use super::options::GlobalOptions;
use super::output;
use crate::citations::{PAPERS, Paper};
use crate::error::{Error, Result, nearest};
use crate::sql::functions;
use crate::table::dataset::Dataset;

/// Options of `cite`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  spolia cite\n  spolia cite galaxy.spolia --bibtex\n  spolia cite abundance tipsy")]
pub struct Options {
    /// Datasets, or names of functions, formats and methods; everything by default
    #[arg(value_name = "WHAT")]
    what: Vec<String>,
    /// Print BibTeX
    #[arg(long)]
    bibtex: bool,
}

fn wanted(what: &[String]) -> Result<Vec<&'static Paper>> {
    if what.is_empty() {
        return Ok(PAPERS.iter().collect());
    }
    let mut words: Vec<String> = Vec::new();
    for name in what {
        let path = PathBuf::from(name);
        if Dataset::is_dataset(&path) {
            let dataset = Dataset::open(&path)?;
            // Every table answers with exact sums and was dated with the run's own cosmology.
            words.extend(["sum".to_string(), "cosmology".to_string()]);
            words.extend(dataset.manifest().snapshots.iter().filter_map(|s| s.format.split_whitespace().next()).map(str::to_string));
            if !dataset.manifest().frames.is_empty() {
                words.push("frame".into());
            }
        } else if PAPERS.iter().any(|p| p.covers.contains(&name.as_str())) {
            words.push(name.clone());
        } else if let Some(doc) = functions::docs().iter().find(|d| d.name == name) {
            output::line(&format!("{}: {}", doc.name, doc.source))?;
        } else {
            let mut names: Vec<&str> = PAPERS.iter().flat_map(|p| p.covers).copied().collect();
            names.extend(functions::docs().iter().map(|d| d.name));
            names.sort_unstable();
            names.dedup();
            let error =
                Error::not_found(format!("nothing is called `{name}`")).expected("a dataset, or the name of a function, format or method");
            return Err(match nearest(name, names) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("spolia cite alone prints everything"),
            });
        }
    }
    Ok(PAPERS.iter().filter(|p| p.covers.iter().any(|c| words.iter().any(|w| w == c))).collect())
}

/// Prints the list.
pub fn run(_global: &GlobalOptions, options: &Options) -> Result<Done> {
    let papers = wanted(&options.what)?;
    let version = env!("CARGO_PKG_VERSION");
    if options.bibtex {
        output::line(&format!(
            "@software{{Spolia,\n  title = {{Spolia: a data-processing engine for cosmological simulation snapshots}},\n  version = {{{version}}},\n  year = {{2026}}\n}}"
        ))?;
    } else {
        output::line(&format!("Spolia {version} (2026), a data-processing engine for cosmological simulation snapshots"))?;
    }
    for p in papers {
        if options.bibtex {
            let doi = if p.doi.is_empty() { String::new() } else { format!(",\n  doi = {{{}}}", p.doi) };
            output::line(&format!(
                "@article{{{},\n  author = {{{}}},\n  title = {{{}}},\n  journal = {{{}}},\n  year = {{{}}}{doi}\n}}",
                p.key, p.authors, p.title, p.journal, p.year
            ))?;
        } else {
            output::line(&format!("{}  [{}]", p.line(), p.covers.join(", ")))?;
        }
    }
    Ok(Done::Fully)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_papers_and_typos_are_answered() {
        let found = wanted(&["tipsy".to_string()]).unwrap();
        assert_eq!(found.len(), 1);
        assert!(wanted(&["tipsi".to_string()]).unwrap_err().to_string().contains("`tipsy`"));
    }
}
