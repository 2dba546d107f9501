//! How is a parameter written for the server's input functions? As the literals of PostgreSQL's documentation: arrays
//! in braces, rows in parentheses, ranges between their brackets. The values inside are quoted where the syntax
//! requires it.

use std::fmt::Write;

use tokio_postgres::types::{Kind, Type};

use super::{base, json, Param, RangeParam};

/// Appends the literal of `param` for `type_`. The error says which value does not fit which type.
pub fn push(param: &Param, type_: &Type, out: &mut String) -> Result<(), String> {
    let type_ = base(type_);
    if matches!(*type_, Type::JSON | Type::JSONB) {
        return json::push_document(param, out);
    }
    match param {
        Param::Null => return Err("a NULL has no place here".to_owned()),
        Param::Bool(truth) => push_truth(*truth, type_, out),
        Param::Number(text) | Param::Text(text) | Param::Literal(text) => out.push_str(text),
        Param::Instant(text) => push_instant(text, type_, out)?,
        Param::Bytes(bytes) => push_bytes(bytes, type_, out)?,
        Param::Tuple(values) if is_composite(type_) => push_row(values, type_, out)?,
        Param::List(items) | Param::Tuple(items) => push_list(items, type_, out)?,
        Param::Row(values) => push_row(values, type_, out)?,
        Param::Map(_) => return Err("a dict is a parameter for json and jsonb only".to_owned()),
        Param::Range(range) => push_range(range, type_, out)?,
    }
    Ok(())
}

/// Appends a bool. Python's bools are ints, so they are also numbers.
fn push_truth(truth: bool, type_: &Type, out: &mut String) {
    const INTS: [Type; 7] = [Type::INT2, Type::INT4, Type::INT8, Type::OID, Type::XID, Type::XID8, Type::CID];
    const OTHERS: [Type; 3] = [Type::FLOAT4, Type::FLOAT8, Type::NUMERIC];
    let is_number = INTS.contains(type_) || OTHERS.contains(type_);
    out.push_str(match (is_number, truth) {
        (true, true) => "1",
        (true, false) => "0",
        (false, true) => "true",
        (false, false) => "false",
    });
}

/// Refuses an offset for a type without one. The server would silently drop it and store another time, or another
/// day.
fn push_instant(text: &str, type_: &Type, out: &mut String) -> Result<(), String> {
    if matches!(*type_, Type::TIMESTAMP | Type::TIME | Type::DATE) {
        let why = "an aware datetime or time does not fit, for the type has no time zone; remove tzinfo";
        return Err(why.to_owned());
    }
    out.push_str(text);
    Ok(())
}

fn push_bytes(bytes: &[u8], type_: &Type, out: &mut String) -> Result<(), String> {
    if *type_ != Type::BYTEA {
        return Err("bytes are a parameter for bytea only; decode them for another type".to_owned());
    }
    out.push_str("\\x");
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    Ok(())
}

fn push_list(items: &[Param], type_: &Type, out: &mut String) -> Result<(), String> {
    match type_.kind() {
        _ if matches!(*type_, Type::INT2_VECTOR | Type::OID_VECTOR) => push_vector(items, type_, out),
        Kind::Array(element) => push_array(items, element, out),
        Kind::Multirange(_) => push_multirange(items, type_, out),
        _ => Err("a list or a tuple is a parameter for arrays, multiranges and json only; a tuple also for \
                  composite types"
            .to_owned()),
    }
}

/// Appends a system vector: PostgreSQL writes these one-dimensional arrays in a form of their own.
fn push_vector(items: &[Param], type_: &Type, out: &mut String) -> Result<(), String> {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(' ');
        }
        match item {
            Param::Number(digits) => out.push_str(digits),
            Param::Bool(truth) => push_truth(*truth, &Type::INT2, out),
            _ => return Err(format!("an {} takes a list of ints, and no NULL", type_.name())),
        }
    }
    Ok(())
}

