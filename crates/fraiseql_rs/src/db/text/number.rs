//! How does PostgreSQL print exact numbers? Integers in decimal, a numeric with every digit that it holds.

use super::super::wire::{Cursor, Malformed};

macro_rules! integer {
    ($name:ident, $read:ident) => {
        pub fn $name(field: &[u8], out: &mut String) -> Result<(), Malformed> {
            out.push_str(itoa::Buffer::new().format(Cursor::new(field).$read()?));
            Ok(())
        }
    };
}

integer!(int2, i16);
integer!(int4, i32);
integer!(int8, i64);
integer!(uint4, u32);
integer!(uint8, u64);

/// Appends a non-negative number, with leading zeros up to `width` digits. `write!` is several times as slow, and a
/// result may have many dates.
pub fn push_padded(number: impl itoa::Integer, width: usize, out: &mut String) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number);
    for _ in digits.len()..width {
        out.push('0');
    }
    out.push_str(digits);
}

/// Appends digits in base 10,000. The first digit is worth 10,000 to the `weight`; the text has `scale` decimals.
pub fn numeric(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(field);
    let count = cursor.u16()?;
    let weight = cursor.i16()?;
    let sign = cursor.u16()?;
    let scale = usize::from(cursor.u16()?);
    match sign {
        0 => {}
        0x4000 => out.push('-'),
        special => {
            out.push_str(not_a_number(special)?);
            return Ok(());
        }
    }
    whole_digits(&mut cursor, count, weight, out)?;
    let read = count.min(u16::try_from(i32::from(weight) + 1).unwrap_or(0));
    if scale > 0 {
        out.push('.');
        // The groups between the point and the first stored digit.
        let gap = usize::try_from(-1 - i32::from(weight)).unwrap_or(0);
        fraction_digits(&mut cursor, count - read, gap, scale, out)?;
    }
    Ok(())
}

fn not_a_number(sign: u16) -> Result<&'static str, Malformed> {
    match sign {
        0xC000 => Ok("NaN"),
        0xD000 => Ok("Infinity"),
        0xF000 => Ok("-Infinity"),
        _ => Err(Malformed("the numeric has an unknown sign")),
    }
}

fn whole_digits(cursor: &mut Cursor<'_>, count: u16, weight: i16, out: &mut String) -> Result<(), Malformed> {
    if weight < 0 {
        out.push('0');
        return Ok(());
    }
    for position in 0..=weight.unsigned_abs() {
        let group = if position < count { cursor.u16()? } else { 0 };
        push_padded(group, if position == 0 { 1 } else { 4 }, out);
    }
    Ok(())
}

/// Appends four decimals from each group, cut or filled up to `scale`.
fn fraction_digits(
    cursor: &mut Cursor<'_>,
    mut count: u16,
    gap: usize,
    scale: usize,
    out: &mut String,
) -> Result<(), Malformed> {
    let end = out.len() + scale;
    out.extend(std::iter::repeat_n('0', (gap * 4).min(scale)));
    while out.len() < end && count > 0 {
        push_padded(cursor.u16()?, 4, out);
        count -= 1;
    }
    out.truncate(end);
    out.extend(std::iter::repeat_n('0', end - out.len()));
    Ok(())
}
