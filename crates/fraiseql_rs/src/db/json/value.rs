//! How does one value become JSON? Its type chooses the way once per result. Each field is then written straight to
//! the buffer.

use tokio_postgres::types::{Kind, Type};

use super::super::depth::Depth;
use super::super::text::{self, datetime, float, number, Writer};
use super::super::wire::{Cursor, Malformed};
use super::nested::{self, Fields};
use super::range::RangeForm;
use super::string::push_escaped;

/// The converter from one type to JSON.
pub enum Encoder {
    /// `true` and `false`.
    Truth,
    /// Text that is valid JSON already: an integer.
    Raw(Writer),
    /// A number, except for values that JSON cannot express as a number.
    Number(Writer),
    /// A string that needs no escapes.
    Plain(Writer),
    /// A string that may need escapes.
    Escaped(Writer),
    Json,
    Jsonb,
    Array(Box<Encoder>),
    Object(Fields),
    Range(RangeForm),
    Multirange(RangeForm),
}

impl Encoder {
    /// Returns `None` if the type, or a part of it, has no converter.
    pub fn for_type(type_: &Type) -> Option<Self> {
        match type_.kind() {
            Kind::Domain(base) => Self::for_type(base),
            Kind::Array(element) => Self::for_type(element).map(|element| Self::Array(Box::new(element))),
            Kind::Composite(fields) => Fields::new(fields).map(Self::Object),
            Kind::Range(bound) => RangeForm::new(bound).map(Self::Range),
            Kind::Multirange(bound) => RangeForm::new(bound).map(Self::Multirange),
            _ => Self::for_scalar(type_),
        }
    }

    fn for_scalar(type_: &Type) -> Option<Self> {
        Some(match *type_ {
            Type::BOOL => Self::Truth,
            Type::INT2 => Self::Raw(number::int2),
            Type::INT4 => Self::Raw(number::int4),
            Type::INT8 => Self::Raw(number::int8),
            Type::FLOAT4 => Self::Number(float::float4),
            Type::FLOAT8 => Self::Number(float::float8),
            Type::NUMERIC => Self::Number(number::numeric),
            Type::TIMESTAMP => Self::Plain(datetime::timestamp_iso),
            Type::TIMESTAMPTZ => Self::Plain(datetime::timestamptz_iso),
            Type::JSON => Self::Json,
            Type::JSONB => Self::Jsonb,
            _ => {
                let form = text::form(type_)?;
                if form.needs_escape {
                    Self::Escaped(form.write)
                } else {
                    Self::Plain(form.write)
                }
            }
        })
    }

    /// Appends the value of a field; `None` is NULL.
    pub fn encode(&self, field: Option<&[u8]>, out: &mut String, depth: Depth) -> Result<(), Malformed> {
        let Some(field) = field else {
            out.push_str("null");
            return Ok(());
        };
        match self {
            Self::Truth => out.push_str(if Cursor::new(field).u8()? == 0 { "false" } else { "true" }),
            Self::Raw(write) => write(field, out)?,
            Self::Number(write) => push_number(*write, field, out)?,
            Self::Plain(write) => push_quoted(out, |out| write(field, out))?,
            Self::Escaped(write) => push_quoted(out, |out| escape_tail(*write, field, out))?,
            Self::Json => out.push_str(text::utf8(field)?),
            Self::Jsonb => out.push_str(text::versioned(field)?),
            Self::Array(element) => nested::push_array(element, field, out, depth.inside()?)?,
            Self::Object(fields) => fields.push_object(field, out, depth.inside()?)?,
            Self::Range(form) => push_quoted(out, |out| form.push_escaped_range(field, out))?,
            Self::Multirange(form) => push_quoted(out, |out| form.push_escaped_multirange(field, out))?,
        }
        Ok(())
    }
}

fn push_quoted(
    out: &mut String,
    write: impl FnOnce(&mut String) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    out.push('"');
    write(out)?;
    out.push('"');
    Ok(())
}

/// Appends a number. Infinities and NaN become strings, as in `row_to_json`.
fn push_number(write: Writer, field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let start = out.len();
    write(field, out)?;
    if out.ends_with(|last: char| last.is_ascii_alphabetic()) {
        out.insert(start, '"');
        out.push('"');
    }
    Ok(())
}

/// Writes the text and escapes it in place. Most text needs no escapes and so is not copied twice.
fn escape_tail(write: Writer, field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let start = out.len();
    write(field, out)?;
    if out[start..].bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let raw = out.split_off(start);
        push_escaped(&raw, out);
    }
    Ok(())
}