/// Appends an array. An array without elements has no dimensions.
fn push_array(items: &[Param], element: &Type, out: &mut String) -> Result<(), String> {
    if items.iter().all(|item| is_hollow(item, element)) {
        out.push_str("{}");
        return Ok(());
    }
    let separator = if *element == Type::BOX { ';' } else { ',' };
    out.push('{');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(separator);
        }
        match (item, dimension(item, element)) {
            (Param::Null, _) => out.push_str("NULL"),
            (_, Some(inner)) => push_array(inner, element, out)?,
            (item, None) => push_quoted(item, element, out)?,
        }
    }
    out.push('}');
    Ok(())
}

/// Returns the items of an inner dimension, or `None` if `item` is one element: a list is an element if the elements
/// are lists themselves, and a tuple also if they are rows.
fn dimension<'a>(item: &'a Param, element: &Type) -> Option<&'a [Param]> {
    let element = base(element);
    match item {
        Param::List(inner) if !is_list(element) => Some(inner),
        Param::Tuple(inner) if !is_list(element) && !is_composite(element) => Some(inner),
        _ => None,
    }
}

/// Whether `item` is a dimension without elements.
fn is_hollow(item: &Param, element: &Type) -> bool {
    dimension(item, element).is_some_and(|inner| inner.iter().all(|item| is_hollow(item, element)))
}

/// Whether a value of the type can be a list.
fn is_list(type_: &Type) -> bool {
    matches!(*type_, Type::JSON | Type::JSONB) || matches!(type_.kind(), Kind::Array(_) | Kind::Multirange(_))
}

fn is_composite(type_: &Type) -> bool {
    matches!(type_.kind(), Kind::Composite(_))
}

fn push_row(values: &[Param], type_: &Type, out: &mut String) -> Result<(), String> {
    let Kind::Composite(fields) = type_.kind() else {
        return Err("a record is a parameter for composite types and json only".to_owned());
    };
    if fields.len() != values.len() {
        return Err(format!("the type has {} columns, got {}", fields.len(), values.len()));
    }
    out.push('(');
    for (position, (value, field)) in values.iter().zip(fields).enumerate() {
        if position > 0 {
            out.push(',');
        }
        // An empty text means NULL in a row.
        if *value != Param::Null {
            push_quoted(value, field.type_(), out)?;
        }
    }
    out.push(')');
    Ok(())
}

fn push_multirange(items: &[Param], type_: &Type, out: &mut String) -> Result<(), String> {
    out.push('{');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        let Param::Range(range) = item else {
            return Err("a multirange takes a list of ranges".to_owned());
        };
        push_range(range, type_, out)?;
    }
    out.push('}');
    Ok(())
}

fn push_range(range: &RangeParam, type_: &Type, out: &mut String) -> Result<(), String> {
    let (Kind::Range(bound) | Kind::Multirange(bound)) = type_.kind() else {
        return Err("a Range is a parameter for range types only".to_owned());
    };
    if range.is_empty {
        out.push_str("empty");
        return Ok(());
    }
    out.push(if range.lower_inc { '[' } else { '(' });
    push_bound(&range.lower, bound, out)?;
    out.push(',');
    push_bound(&range.upper, bound, out)?;
    out.push(if range.upper_inc { ']' } else { ')' });
    Ok(())
}

/// Appends a bound. An empty text means "no bound" in a range.
fn push_bound(bound: &Param, type_: &Type, out: &mut String) -> Result<(), String> {
    match bound {
        Param::Null => Ok(()),
        bound => push_quoted(bound, type_, out),
    }
}

/// Appends the literal between double quotes, which arrays, rows and ranges all understand.
fn push_quoted(param: &Param, type_: &Type, out: &mut String) -> Result<(), String> {
    let mut inner = String::new();
    push(param, type_, &mut inner)?;
    out.push('"');
    for at in inner.chars() {
        if at == '"' || at == '\\' {
            out.push('\\');
        }
        out.push(at);
    }
    out.push('"');
    Ok(())
}
