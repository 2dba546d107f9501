//! How does a parameter become a JSON document? Dicts, lists, numbers and the strings inside them are written as
//! JSON. A str at the top is a document already, which the caller wrote.

use super::super::json::push_string;
use super::Param;

/// Appends the document for `param`.
pub fn push_document(param: &Param, out: &mut String) -> Result<(), String> {
    match param {
        Param::Text(document) => {
            out.push_str(document);
            Ok(())
        }
        other => push_value(other, out),
    }
}

fn push_value(param: &Param, out: &mut String) -> Result<(), String> {
    match param {
        Param::Null => out.push_str("null"),
        Param::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Param::Number(digits) if digits.ends_with(|last: char| last.is_ascii_digit()) => out.push_str(digits),
        Param::Number(special) => return Err(format!("JSON has no number for {special}")),
        Param::Text(text) | Param::Literal(text) | Param::Instant(text) => push_string(text, out),
        Param::List(items) | Param::Tuple(items) | Param::Row(items) => {
            push_all(out, ['[', ']'], items, push_value)?;
        }
        Param::Map(entries) => push_all(out, ['{', '}'], entries, |(key, value), out| {
            push_string(key, out);
            out.push(':');
            push_value(value, out)
        })?,
        Param::Bytes(_) => return Err("bytes have no form in JSON".to_owned()),
        Param::Range(_) => return Err("a Range has no form in JSON".to_owned()),
    }
    Ok(())
}

fn push_all<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: &[T],
    mut push: impl FnMut(&T, &mut String) -> Result<(), String>,
) -> Result<(), String> {
    out.push(open);
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        push(item, out)?;
    }
    out.push(close);
    Ok(())
}
