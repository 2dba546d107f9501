//! What is one field of a row before its conversion, and what is the name of its type?

use std::error::Error as StdError;

use tokio_postgres::types::{FromSql, Kind, Type};

/// The bytes of a field of any type; `None` is NULL.
pub struct Field<'a>(pub Option<&'a [u8]>);

impl<'a> FromSql<'a> for Field<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The name that a cast would use. Types of the system catalogue need no schema; the names of arrays end in `[]`.
pub fn qualified(type_: &Type) -> String {
    if let Kind::Array(element) = type_.kind() {
        return format!("{}[]", qualified(element));
    }
    match type_.schema() {
        "pg_catalog" => type_.name().to_owned(),
        schema => format!("{schema}.{}", type_.name()),
    }
}
