//! How does PostgreSQL print a value? Binary field → the text of the server's own output function, under the session
//! settings of `settings`. JSON strings, ranges and messages use this text.

pub mod bits;
pub mod datetime;
pub mod float;
pub mod network;
pub mod number;

use std::str;

use tokio_postgres::types::{Kind, Type};

use super::wire::{Cursor, Malformed};

/// Appends the text of one non-null field.
pub type Writer = fn(&[u8], &mut String) -> Result<(), Malformed>;

/// A writer for `type_`, and whether its text may hold characters that JSON escapes.
pub struct Form {
    pub write: Writer,
    pub needs_escape: bool,
}

/// Returns the form of a scalar type. `None` is for types that have no form here: arrays, for example, and unknown
/// types.
pub fn form(type_: &Type) -> Option<Form> {
    if let Kind::Domain(base) = type_.kind() {
        return form(base);
    }
    if let Some(write) = plain(type_) {
        return Some(Form { write, needs_escape: false });
    }
    escaped(type_).map(|write| Form { write, needs_escape: true })
}

/// The types whose text has only digits, letters and punctuation that JSON does not escape.
fn plain(type_: &Type) -> Option<Writer> {
    Some(match *type_ {
        Type::INT2 => number::int2,
        Type::INT4 => number::int4,
        Type::INT8 => number::int8,
        Type::OID | Type::XID | Type::CID => number::uint4,
        Type::XID8 => number::uint8,
        Type::FLOAT4 => float::float4,
        Type::FLOAT8 => float::float8,
        Type::NUMERIC => number::numeric,
        Type::BOOL => bits::bool,
        Type::UUID => bits::uuid,
        Type::BIT | Type::VARBIT => bits::bit,
        Type::PG_LSN => bits::lsn,
        Type::TID => bits::tid,
        Type::VOID => |_, _| Ok(()),
        Type::DATE => datetime::date,
        Type::TIME => datetime::time,
        Type::TIMETZ => datetime::timetz,
        Type::TIMESTAMP => datetime::timestamp,
        Type::TIMESTAMPTZ => datetime::timestamptz,
        Type::INTERVAL => datetime::interval,
        Type::INET => network::inet,
        Type::CIDR => network::cidr,
        Type::MACADDR | Type::MACADDR8 => network::mac,
        _ => return None,
    })
}

fn escaped(type_: &Type) -> Option<Writer> {
    Some(match *type_ {
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::JSON | Type::XML => {
            text
        }
        Type::JSONB | Type::JSONPATH => versioned_text,
        Type::BYTEA => bits::bytea,
        Type::CHAR => bits::char,
        // An extension's type has no fixed number. This one is text with another comparison.
        _ if matches!(type_.kind(), Kind::Enum(_)) || type_.name() == "citext" => text,
        _ => return None,
    })
}

/// Reads UTF-8. The session asks for UTF-8, and only a database in `SQL_ASCII` can send other bytes.
pub fn utf8(field: &[u8]) -> Result<&str, Malformed> {
    str::from_utf8(field).map_err(|_| Malformed("the text is not UTF-8"))
}

/// Reads the text after the version byte that newer types send.
pub fn versioned(field: &[u8]) -> Result<&str, Malformed> {
    let mut cursor = Cursor::new(field);
    match cursor.u8()? {
        1 => utf8(cursor.rest()),
        _ => Err(Malformed("the binary format has an unknown version")),
    }
}

fn text(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    out.push_str(utf8(field)?);
    Ok(())
}

fn versioned_text(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    out.push_str(versioned(field)?);
    Ok(())
}
