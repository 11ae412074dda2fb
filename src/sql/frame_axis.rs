//! One coordinate of a stored frame as an SQL function of the stored coordinates, so that `stars@disc` is an ordinary projection.
//!
//! Formula    x'_i = sum_k R_ik (x_k - centre_k); velocities likewise with the frame's velocity
//! Units      kpc and km/s as the inputs; the stored precision is kept, the sum is done in 64 bits
//! See also   `frames::Frame`, `implied` which reads the frame back for pruning

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray, Float32Array, Float64Array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use crate::frames::Frame;
use crate::table::schema;

/// Names of the three stored coordinates or velocities.
pub type Triple = [&'static str; 3];
/// Positions.
pub const POSITION: Triple = ["x", "y", "z"];
/// Velocities.
pub const VELOCITY: Triple = ["vx", "vy", "vz"];

/// Coordinate `axis` of a frame.
#[derive(Clone, Debug)]
pub struct FrameAxis {
    name: String,
    frame_name: String,
    frame: Frame,
    axis: usize,
    columns: Triple,
    signature: Signature,
}

impl FrameAxis {
    /// Coordinate `axis` (0, 1, 2) of `columns` in `frame`.
    pub fn new(frame_name: &str, frame: Frame, axis: usize, columns: Triple) -> FrameAxis {
        let axis = axis.min(2);
        FrameAxis {
            name: format!("{frame_name}.{}", columns[axis]),
            frame_name: frame_name.to_string(),
            frame,
            axis,
            columns,
            signature: Signature::any(3, Volatility::Immutable),
        }
    }

    /// The frame.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Which axis.
    pub fn axis(&self) -> usize {
        self.axis
    }

    /// The stored columns.
    pub fn columns(&self) -> &Triple {
        &self.columns
    }

    /// Name of the frame, which is the same for its three axes.
    pub fn frame_name(&self) -> &str {
        &self.frame_name
    }

    /// Whether it is a position.
    pub fn is_position(&self) -> bool {
        self.columns == POSITION
    }

    /// Weights and offset: the coordinate is `w . v - offset`, or `w . (v - centre)` computed as that.
    fn origin(&self) -> [f64; 3] {
        if self.is_position() { self.frame.centre_kpc } else { self.frame.velocity_kms }
    }

    fn identity(&self) -> ([u64; 3], [u64; 3], usize, Triple) {
        let bits = |v: [f64; 3]| v.map(f64::to_bits);
        (bits(self.origin()), bits(self.frame.rotation[self.axis]), self.axis, self.columns)
    }
}

impl PartialEq for FrameAxis {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.identity() == other.identity()
    }
}

impl Eq for FrameAxis {}

impl Hash for FrameAxis {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.identity().hash(state);
    }
}

impl ScalarUDFImpl for FrameAxis {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types.first().cloned().unwrap_or(DataType::Float64))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let source = args.arg_fields.get(self.axis);
        let data_type = args.arg_fields.first().map_or(DataType::Float64, |f| f.data_type().clone());
        let mut metadata = source.map(|f| f.metadata().clone()).unwrap_or_default();
        metadata.insert(schema::FRAME.to_string(), self.frame_name.clone());
        metadata.remove(schema::FACTOR);
        let nullable = args.arg_fields.iter().any(|f| f.is_nullable());
        Ok(Arc::new(Field::new(self.columns[self.axis], data_type, nullable).with_metadata(metadata)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [a, b, c] = arrays.as_slice() else { return exec_err!("a frame needs three coordinates") };
        let ([c0, c1, c2], [w0, w1, w2]) = (self.origin(), self.frame.rotation[self.axis]);
        let one = |x: f64, y: f64, z: f64| w0 * (x - c0) + w1 * (y - c1) + w2 * (z - c2);
        let nulls = [a, b, c].iter().fold(None, |all, v| datafusion::arrow::buffer::NullBuffer::union(all.as_ref(), v.nulls()));
        let result: ArrayRef = match (a.data_type(), b.data_type(), c.data_type()) {
            (DataType::Float32, DataType::Float32, DataType::Float32) => {
                let (a, b, c) = (a.as_primitive::<Float32Type>(), b.as_primitive::<Float32Type>(), c.as_primitive::<Float32Type>());
                let values = a.values().iter().zip(b.values()).zip(c.values());
                let values: Vec<f32> = values.map(|((x, y), z)| one(f64::from(*x), f64::from(*y), f64::from(*z)) as f32).collect();
                Arc::new(Float32Array::try_new(values.into(), nulls)?)
            }
            (DataType::Float64, DataType::Float64, DataType::Float64) => {
                let (a, b, c) = (a.as_primitive::<Float64Type>(), b.as_primitive::<Float64Type>(), c.as_primitive::<Float64Type>());
                let values = a.values().iter().zip(b.values()).zip(c.values());
                let values: Vec<f64> = values.map(|((x, y), z)| one(*x, *y, *z)).collect();
                Arc::new(Float64Array::try_new(values.into(), nulls)?)
            }
            (other, ..) => return exec_err!("coordinates of a frame must be floats, not {other}"),
        };
        Ok(ColumnarValue::Array(result))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::config::ConfigOptions;

    #[test]
    fn a_quarter_turn_round_z_moves_x_to_y() {
        let frame = Frame {
            centre_kpc: [10.0, 0.0, 0.0],
            velocity_kms: [0.0; 3],
            rotation: [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
            quality: 1.0,
        };
        let array = |v: f32| ColumnarValue::Array(Arc::new(Float32Array::from(vec![Some(v), None])) as ArrayRef);
        let field = |n: &str| Arc::new(Field::new(n, DataType::Float32, true));
        let value = |axis: usize| {
            let axis = FrameAxis::new("disc", frame, axis, POSITION);
            let args = ScalarFunctionArgs {
                args: vec![array(12.0), array(5.0), array(-3.0)],
                arg_fields: vec![field("x"), field("y"), field("z")],
                number_rows: 2,
                return_field: field("x"),
                config_options: Arc::new(ConfigOptions::default()),
            };
            let ColumnarValue::Array(out) = axis.invoke_with_args(args).unwrap() else { panic!("array") };
            let out = out.as_primitive::<Float32Type>().clone();
            assert!(datafusion::arrow::array::Array::is_null(&out, 1));
            out.value(0)
        };
        assert_eq!([value(0), value(1), value(2)], [5.0, -2.0, -3.0]);
    }
}
