//! Which values does a row have? Numbers, bool, text, enums and NULL; the caller casts all others to text.

use std::error::Error;

use tokio_postgres::types::{FromSql, Kind, Type};
use tokio_postgres::{Column, Row};

use crate::answer::Value;
use crate::error::Failure;

/// Whether a column has a type of the database's own. tokio-postgres then keeps statements on the session, which a
/// reset removes.
pub fn is_foreign(rows: &[Row]) -> bool {
    rows.first()
        .is_some_and(|row| row.columns().iter().any(|column| Type::from_oid(column.type_().oid()).is_none()))
}

/// The values of each row, whose columns have these types.
pub fn rows(rows: &[Row], types: &[Type]) -> Result<Vec<Vec<Value>>, Failure> {
    let values = |row| types.iter().enumerate().map(|(index, of)| value(row, index, of)).collect();
    rows.iter().map(values).collect()
}

fn value(row: &Row, index: usize, of: &Type) -> Result<Value, Failure> {
    let decoded = match *of {
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
        ref other if is_enum(other) => get::<Label>(row, index, |label| Value::Text(label.0)),
        ref other => {
            let name = row.columns().get(index).map_or("?", Column::name);
            return Err(Failure::of_pool(format!("column {name:?} has the type {other}: cast it to text")));
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

/// A value of an enum, which the server sends as its text.
struct Label(String);

impl FromSql<'_> for Label {
    fn from_sql(_type: &Type, sent: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(String::from_utf8(sent.to_vec())?))
    }

    fn accepts(of: &Type) -> bool {
        is_enum(of)
    }
}

fn is_enum(of: &Type) -> bool {
    matches!(of.kind(), Kind::Enum(_))
}
