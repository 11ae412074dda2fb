//! Arrow schemas as they stand in the manifest: names, types as text, metadata; and the union over files.
//!
//! Layout     `{"fields": [{"name", "type": "Float32", "nullable", "metadata": {..}}]}`; hash = 16 bytes of BLAKE3 of that JSON
//! Refuses    type names that Arrow cannot parse; columns whose types have no common type
//! Edge cases a column missing from some file becomes nullable in the union
//! See also   `schema` for the metadata keys

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

const HASH_HEX_DIGITS: usize = 32;

/// A schema in JSON form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredSchema {
    /// Columns in file order.
    pub fields: Vec<StoredField>,
}

/// One column in JSON form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredField {
    /// Name.
    pub name: String,
    /// Arrow's own text form: `Float32`, `UInt64`.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Whether nulls are allowed.
    pub nullable: bool,
    /// Unit, description, source and so on, in key order.
    pub metadata: BTreeMap<String, String>,
}

impl StoredSchema {
    /// The JSON form of an Arrow schema; an error if a type cannot be read back.
    pub fn new(schema: &Schema) -> Result<StoredSchema> {
        let fields = schema.fields().iter().map(|field| {
            let data_type = field.data_type().to_string();
            if data_type.parse::<DataType>().ok().as_ref() != Some(field.data_type()) {
                return Err(
                    Error::unsupported(format!("columns of type {data_type} cannot be stored")).at(format!("column `{}`", field.name()))
                );
            }
            let metadata = field.metadata().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
            Ok(StoredField { name: field.name().clone(), data_type, nullable: field.is_nullable(), metadata })
        });
        Ok(StoredSchema { fields: fields.collect::<Result<_>>()? })
    }

    /// Key under which the manifest keeps it.
    pub fn hash(&self) -> Result<String> {
        let text = serde_json::to_string(self).map_err(|e| Error::internal("a schema does not serialise").because(e))?;
        Ok(blake3::hash(text.as_bytes()).to_hex()[..HASH_HEX_DIGITS].to_string())
    }

    /// The Arrow schema.
    pub fn to_arrow(&self) -> Result<Schema> {
        let fields = self.fields.iter().map(|stored| {
            let data_type = stored.data_type.parse::<DataType>().map_err(|e| {
                Error::damaged(format!("unknown column type `{}` in the manifest", stored.data_type))
                    .at(format!("column `{}`", stored.name))
                    .because(e)
            })?;
            let metadata: HashMap<String, String> = stored.metadata.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
            Ok(Field::new(&stored.name, data_type, stored.nullable).with_metadata(metadata))
        });
        Ok(Schema::new(fields.collect::<Result<Vec<_>>>()?))
    }
}

/// One schema that every one of `schemas` can be read as: columns by name, in the order of the last schema, then those that only
/// earlier ones have. Metadata come from the last schema that has the column.
pub fn union(table: &str, schemas: &[Schema]) -> Result<SchemaRef> {
    let mut fields: Vec<Field> = Vec::new();
    for schema in schemas.iter().rev() {
        for field in schema.fields() {
            match fields.iter_mut().find(|known| known.name() == field.name()) {
                None => fields.push(field.as_ref().clone()),
                Some(known) => {
                    let Some(common) = common_type(known.data_type(), field.data_type()) else {
                        return Err(Error::mismatch("a column has different types in two snapshots")
                            .at(format!("column `{}` of table {table}", field.name()))
                            .expected(known.data_type())
                            .found(field.data_type()));
                    };
                    let nullable = known.is_nullable() || field.is_nullable();
                    *known = known.clone().with_data_type(common).with_nullable(nullable);
                }
            }
        }
    }
    for field in &mut fields {
        if schemas.iter().any(|schema| schema.field_with_name(field.name()).is_err()) {
            *field = field.clone().with_nullable(true);
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}

/// The narrowest type that holds both without loss of meaning; none when there is no such number type.
fn common_type(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{Float32, Float64, Int32, Int64, UInt32, UInt64};
    match (a, b) {
        _ if a == b => Some(a.clone()),
        (Float32, Float64) | (Float64, Float32) => Some(Float64),
        (Int32, Int64) | (Int64, Int32) | (UInt32, Int64) | (Int64, UInt32) | (Int32, UInt32) | (UInt32, Int32) => Some(Int64),
        (UInt32, UInt64) | (UInt64, UInt32) => Some(UInt64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::schema::{canonical_field, unit_of};

    #[test]
    fn round_trip_keeps_types_units_and_hash() {
        let schema = Schema::new(vec![
            canonical_field("id", DataType::UInt64, "iord", None),
            canonical_field("x", DataType::Float32, "pos", Some(2.0)),
            Field::new("wind", DataType::Boolean, true),
            Field::new("name", DataType::Utf8, true),
        ]);
        let stored = StoredSchema::new(&schema).unwrap();
        let back: StoredSchema = serde_json::from_str(&serde_json::to_string(&stored).unwrap()).unwrap();
        assert_eq!(back.to_arrow().unwrap(), schema);
        assert_eq!(back.hash().unwrap(), stored.hash().unwrap());
        assert_eq!(stored.hash().unwrap().len(), HASH_HEX_DIGITS);
    }

    #[test]
    fn union_widens_floats_and_marks_missing_columns_nullable() {
        let old = Schema::new(vec![
            canonical_field("x", DataType::Float64, "pos", None),
            canonical_field("z_metal", DataType::Float32, "metals", None),
        ]);
        let new =
            Schema::new(vec![canonical_field("id", DataType::UInt64, "iord", None), canonical_field("x", DataType::Float32, "pos", None)]);
        let both = union("stars", &[old, new]).unwrap();
        let names: Vec<&str> = both.fields().iter().map(|f| f.name().as_str()).collect();
        assert_eq!(names, ["id", "x", "z_metal"]);
        assert_eq!(both.field(1).data_type(), &DataType::Float64);
        assert!(!both.field(1).is_nullable() && both.field(0).is_nullable() && both.field(2).is_nullable());
        assert_eq!(unit_of(both.field(1)), "kpc");
    }

    #[test]
    fn types_without_a_common_type_are_a_mismatch() {
        let a = Schema::new(vec![Field::new("id", DataType::UInt64, false)]);
        let b = Schema::new(vec![Field::new("id", DataType::Float64, false)]);
        assert_eq!(union("stars", &[a, b]).unwrap_err().kind(), crate::error::ErrorKind::Mismatch);
    }
}
