//! How does PostgreSQL print values that are bytes or bits underneath: bytea, bit strings, uuid, bool, system
//! identifiers?

use std::fmt::Write;

use super::super::wire::{Cursor, Malformed};

const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

/// Appends two lower-case digits for a byte.
pub fn push_hex(byte: u8, out: &mut String) {
    out.push(HEX[usize::from(byte >> 4)]);
    out.push(HEX[usize::from(byte & 15)]);
}

/// Reads a truth value: one is true, zero is false.
pub fn truth(field: &[u8]) -> Result<bool, Malformed> {
    Ok(Cursor::new(field).u8()? != 0)
}

pub fn bool(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    out.push(if truth(field)? { 't' } else { 'f' });
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "every writer has this signature")]
pub fn bytea(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    out.reserve(2 + 2 * field.len());
    out.push_str("\\x");
    for byte in field {
        push_hex(*byte, out);
    }
    Ok(())
}

pub fn uuid(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let bytes = Cursor::new(field).take(16)?;
    for (position, byte) in bytes.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        push_hex(*byte, out);
    }
    Ok(())
}

/// Appends a bit string. The field has the number of bits, then the bits, the first in the highest place.
pub fn bit(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(field);
    let count = cursor.count()?;
    let bytes = cursor.take(count.div_ceil(8))?;
    out.extend((0..count).map(|at| if bytes[at / 8] >> (7 - at % 8) & 1 == 1 { '1' } else { '0' }));
    Ok(())
}

/// Appends a `"char"`: one byte. A zero prints nothing, and a byte beyond ASCII prints in octal.
pub fn char(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    match Cursor::new(field).u8()? {
        0 => {}
        byte if byte.is_ascii() => out.push(byte.into()),
        byte => {
            // Writing to a String cannot fail, here and below.
            let _ = write!(out, "\\{byte:03o}");
        }
    }
    Ok(())
}

/// Appends a position in the write-ahead log, as two halves.
pub fn lsn(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(field);
    let (high, low) = (cursor.u32()?, cursor.u32()?);
    let _ = write!(out, "{high:X}/{low:X}");
    Ok(())
}

/// Appends the place of a row: block and offset.
pub fn tid(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(field);
    let (block, offset) = (cursor.u32()?, cursor.u16()?);
    let _ = write!(out, "({block},{offset})");
    Ok(())
}
