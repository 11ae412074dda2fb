//! What is remembered of a finished step: its identity, its products, and how it was made.
//!
//! Layout     `.spolia-run/steps/<name>.json`, written by rename when everything else of the step is in place: this is the commit of a step
//! Accuracy   the same work gives the same bytes: no time, no path of this machine, no number of threads, no note about how a run went
//! Edge cases an unreadable state counts as none: the step runs again
//! See also   `record`, `fingerprint`

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::fingerprint::Fingerprints;
use super::identity::Parts;
use super::product::Product;
use crate::error::{ErrorKind, Result};

/// Layout of a state; another number is read as no state.
pub const FORMAT: u32 = 1;

/// A finished step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`FORMAT`].
    pub format: u32,
    /// Step.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Program and version that ran it.
    pub engine: String,
    /// Device that computed it.
    pub device: String,
    /// Key of random numbers.
    pub seed: u64,
    /// Hash of `parts`.
    pub identity: String,
    /// What decides the result.
    pub parts: Parts,
    /// Effective parameters, defaults included.
    pub parameters: serde_json::Map<String, Json>,
    /// Given parameters that had no influence.
    pub unused_parameters: Vec<String>,
    /// SQL that ran, placeholders replaced.
    pub sql: Vec<String>,
    /// Rows of its table.
    pub rows: Option<u64>,
    /// Digest of what it left; needs of later steps.
    pub digest: String,
    /// Whether `digest` is that of files, and not of a dataset or a frame.
    pub digest_of_files: bool,
    /// Files.
    pub products: Vec<Product>,
    /// Papers and programs behind it.
    pub citations: Vec<String>,
}

impl State {
    /// The state kept at `path`, if there is a whole one.
    pub fn load(path: &Path) -> Option<State> {
        let state: State = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let whole = state.format == FORMAT && state.identity == super::identity::identity(&state.parts);
        whole.then_some(state)
    }

    /// As JSON.
    pub fn to_json(&self) -> Result<Vec<u8>> {
        super::record::to_text(self)
    }

    /// Why the files of the step are not those that it left, if so.
    pub fn files_differ(&self, out: &Path, fingerprints: &Fingerprints) -> Result<Option<String>> {
        for product in &self.products {
            match fingerprints.digest(&out.join(&product.path)) {
                Ok((bytes, digest)) if bytes == product.bytes && digest == product.blake3 => {}
                Ok(_) => return Ok(Some(format!("its product `{}` was changed or damaged", product.path))),
                Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Some(format!("its product `{}` is missing", product.path))),
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    }

    /// Bytes of its files.
    pub fn bytes(&self) -> u64 {
        self.products.iter().map(|p| p.bytes).sum()
    }
}

/// Digest of a set of files.
pub fn files_digest(products: &[Product]) -> String {
    let mut hasher = blake3::Hasher::new();
    for product in products {
        hasher.update(format!("{}\n{} {}\n", product.path, product.bytes, product.blake3).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
