//! The unit of one expression, and the errors where two units meet that do not fit.
//!
//! Layout     sums, comparisons, CASE and lists demand one unit; products and quotients combine; functions have their rule
//! Units      none is a plain number, a text or a truth value: it adopts what stands beside it
//! See also   `units` for whole plans, `functions::unit_of_call`

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ScalarValue, Span};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator};
use datafusion::sql::sqlparser::tokenizer;

use super::functions;
use super::text::SqlText;
use super::units::walk;
use crate::error::{Error, Result};
use crate::table::schema;
use crate::units::Unit;

/// Two units are the same when their ratio differs from 1 by less than this.
const SAME_SCALE: f64 = 1e-12;
/// How the check is switched off.
const OFF: &str = "SET spolia.units = 'off' drops this check";
/// Functions whose arguments must share a unit, which is the unit of the result.
const ALIKE: &[&str] = &["coalesce", "nvl", "ifnull", "nullif", "greatest", "least"];

/// The columns that an expression can see, with their units.
pub struct Scope<'a> {
    /// Names.
    pub schema: &'a DFSchema,
    /// Units in the same order.
    pub units: &'a [Option<Unit>],
    /// Columns of the enclosing query, for a correlated subquery.
    pub outer: Option<&'a Scope<'a>>,
}

impl Scope<'_> {
    fn of(&self, column: &Column) -> Option<Unit> {
        match self.schema.maybe_index_of_column(column) {
            Some(index) => self.units.get(index).cloned().flatten(),
            None => self.outer.and_then(|outer| outer.of(column)),
        }
    }
}

/// Works out units and refuses misfits.
pub struct UnitCheck<'a> {
    /// The text, for carets.
    pub text: &'a SqlText,
    /// Whether misfits are errors.
    pub strict: bool,
}

