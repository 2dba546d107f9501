//! How is text quoted in JSON? As PostgreSQL does it: short escapes where JSON has them, else `\u00xx`; UTF-8 stays
//! as it is.

use std::fmt::Write;

/// Appends `text` as a JSON string.
pub fn push_string(text: &str, out: &mut String) {
    out.push('"');
    push_escaped(text, out);
    out.push('"');
}

/// Appends `text` and escapes the characters that JSON cannot hold.
pub fn push_escaped(text: &str, out: &mut String) {
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        // The byte is ASCII, so both cuts are between characters.
        out.push_str(&text[clean..at]);
        push_escape(byte, out);
        clean = at + 1;
    }
    out.push_str(&text[clean..]);
}

fn push_escape(byte: u8, out: &mut String) {
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        0x08 => out.push_str("\\b"),
        0x0c => out.push_str("\\f"),
        _ => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{byte:04x}");
        }
    }
}
