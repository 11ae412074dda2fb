//! Ranges of single columns that a filter on a radius implies, so that sorted files can skip what lies outside.
//!
//! Formula    sqrt(x^2 + y^2 + z^2) < R  =>  |x| <= R, |y| <= R, |z| <= R; in a frame: |x - centre_x| <= R for all three axes
//! Edge cases bounds are widened by 1e-6 and rounded outwards to the column's type; a cylinder in a turned frame implies nothing
//! See also   `parquet_table`, `frame_axis`

use std::collections::BTreeMap;

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::frame_axis::FrameAxis;

/// Relative widening of a bound, above the rounding of 32-bit columns.
const WIDER: f64 = 1e-6;

/// Conjuncts on single columns of `schema` that `filters` imply but do not say.
pub fn ranges(filters: &[Expr], schema: &Schema) -> Vec<Expr> {
    let mut found = Vec::new();
    let mut axes: BTreeMap<String, AxisBounds> = BTreeMap::new();
    for conjunct in filters.iter().flat_map(split_conjunction) {
        let Some((bounded, limit)) = upper_bound(conjunct) else { continue };
        match lengths(bounded) {
            Some((parts, squared)) => {
                let limit = if squared { limit.max(0.0).sqrt() } else { limit };
                found.extend(parts.iter().flat_map(|part| within(part, limit, schema)));
                found.extend(ball(&parts, limit, schema));
            }
            None => {
                if let Some((frame, axis)) = axis_of(bounded) {
                    axes.entry(frame.frame_name().to_string()).or_insert_with(|| AxisBounds::new(frame)).upper[axis] = limit;
                }
            }
        }
    }
    for conjunct in filters.iter().flat_map(split_conjunction) {
        if let Some((bounded, limit)) = lower_bound(conjunct)
            && let Some((frame, axis)) = axis_of(bounded)
            && let Some(bounds) = axes.get_mut(frame.frame_name())
        {
            bounds.lower[axis] = limit;
        }
    }
    found.extend(axes.values().flat_map(|bounds| bounds.ranges(schema)));
    found
}

/// A box along the axes of one frame.
struct AxisBounds {
    frame: FrameAxis,
    lower: [f64; 3],
    upper: [f64; 3],
}

impl AxisBounds {
    fn new(frame: &FrameAxis) -> AxisBounds {
        AxisBounds { frame: frame.clone(), lower: [f64::NEG_INFINITY; 3], upper: [f64::INFINITY; 3] }
    }

    /// The box along the stored axes that holds a box given along the axes of the frame.
    fn ranges(&self, schema: &Schema) -> Vec<Expr> {
        if self.lower.iter().chain(&self.upper).any(|b| b.is_infinite()) {
            return Vec::new();
        }
        let frame = self.frame.frame();
        let mut found = Vec::new();
        for (k, name) in self.frame.columns().iter().enumerate() {
            let (mut low, mut high) = (frame.centre_kpc[k], frame.centre_kpc[k]);
            for axis in 0..3 {
                let weight = frame.rotation[axis][k];
                let ends = (weight * self.lower[axis], weight * self.upper[axis]);
                low += ends.0.min(ends.1);
                high += ends.0.max(ends.1);
            }
            found.extend(column_range(name, low, high, schema));
        }
        found
    }
}

/// `e < value`, `e <= value`, `e = value`, or the same turned round, as (e, value).
fn upper_bound(conjunct: &Expr) -> Option<(&Expr, f64)> {
    match conjunct {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Lt | Operator::LtEq | Operator::Eq if number(right).is_some() => Some((bare(left), number(right)?)),
            Operator::Gt | Operator::GtEq | Operator::Eq => Some((bare(right), number(left)?)),
            _ => None,
        },
        Expr::Between(between) if !between.negated => Some((bare(&between.expr), number(&between.high)?)),
        _ => None,
    }
}

fn lower_bound(conjunct: &Expr) -> Option<(&Expr, f64)> {
    match conjunct {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::Gt | Operator::GtEq | Operator::Eq if number(right).is_some() => Some((bare(left), number(right)?)),
            Operator::Lt | Operator::LtEq | Operator::Eq => Some((bare(right), number(left)?)),
            _ => None,
        },
        Expr::Between(between) if !between.negated => Some((bare(&between.expr), number(&between.low)?)),
        _ => None,
    }
}

/// The components of a length, and whether the length is squared: `radius(x,y,z)`, `abs(z)`, `sqrt(x*x + y*y)`, `x*x + y*y`.
fn lengths(expr: &Expr) -> Option<(Vec<&Expr>, bool)> {
    match expr {
        Expr::ScalarFunction(ScalarFunction { func, args }) => match func.name() {
            "radius" | "r_cyl" | "abs" => Some((args.iter().map(bare).collect(), false)),
            "sqrt" => match args.as_slice() {
                [inner] => squares(bare(inner)).map(|parts| (parts, false)),
                _ => None,
            },
            _ => None,
        },
        other => squares(other).map(|parts| (parts, true)),
    }
}

