//! How do ranges become JSON? As the text that PostgreSQL prints for them, in a string.

use tokio_postgres::types::Type;

use super::super::text::{self, Writer};
use super::super::wire::{multirange_parts, Malformed, RangeParts};
use super::string::push_escaped;

/// Writes the text of a range's bounds.
pub struct RangeForm {
    bound: Writer,
}

impl RangeForm {
    /// Returns `None` if the type of the bounds has no text form here.
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
        let mut raw = String::from("{");
        for (position, range) in multirange_parts(field)?.into_iter().enumerate() {
            if position > 0 {
                raw.push(',');
            }
            self.push_range(range, &mut raw)?;
        }
        raw.push('}');
        push_escaped(&raw, out);
        Ok(())
    }

    fn push_range(&self, field: &[u8], out: &mut String) -> Result<(), Malformed> {
        let range = RangeParts::new(field)?;
        if range.is_empty {
            out.push_str("empty");
            return Ok(());
        }
        out.push(if range.lower_inc { '[' } else { '(' });
        self.push_bound(range.lower, out)?;
        out.push(',');
        self.push_bound(range.upper, out)?;
        out.push(if range.upper_inc { ']' } else { ')' });
        Ok(())
    }

    /// Appends a bound. If its text could be read as the range's own punctuation, it is quoted, with quotes and
    /// backslashes doubled.
    fn push_bound(&self, field: Option<&[u8]>, out: &mut String) -> Result<(), Malformed> {
        let Some(field) = field else { return Ok(()) };
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
