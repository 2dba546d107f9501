//! What stands for what differs between two starts of a program? `{port}` and its like in a text, the text with their values
//! out.

use std::collections::BTreeMap;

/// The names that every program has; any other is a variable of a service before it.
pub const OWN: [&str; 3] = ["port", "folder", "version"];

/// Name → what stands for it.
pub type Values = BTreeMap<String, String>;

/// Each `{name}` of `text`, in order.
pub fn names(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('{') {
        match name(after) {
            Some(name) => {
                found.push(name);
                rest = &after[name.len() + 1..];
            }
            None => rest = after,
        }
    }
    found
}

/// `text` with the value of each `{name}`, or the first name that has none.
pub fn fill(text: &str, values: &Values) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        if let Some(name) = name(after) {
            filled.push_str(values.get(name).ok_or_else(|| name.to_owned())?);
            rest = &after[name.len() + 1..];
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// The name between an opening brace and its closing one: a letter or `_`, then those and digits. Other braces, such as
/// those of JSON, stand for themselves.
fn name(after: &str) -> Option<&str> {
    let (name, _) = after.split_once('}')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = name.bytes().all(plain) && name.starts_with(|first: char| !first.is_ascii_digit());
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        [("port", "4222"), ("PGUSER", "{port}")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    #[test]
    fn a_name_in_braces_is_replaced_once_and_other_braces_stay() {
        let filled = fill("-p {port} {\"a\": {}} {PGUSER} { port } {1}", &values());
        assert_eq!(filled.as_deref(), Ok("-p 4222 {\"a\": {}} {port} { port } {1}"));
        assert_eq!(fill("{port", &values()).as_deref(), Ok("{port"));
    }

    #[test]
    fn a_name_without_a_value_is_told() {
        assert_eq!(fill("{port} {PGHOST}", &values()), Err("PGHOST".to_owned()));
        assert_eq!(names("{port} {{PGHOST}} {} { x }"), ["port", "PGHOST"]);
    }
}
