//! What is the name of a field's type?

use tokio_postgres::types::{Kind, Type};

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