/// The bases of a sum of squares.
fn squares(expr: &Expr) -> Option<Vec<&Expr>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Plus, right }) => {
            let mut parts = squares(bare(left))?;
            parts.extend(squares(bare(right))?);
            Some(parts)
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Multiply, right }) if left == right => Some(vec![bare(left)]),
        Expr::ScalarFunction(ScalarFunction { func, args }) if matches!(func.name(), "power" | "pow") => match args.as_slice() {
            [base, exponent] if number(exponent) == Some(2.0) => Some(vec![bare(base)]),
            _ => None,
        },
        _ => None,
    }
}

/// `|part| <= limit` for a column, or a column less a number.
fn within(part: &Expr, limit: f64, schema: &Schema) -> Vec<Expr> {
    let (name, centre) = match part {
        Expr::Column(column) => (&column.name, 0.0),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (bare(left), op, number(right)) {
            (Expr::Column(column), Operator::Minus, Some(offset)) => (&column.name, offset),
            (Expr::Column(column), Operator::Plus, Some(offset)) => (&column.name, -offset),
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    column_range(name, centre - limit, centre + limit, schema)
}

/// All three axes of one frame within `limit`: a ball round its centre.
fn ball(parts: &[&Expr], limit: f64, schema: &Schema) -> Vec<Expr> {
    let axes: Vec<(&FrameAxis, usize)> = parts.iter().filter_map(|part| axis_of(part)).collect();
    let [(first, a), (second, b), (third, c)] = axes.as_slice() else { return Vec::new() };
    let one_frame = first.frame_name() == second.frame_name() && second.frame_name() == third.frame_name();
    if !one_frame || a == b || b == c || a == c {
        return Vec::new();
    }
    let centre = first.frame().centre_kpc;
    first.columns().iter().zip(centre).flat_map(|(name, c)| column_range(name, c - limit, c + limit, schema)).collect()
}

/// The frame and axis of a position in a frame.
fn axis_of(expr: &Expr) -> Option<(&FrameAxis, usize)> {
    match bare(expr) {
        Expr::ScalarFunction(ScalarFunction { func, .. }) => {
            let axis = func.inner().as_ref() as &dyn std::any::Any;
            let axis = axis.downcast_ref::<FrameAxis>()?;
            axis.is_position().then_some((axis, axis.axis()))
        }
        _ => None,
    }
}

/// `low <= name <= high`, widened and rounded outwards.
fn column_range(name: &str, low: f64, high: f64, schema: &Schema) -> Vec<Expr> {
    let Ok(field) = schema.field_with_name(name) else { return Vec::new() };
    let margin = WIDER * low.abs().max(high.abs()).max(high - low);
    let (low, high) = (low - margin, high + margin);
    if !low.is_finite() || !high.is_finite() {
        return Vec::new();
    }
    let literal = |value: f64, up: bool| match field.data_type() {
        DataType::Float32 => {
            let near = value as f32;
            Some(ScalarValue::Float32(Some(if up { near.next_up() } else { near.next_down() })))
        }
        DataType::Float64 => Some(ScalarValue::Float64(Some(value))),
        _ => None,
    };
    match (literal(low, false), literal(high, true)) {
        (Some(low), Some(high)) => {
            let column = Expr::Column(Column::new_unqualified(name));
            vec![column.clone().gt_eq(Expr::Literal(low, None)), column.lt_eq(Expr::Literal(high, None))]
        }
        _ => Vec::new(),
    }
}

/// The expression under casts.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(cast) => bare(&cast.expr),
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

fn number(expr: &Expr) -> Option<f64> {
    match bare(expr) {
        Expr::Literal(value, _) if value.data_type().is_numeric() => match value.cast_to(&DataType::Float64) {
            Ok(ScalarValue::Float64(v)) => v.filter(|v| v.is_finite()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::Field;
    use datafusion::prelude::{abs, col, lit, sqrt};

    fn schema() -> Schema {
        Schema::new(["x", "y", "z"].map(|n| Field::new(n, DataType::Float32, false)).to_vec())
    }

    fn text(filter: Expr) -> String {
        let mut all: Vec<String> = ranges(&[filter], &schema()).iter().map(|e| e.human_display().to_string()).collect();
        all.sort();
        all.join("; ")
    }

    #[test]
    fn a_sphere_bounds_each_axis_outwards() {
        let found = text(sqrt(col("x") * col("x") + col("y") * col("y")).lt(lit(5.0)));
        assert_eq!(found.matches("x >= -5.0000").count(), 1, "{found}");
        assert_eq!(found.matches("y <= 5.0000").count(), 1, "{found}");
        assert!(!found.contains('z'));
        assert!(text((col("x") * col("x")).lt_eq(lit(9.0))).contains("x <= 3.00000"));
        assert!(text(abs(col("z")).lt(lit(1))).contains("z >= -1.00000"));
        assert!(text(lit(1.0).gt(abs(col("z") - lit(10.0)))).contains("z >= 8.9999"));
    }

    #[test]
    fn what_implies_nothing_gives_nothing() {
        assert_eq!(text(abs(col("z")).gt(lit(1))), "");
        assert_eq!(text(abs(col("z")).lt(col("x"))), "");
        assert_eq!(text(abs(col("z")).lt(lit(1)).or(abs(col("x")).lt(lit(1)))), "");
        assert_eq!(text((col("x") * col("y")).lt(lit(1.0))), "");
    }
}
