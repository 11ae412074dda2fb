//! SQL `face_on(x, y, z, vx, vy, vz, mass [, radius])`: the frame in which a disc is seen face-on.
//!
//! Formula    centre by shrinking sphere, velocity of the inner particles, e3 = L/|L| within the radius, e1 = (0,1,0) x e3, e2 = e3 x e1
//! Layout     struct(cx, cy, cz, vx, vy, vz, r00 .. r22 row by row, quality); `frame_of` reads it back
//! Units      kpc, km/s; the rotation and the quality |L|/sum(m r v) are plain numbers; radius 5 kpc unless given
//! Source     pynbody analysis.angmom.faceon; as in Buder et al. 2025, arXiv:2510.11284
//! Accuracy   rows are sorted before the method starts, so their order and the number of threads do not matter
//! Edge cases a row with a NULL is skipped; no rows give NULL; too few particles as `frames::face_on` says
//! Cost       collects 56 bytes per row, then a sort and a few passes
//! See also   `center`, CREATE FRAME, `frames`

use arrow::array::{Array, AsArray, StructArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::ScalarValue;

use super::center::struct_of;
use crate::error::{Error, Result};
use crate::frames::{self, Frame};
use crate::sql::aggregates::Aggregate;
use crate::sql::aggregates::engine::collect::{CollectAggregate, CollectSpec, literal_number, sort_rows, unit_field};
use crate::sql::functions::{FunctionDoc, units};
use crate::units::Unit;

/// Names of the numbers of the answer, in order.
pub const FIELDS: [&str; 16] =
    ["cx", "cy", "cz", "vx", "vy", "vz", "r00", "r01", "r02", "r10", "r11", "r12", "r20", "r21", "r22", "quality"];
/// Radius within which the angular momentum sets the axis, kpc (pynbody's default).
const RADIUS_KPC: f64 = 5.0;

static SPEC: CollectSpec = CollectSpec {
    name: "face_on",
    signature: FUNCTION.doc.signature,
    columns: 7,
    literals: &[0, 1],
    answer,
    unit: units::none,
    check: |literals| radius(literals).map(|_| ()),
    finish: |columns, literals, answer| {
        let radius_kpc = radius(literals)?;
        sort_rows(columns);
        let [x, y, z, vx, vy, vz, mass] = columns else { return Err(Error::internal("a frame without seven columns")) };
        let frame = frames::face_on(x, y, z, vx, vy, vz, mass, radius_kpc)?;
        let numbers: Vec<f64> =
            [frame.centre_kpc, frame.velocity_kms].into_iter().chain(frame.rotation).flatten().chain([frame.quality]).collect();
        struct_of(answer, &numbers)
    },
};

/// The function.
pub const FUNCTION: Aggregate = Aggregate {
    doc: FunctionDoc {
        name: "face_on",
        kind: "aggregate",
        signature: "face_on(x, y, z, vx, vy, vz, mass [, radius])",
        description: "The frame in which a disc is seen face-on: centre, velocity and rotation from the angular momentum within a radius (5 kpc unless given). CREATE FRAME disc AS SELECT face_on(x, y, z, vx, vy, vz, mass) FROM gas stores it.",
        formula: "centre by shrinking sphere, velocity of the inner particles, e3 = L/|L| within the radius, e1 = (0,1,0) x e3, e2 = e3 x e1",
        units: "kpc, km/s and Msun in; a struct of kpc, km/s and plain numbers out",
        source: "pynbody analysis.angmom.faceon; as in Buder et al. 2025, arXiv:2510.11284",
        example: "SELECT round(face_on(cos(v), sin(v), 0.0, -100*sin(v), 100*cos(v), 0.0, 1.0)['r22'], 9) FROM (SELECT CAST(v AS DOUBLE)*2*pi()/400 AS v FROM generate_series(1, 400) AS t(v))",
        example_answer: Some("1.0"),
        see_also: "pynbody `analysis.faceon`, yt `off_axis` projections along L",
    },
    unit: units::none,
    make: || CollectAggregate::udaf(&SPEC),
};

fn answer(_: Option<&DataType>, arguments: &[Option<Unit>]) -> DataType {
    let part = |from: usize| units::common(arguments.get(from..from + 3).unwrap_or_default()).ok().flatten();
    let unit = |k: usize| match k {
        0..3 => part(0),
        3..6 => part(3),
        _ => Some(Unit::one()),
    };
    DataType::Struct(FIELDS.iter().enumerate().map(|(k, name)| unit_field(name, DataType::Float64, unit(k))).collect::<Vec<_>>().into())
}

fn radius(literals: &[ScalarValue]) -> Result<f64> {
    let Some(value) = literals.first() else { return Ok(RADIUS_KPC) };
    let radius_kpc = literal_number(value, "the radius of face_on")?;
    if radius_kpc > 0.0 { Ok(radius_kpc) } else { Err(Error::usage("the radius of face_on must be above 0").found(radius_kpc)) }
}

/// The frame in row `row` of a column made by `face_on`; `Mismatch` for any other struct or a NULL.
pub fn frame_of(column: &StructArray, row: usize) -> Result<Frame> {
    let number = |k: usize| {
        let values = column.column_by_name(FIELDS[k]).and_then(|a| a.as_primitive_opt::<Float64Type>());
        let value = values.filter(|v| row < v.len() && v.is_valid(row) && column.is_valid(row)).map(|v| v.value(row));
        value.ok_or_else(|| {
            Error::mismatch("not a frame")
                .expected("the struct that face_on() gives")
                .found(column.data_type())
                .hint(FUNCTION.doc.signature)
        })
    };
    let triple = |k: usize| Ok([number(k)?, number(k + 1)?, number(k + 2)?]);
    Ok(Frame { centre_kpc: triple(0)?, velocity_kms: triple(3)?, rotation: [triple(6)?, triple(9)?, triple(12)?], quality: number(15)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_from_the_struct() {
        let numbers: Vec<f64> = (0..16).map(f64::from).collect();
        let ScalarValue::Struct(column) = struct_of(&answer(None, &[]), &numbers).unwrap() else { panic!("a struct") };
        let frame = frame_of(&column, 0).unwrap();
        assert_eq!((frame.centre_kpc, frame.velocity_kms, frame.quality), ([0.0, 1.0, 2.0], [3.0, 4.0, 5.0], 15.0));
        assert_eq!(frame.rotation, [[6.0, 7.0, 8.0], [9.0, 10.0, 11.0], [12.0, 13.0, 14.0]]);
        assert!(frame_of(&column, 1).is_err());
    }

    #[test]
    fn radii_are_checked() {
        assert_eq!(radius(&[]).unwrap(), RADIUS_KPC);
        for wrong in [0.0, -1.0, f64::NAN] {
            assert!(radius(&[ScalarValue::Float64(Some(wrong))]).is_err());
        }
    }
}
