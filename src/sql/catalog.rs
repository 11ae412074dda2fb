//! The planner's view of the names of one query: one catalog, whose schemas are attached sources and paths.
//!
//! Layout     `public` holds bare names; every other schema name is a source or a path; `snapshot('path', 'stars')` is a table function
//! Edge cases errors of resolving travel through the planner and come out unchanged
//! See also   `resolve` does the work

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::Expr;

use super::resolve::{PUBLIC, Resolver};
use super::sources::Content;
use super::table_name::TableName;
use crate::error::Error;

/// Name of the one catalog.
pub const CATALOG: &str = "spolia";

/// The catalogs of one query.
#[derive(Debug)]
pub struct QueryCatalogs(pub Arc<Resolver>);

impl CatalogProviderList for QueryCatalogs {
    fn register_catalog(&self, _name: String, _catalog: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![CATALOG.to_string()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        if name == CATALOG { Some(Arc::new(QueryCatalog(self.0.clone()))) } else { None }
    }
}

#[derive(Debug)]
struct QueryCatalog(Arc<Resolver>);

impl CatalogProvider for QueryCatalog {
    fn schema_names(&self) -> Vec<String> {
        let attached = self.0.sources.attached().into_iter().map(|s| s.name);
        std::iter::once(PUBLIC.to_string()).chain(attached).collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        Some(Arc::new(QuerySchema { resolver: self.0.clone(), name: name.to_string() }))
    }
}

#[derive(Debug)]
struct QuerySchema {
    resolver: Arc<Resolver>,
    name: String,
}

#[async_trait]
impl SchemaProvider for QuerySchema {
    fn table_names(&self) -> Vec<String> {
        if self.name == PUBLIC {
            return bare_names(&self.resolver);
        }
        self.resolver.sources.by_name(&self.name).map_or_else(Vec::new, |source| tables_of(&source.content, &source.name))
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.resolver.table(&self.name, name).map_err(outward)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|known| known == name)
    }
}

/// Tables that can be named without their source.
pub fn bare_names(resolver: &Resolver) -> Vec<String> {
    let mut names: Vec<String> = resolver.sources.tables().into_iter().map(|(name, _)| name).collect();
    for source in resolver.sources.attached() {
        for table in tables_of(&source.content, &source.name) {
            if !names.contains(&table) {
                names.push(table);
            }
        }
    }
    names
}

/// Tables of one source.
pub fn tables_of(content: &Content, name: &str) -> Vec<String> {
    match content {
        Content::Dataset(dataset) => dataset.tables(),
        Content::Snapshot(snapshot, _) => {
            let families = snapshot.info().rows.iter().filter(|(_, rows)| *rows > 0);
            families.map(|(family, _)| family.table().to_string()).collect()
        }
        Content::Parquet(_) => vec![name.to_string()],
    }
}

/// An error of ours as one of the library's.
pub fn outward(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error) as Box<dyn std::error::Error + Send + Sync>)
}

/// `snapshot('path')`, `snapshot('path', 'stars')` and `snapshot('path', 'halos', 'hubble = 0.6774')`.
#[derive(Debug)]
pub struct SnapshotFunction(pub Arc<Resolver>);

impl TableFunctionImpl for SnapshotFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let texts: Vec<Option<&str>> = args
            .exprs()
            .iter()
            .map(|e| match e {
                Expr::Literal(ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)), _) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let wrong = || {
            outward(
                Error::usage("snapshot does not take these arguments")
                    .expected("snapshot('path' [, 'stars' [, 'hubble = 0.6774, halos = none']])"),
            )
        };
        let found = match texts.as_slice() {
            [Some(path)] => self.0.table(PUBLIC, path),
            [Some(path), Some(family)] => TableName::parse(family).and_then(|_| self.0.table(path, family)),
            [Some(path), Some(family), Some(list)] => {
                let open = self.0.open.with(list).map_err(outward)?;
                // What is attached under a name was opened in its own way: here its path counts.
                let path = self.0.sources.by_name(path).map_or_else(|| path.to_string(), |s| s.path.display().to_string());
                TableName::parse(family).and_then(|_| self.0.with(open).table(&path, family))
            }
            _ => return Err(wrong()),
        };
        found.map_err(outward)?.ok_or_else(|| {
            outward(Error::not_found(format!(
                "no such snapshot or family: {}",
                texts.iter().flatten().copied().collect::<Vec<_>>().join(", ")
            )))
        })
    }
}
