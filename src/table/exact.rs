//! Floats in JSON without losing a bit: each is written as a string with the shortest decimal that reads back the same.
//!
//! Layout     `"scale_factor": "0.9923408"`; use with `#[serde(with = "exact")]` on fields made of numbers only
//! Edge cases non-finite numbers become null, as in all JSON; integers stay numbers
//! See also   `manifest`, whose minima and maxima decide what a scan may skip

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value};

/// Writes `value` with every float turned into a string.
pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut tree = serde_json::to_value(value).map_err(S::Error::custom)?;
    walk(&mut tree, &mut |leaf| {
        if let Value::Number(number) = &*leaf
            && let Some(float) = number.as_f64().filter(|_| number.is_f64())
        {
            *leaf = Value::String(format!("{float:?}"));
        }
        Ok::<(), std::convert::Infallible>(())
    })
    .map_err(S::Error::custom)?;
    tree.serialize(serializer)
}

/// Reads what [`serialize`] wrote.
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let mut tree = Value::deserialize(deserializer)?;
    walk(&mut tree, &mut |leaf| {
        if let Value::String(text) = &*leaf {
            let number = text.parse::<f64>().ok().and_then(Number::from_f64);
            *leaf = Value::Number(number.ok_or_else(|| D::Error::custom(format!("`{text}` is not a finite number")))?);
        }
        Ok(())
    })?;
    serde_json::from_value(tree).map_err(D::Error::custom)
}

fn walk<E>(tree: &mut Value, change: &mut impl FnMut(&mut Value) -> Result<(), E>) -> Result<(), E> {
    match tree {
        Value::Array(items) => items.iter_mut().try_for_each(|item| walk(item, change)),
        Value::Object(entries) => entries.values_mut().try_for_each(|item| walk(item, change)),
        leaf => change(leaf),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Holder {
        #[serde(with = "super")]
        value: Option<[f64; 3]>,
        #[serde(with = "super")]
        count: u64,
    }

    #[test]
    fn awkward_floats_come_back_with_the_same_bits() {
        // 5e-324 is the smallest subnormal; 2.225073858507201e-308 is the double that once hung parsers.
        let holder = Holder { value: Some([5e-324, 2.225_073_858_507_201e-308, -0.1 + 0.3]), count: u64::MAX };
        let text = serde_json::to_string(&holder).unwrap();
        let back: Holder = serde_json::from_str(&text).unwrap();
        assert_eq!(back.value.unwrap().map(f64::to_bits), holder.value.unwrap().map(f64::to_bits));
        assert_eq!(back.count, u64::MAX);
        assert!(text.contains("\"0.19999999999999998\""), "{text}");
    }

    #[test]
    fn words_in_place_of_numbers_are_refused() {
        assert!(serde_json::from_str::<Holder>(r#"{"value":["a","1","2"],"count":1}"#).is_err());
        assert!(serde_json::from_str::<Holder>(r#"{"value":["inf","1","2"],"count":1}"#).is_err());
        assert_eq!(serde_json::from_str::<Holder>(r#"{"value":null,"count":1}"#).unwrap().value, None);
    }
}
