//! Which values does a row have? Numbers, bool, text and NULL; the caller casts all others to text.

use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::Row;

use crate::answer::Value;
use crate::error::Failure;

/// Whether a column has a type of the database's own. tokio-postgres then keeps statements on the session, which a
/// reset removes.
pub fn is_foreign(rows: &[Row]) -> bool {
    rows.first()
        .is_some_and(|row| row.columns().iter().any(|column| Type::from_oid(column.type_().oid()).is_none()))
}

pub fn rows(rows: &[Row]) -> Result<Vec<Vec<Value>>, Failure> {
    rows.iter().map(|row| (0..row.len()).map(|index| value(row, index)).collect()).collect()
}

fn value(row: &Row, index: usize) -> Result<Value, Failure> {
    let column = &row.columns()[index];
    let decoded = match *column.type_() {
        Type::BOOL => get::<bool>(row, index, Value::Bool),
        Type::INT2 => get::<i16>(row, index, |value| Value::Int(value.into())),
        Type::INT4 => get::<i32>(row, index, |value| Value::Int(value.into())),
        Type::INT8 => get::<i64>(row, index, Value::Int),
        Type::OID => get::<u32>(row, index, |value| Value::Int(value.into())),
        Type::FLOAT4 => get::<f32>(row, index, |value| Value::Float(value.into())),
        Type::FLOAT8 => get::<f64>(row, index, Value::Float),
        Type::VOID => Ok(Value::Text(String::new())),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR | Type::UNKNOWN => {
            get::<String>(row, index, Value::Text)
        }
        ref other => {
            let message = format!("column {:?} has the type {other}: cast it to text", column.name());
            return Err(Failure::of_pool(message));
        }
    };
    decoded.map_err(|error| Failure::of_pool(error.to_string()))
}

fn get<'r, T: FromSql<'r>>(
    row: &'r Row,
    index: usize,
    make: impl FnOnce(T) -> Value,
) -> Result<Value, tokio_postgres::Error> {
    row.try_get::<_, Option<T>>(index).map(|value| value.map_or(Value::Null, make))
}
