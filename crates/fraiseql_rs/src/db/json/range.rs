//! How do ranges become JSON? As the text that PostgreSQL prints for them, in a string.

use tokio_postgres::types::Type;

use super::super::text::{self, Writer};
use super::super::wire::{Cursor, Malformed};
use super::string::push_escaped;

const EMPTY: u8 = 0x01;
const LOWER_INCLUSIVE: u8 = 0x02;
const UPPER_INCLUSIVE: u8 = 0x04;
const LOWER_INFINITE: u8 = 0x08;
const UPPER_INFINITE: u8 = 0x10;

/// The text of a range's bounds.
pub struct RangeForm {
    bound: Writer,
}

impl RangeForm {
    /// `None` if the bounds have no text of their own.
    pub fn new(bound: &Type) -> Option<Self> {
        text::form(bound).map(|form| Self { bound: form.write })
    }

    pub fn push_escaped_range(&self, field: &[u8], out: &mut String) -> Result<(), Malformed> {
        let mut raw = String::new();
        self.push_range(field, &mut raw)?;
        push_escaped(&raw, out);
        Ok(())
    }

    pub fn push_escaped_multirange(&self, field: &[u8], out: &mut String) -> Result<(), Malformed> {
        let mut cursor = Cursor::new(field);
        let mut raw = String::from("{");
        for position in 0..cursor.count()? {
            if position > 0 {
                raw.push(',');
            }
            let range = cursor.element()?.ok_or(Malformed("a multirange holds a NULL"))?;
            self.push_range(range, &mut raw)?;
        }
        raw.push('}');
        push_escaped(&raw, out);
        Ok(())
    }

    fn push_range(&self, field: &[u8], out: &mut String) -> Result<(), Malformed> {
        let mut cursor = Cursor::new(field);
        let flags = cursor.u8()?;
        if flags & EMPTY != 0 {
            out.push_str("empty");
            return Ok(());
        }
        out.push(if flags & LOWER_INCLUSIVE == 0 { '(' } else { '[' });
        if flags & LOWER_INFINITE == 0 {
            self.push_bound(&mut cursor, out)?;
        }
        out.push(',');
        if flags & UPPER_INFINITE == 0 {
            self.push_bound(&mut cursor, out)?;
        }
        out.push(if flags & UPPER_INCLUSIVE == 0 { ')' } else { ']' });
        Ok(())
    }

    /// A bound that could be taken for the range's own punctuation is quoted, with quotes and backslashes doubled.
    fn push_bound(&self, cursor: &mut Cursor<'_>, out: &mut String) -> Result<(), Malformed> {
        let field = cursor.element()?.ok_or(Malformed("a range has a NULL for a bound"))?;
        let mut bound = String::new();
        (self.bound)(field, &mut bound)?;
        let special = |at: char| at.is_ascii_whitespace() || at == '\x0b' || "\"\\()[],".contains(at);
        if !bound.is_empty() && !bound.contains(special) {
            out.push_str(&bound);
            return Ok(());
        }
        out.push('"');
        for at in bound.chars() {
            if at == '"' || at == '\\' {
                out.push(at);
            }
            out.push(at);
        }
        out.push('"');
        Ok(())
    }
}