impl UnitCheck<'_> {
    /// Unit of `expr`.
    pub fn unit(&self, expr: &Expr, scope: &Scope) -> Result<Option<Unit>> {
        match expr {
            Expr::Alias(alias) => {
                let inner = self.unit(&alias.expr, scope)?;
                let named = alias.metadata.as_ref().and_then(|m| m.inner().get(schema::UNIT)).and_then(|text| Unit::parse(text).ok());
                Ok(named.or(inner))
            }
            Expr::Column(column) => Ok(scope.of(column)),
            Expr::OuterReferenceColumn(_, column) => Ok(scope.outer.and_then(|outer| outer.of(column))),
            Expr::BinaryExpr(binary) => self.binary(binary, expr, scope),
            Expr::Negative(inner) => self.unit(inner, scope),
            Expr::Cast(cast) => self.cast(&cast.expr, cast.field.data_type(), scope),
            Expr::TryCast(cast) => self.cast(&cast.expr, cast.field.data_type(), scope),
            Expr::Between(between) => {
                let unit = self.unit(&between.expr, scope)?;
                for bound in [&between.low, &between.high] {
                    let other = self.unit(bound, scope)?;
                    self.same("compare", &between.expr, &unit, bound, &other, Some(expr))?;
                }
                Ok(None)
            }
            Expr::InList(list) => {
                let unit = self.unit(&list.expr, scope)?;
                for item in &list.list {
                    let other = self.unit(item, scope)?;
                    self.same("compare", &list.expr, &unit, item, &other, None)?;
                }
                Ok(None)
            }
            Expr::Case(case) => {
                let base = case.expr.as_ref().map(|e| self.unit(e, scope)).transpose()?;
                let mut branches = Vec::new();
                for (when, then) in &case.when_then_expr {
                    let when_unit = self.unit(when, scope)?;
                    if let (Some(base_expr), Some(base_unit)) = (&case.expr, &base) {
                        self.same("compare", base_expr, base_unit, when, &when_unit, None)?;
                    }
                    branches.push(then.as_ref());
                }
                branches.extend(case.else_expr.as_deref());
                self.alike("choose between", &branches, scope)
            }
            Expr::ScalarFunction(call) => {
                let args: Vec<&Expr> = call.args.iter().collect();
                if ALIKE.contains(&call.name()) {
                    return self.alike("choose between", &args, scope);
                }
                self.call(call.name(), &args, expr, scope)
            }
            Expr::AggregateFunction(call) => {
                if let Some(filter) = &call.params.filter {
                    self.unit(filter, scope)?;
                }
                for sort in &call.params.order_by {
                    self.unit(&sort.expr, scope)?;
                }
                self.call(call.func.name(), &call.params.args.iter().collect::<Vec<_>>(), expr, scope)
            }
            Expr::WindowFunction(call) => {
                for e in &call.params.partition_by {
                    self.unit(e, scope)?;
                }
                for sort in &call.params.order_by {
                    self.unit(&sort.expr, scope)?;
                }
                self.call(call.fun.name(), &call.params.args.iter().collect::<Vec<_>>(), expr, scope)
            }
            Expr::ScalarSubquery(query) => Ok(walk(&query.subquery, self, Some(scope))?.into_iter().next().flatten()),
            Expr::InSubquery(test) => {
                let unit = self.unit(&test.expr, scope)?;
                let other = walk(&test.subquery.subquery, self, Some(scope))?.into_iter().next().flatten();
                self.same("compare", &test.expr, &unit, &test.expr, &other, None)?;
                Ok(None)
            }
            Expr::Exists(test) => walk(&test.subquery.subquery, self, Some(scope)).map(|_| None),
            Expr::Literal(..) => Ok(None),
            other => {
                // Tests such as IS NULL and LIKE: the parts are checked, the result has no unit.
                let mut failure = None;
                let visited = other.apply_children(|child| match self.unit(child, scope) {
                    Ok(_) => Ok(TreeNodeRecursion::Continue),
                    Err(e) => {
                        failure = Some(e);
                        Ok(TreeNodeRecursion::Stop)
                    }
                });
                match failure {
                    Some(e) => Err(e),
                    None => visited.map(|_| None).map_err(|e| Error::internal("cannot visit an expression").because(e)),
                }
            }
        }
    }

    fn binary(&self, binary: &BinaryExpr, whole: &Expr, scope: &Scope) -> Result<Option<Unit>> {
        let left = self.unit(&binary.left, scope)?;
        let right = self.unit(&binary.right, scope)?;
        match binary.op {
            Operator::Plus => self.same("add", &binary.left, &left, &binary.right, &right, Some(whole)),
            Operator::Minus => self.same("subtract", &binary.left, &left, &binary.right, &right, Some(whole)),
            Operator::Modulo => self.same("divide with remainder", &binary.left, &left, &binary.right, &right, Some(whole)),
            Operator::Multiply => Ok(combine(left, right, Unit::times)),
            Operator::Divide | Operator::IntegerDivide => Ok(combine(left, right, Unit::over)),
            op if is_comparison(op) => {
                self.same("compare", &binary.left, &left, &binary.right, &right, Some(whole))?;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn cast(&self, inner: &Expr, to: &DataType, scope: &Scope) -> Result<Option<Unit>> {
        let unit = self.unit(inner, scope)?;
        Ok(if to.is_numeric() { unit } else { None })
    }

    /// One unit for all of `exprs`.
    fn alike(&self, action: &str, exprs: &[&Expr], scope: &Scope) -> Result<Option<Unit>> {
        let mut found: Option<(&Expr, Option<Unit>)> = None;
        for expr in exprs {
            let unit = self.unit(expr, scope)?;
            found = Some(match found {
                None => (expr, unit),
                Some((first, known)) => {
                    let agreed = self.same(action, first, &known, expr, &unit, None)?;
                    (if known.is_none() { expr } else { first }, agreed)
                }
            });
        }
        Ok(found.and_then(|(_, unit)| unit))
    }

    fn call(&self, name: &str, args: &[&Expr], whole: &Expr, scope: &Scope) -> Result<Option<Unit>> {
        let units = args.iter().map(|e| self.unit(e, scope)).collect::<Result<Vec<_>>>()?;
        let literals: Vec<Option<f64>> = args.iter().map(|e| number(e)).collect();
        match functions::unit_of_call(name, &units, &literals) {
            Ok(Some(unit)) => return Ok(Some(unit)),
            Ok(None) => {}
            Err(_) if !self.strict => return Ok(Some(Unit::unknown())),
            Err(e) => {
                let place = self.text.find_call(name).map(|span| self.text.place(span));
                let found: Vec<String> =
                    args.iter().zip(&units).filter_map(|(e, u)| u.as_ref().map(|u| format!("`{}` in {u}", shown(e)))).collect();
                let mut error = Error::mismatch(e.what());
                if !found.is_empty() {
                    error = error.found(found.join(", "));
                }
                let error = error.hint(e.hint_text().map_or_else(|| OFF.to_string(), |h| format!("{h}; {OFF}")));
                return Err(match place {
                    Some(place) => error.at(place),
                    None => error,
                });
            }
        }
        // No rule: what the function says about its result, else unknown when a unit went in and a number comes out.
        let Ok((_, field)) = whole.to_field(scope.schema) else { return Ok(None) };
        if let Some(text) = field.metadata().get(schema::UNIT) {
            return Ok(Some(Unit::parse(text).unwrap_or_else(|_| Unit::unknown())));
        }
        let carried = units.iter().flatten().any(|u| !u.is_one());
        Ok(if carried && field.data_type().is_numeric() && functions::unit_rule(name).is_none() { Some(Unit::unknown()) } else { None })
    }

    /// The common unit of two expressions, or the error that says why there is none.
    pub fn same(
        &self,
        action: &str,
        a: &Expr,
        a_unit: &Option<Unit>,
        b: &Expr,
        b_unit: &Option<Unit>,
        whole: Option<&Expr>,
    ) -> Result<Option<Unit>> {
        match agree(a_unit, b_unit) {
            Agreement::Same(unit) => Ok(unit),
            _ if !self.strict => Ok(Some(Unit::unknown())),
            misfit => {
                let error = misfit_error(action, &shown(a), &shown(b), a_unit, b_unit, &misfit);
                let spans = [Some(a), Some(b), whole];
                let span = Span::union_iter(spans.iter().flatten().flat_map(|e| column_spans(e)));
                Err(match span {
                    Some(span) => error.at(self.text.place(text_span(span))),
                    None => error,
                })
            }
        }
    }

    /// The common unit of column `name` in two branches of a UNION.
    pub fn same_in_union(&self, name: &str, a: &Option<Unit>, b: &Option<Unit>) -> Result<Option<Unit>> {
        match agree(a, b) {
            Agreement::Same(unit) => Ok(unit),
            _ if !self.strict => Ok(Some(Unit::unknown())),
            misfit => {
                let error = misfit_error("unite", name, name, a, b, &misfit);
                let span =
                    self.text.find_word("union").or_else(|| self.text.find_word("intersect")).or_else(|| self.text.find_word("except"));
                Err(match span {
                    Some(span) => error.at(self.text.place(span)),
                    None => error,
                })
            }
        }
    }
}

enum Agreement {
    Same(Option<Unit>),
    Scale(f64),
    Dimension,
}

fn agree(a: &Option<Unit>, b: &Option<Unit>) -> Agreement {
    match (a, b) {
        (None, other) | (other, None) => Agreement::Same(other.clone()),
        (Some(a), Some(b)) if a.is_unknown() || b.is_unknown() => Agreement::Same(Some(Unit::unknown())),
        (Some(a), Some(b)) if a == b => Agreement::Same(Some(a.clone())),
        (Some(a), Some(b)) if a.same_dimension(b) => match b.factor_to(a) {
            Ok(factor) if (factor - 1.0).abs() < SAME_SCALE => Agreement::Same(Some(a.clone())),
            Ok(factor) => Agreement::Scale(factor),
            Err(_) => Agreement::Dimension,
        },
        _ => Agreement::Dimension,
    }
}

fn misfit_error(action: &str, a: &str, b: &str, a_unit: &Option<Unit>, b_unit: &Option<Unit>, misfit: &Agreement) -> Error {
    let name = |unit: &Option<Unit>| unit.as_ref().map_or_else(|| "no unit".to_string(), Unit::to_string);
    let (a_unit, b_unit) = (name(a_unit), name(b_unit));
    let error = Error::mismatch(format!("cannot {action} {a_unit} and {b_unit}"))
        .expected("one unit")
        .found(format!("`{a}` in {a_unit} and `{b}` in {b_unit}"));
    match misfit {
        Agreement::Scale(factor) => error.hint(format!("{b_unit} times {factor} is {a_unit}: write `({b}) * {factor}`; {OFF}")),
        _ => error.hint(OFF),
    }
}

fn combine(a: Option<Unit>, b: Option<Unit>, how: fn(&Unit, &Unit) -> Unit) -> Option<Unit> {
    match (a, b) {
        (None, None) => None,
        (Some(u), _) | (_, Some(u)) if u.is_unknown() => Some(Unit::unknown()),
        (a, b) => Some(how(&a.unwrap_or_else(Unit::one), &b.unwrap_or_else(Unit::one))),
    }
}

/// Value of a numeric literal, through signs and casts.
fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Literal(value, _) => match value.cast_to(&DataType::Float64) {
            Ok(ScalarValue::Float64(v)) if value.data_type().is_numeric() => v,
            _ => None,
        },
        Expr::Negative(inner) => number(inner).map(|v| -v),
        Expr::Cast(cast) => number(&cast.expr),
        Expr::BinaryExpr(b) => {
            let (left, right) = (number(&b.left)?, number(&b.right)?);
            match b.op {
                Operator::Plus => Some(left + right),
                Operator::Minus => Some(left - right),
                Operator::Multiply => Some(left * right),
                Operator::Divide => Some(left / right),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The expression as a person would write it: no table names, no type names.
fn shown(expr: &Expr) -> String {
    let bare = expr.clone().transform(|e| {
        Ok(match e {
            Expr::Column(c) if c.relation.is_some() => Transformed::yes(Expr::Column(Column::new_unqualified(c.name))),
            Expr::Cast(c) => Transformed::yes(*c.expr),
            other => Transformed::no(other),
        })
    });
    bare.map_or_else(|_| expr.human_display().to_string(), |t| t.data.human_display().to_string())
}

fn column_spans(expr: &Expr) -> Vec<Span> {
    let mut spans = Vec::new();
    let visited = expr.apply(|e| {
        if let Expr::Column(column) = e {
            spans.extend(column.spans.first());
        }
        Ok(TreeNodeRecursion::Continue)
    });
    if visited.is_err() { Vec::new() } else { spans }
}

/// A planner's span as one of the tokenizer.
pub fn text_span(span: Span) -> tokenizer::Span {
    let place = |l: datafusion::common::Location| tokenizer::Location { line: l.line, column: l.column };
    tokenizer::Span { start: place(span.start), end: place(span.end) }
}

fn is_comparison(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}
