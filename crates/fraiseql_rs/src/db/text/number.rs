//! How does PostgreSQL print numbers? Integers in decimal, floats with the fewest digits that read back the same,
//! numeric with every digit it holds.

use std::fmt::Write;

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

pub fn float4(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let value = f32::from_bits(Cursor::new(field).u32()?);
    if value.is_finite() {
        // The threshold of C's %g for a float: six digits.
        shortest(format_args!("{value:e}"), 6, out);
    } else {
        out.push_str(non_finite(value.is_nan(), value.is_sign_negative()));
    }
    Ok(())
}

pub fn float8(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let value = f64::from_bits(Cursor::new(field).u64()?);
    if value.is_finite() {
        shortest(format_args!("{value:e}"), 15, out);
    } else {
        out.push_str(non_finite(value.is_nan(), value.is_sign_negative()));
    }
    Ok(())
}

fn non_finite(is_nan: bool, is_negative: bool) -> &'static str {
    match (is_nan, is_negative) {
        (true, _) => "NaN",
        (false, true) => "-Infinity",
        (false, false) => "Infinity",
    }
}

/// Prints Rust's shortest form (`-1.25e-7`) as PostgreSQL does: positional for exponents from -4 up to `digits`,
/// else with a signed exponent of at least two digits.
fn shortest(scientific: std::fmt::Arguments<'_>, digits: i32, out: &mut String) {
    let start = out.len();
    // Writing to a String cannot fail.
    let _ = out.write_fmt(scientific);
    let text = out.split_off(start);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..digits).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
        return;
    }
    let (minus, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    out.push_str(minus);
    positional(whole, fraction, exponent, out);
}

/// `w.fff` times ten to the `exponent`, without an exponent.
fn positional(whole: &str, fraction: &str, exponent: i32, out: &mut String) {
    let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or_default();
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', shift - 1));
        out.push_str(whole);
        out.push_str(fraction);
        return;
    }
    let (moved, left) = fraction.split_at(shift.min(fraction.len()));
    out.push_str(whole);
    out.push_str(moved);
    out.extend(std::iter::repeat_n('0', shift - moved.len()));
    if !left.is_empty() {
        out.push('.');
        out.push_str(left);
    }
}

/// Digits in base 10,000, the first worth 10,000 to the `weight`, shown with `scale` decimals.
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
    let read = count.min(u16::try_from(weight + 1).unwrap_or(0));
    if scale > 0 {
        out.push('.');
        // Groups between the point and the first digit that is stored.
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
        let _ = if position == 0 { write!(out, "{group}") } else { write!(out, "{group:04}") };
    }
    Ok(())
}

/// Four decimals from each group, cut or filled up to `scale`.
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
        let _ = write!(out, "{:04}", cursor.u16()?);
        count -= 1;
    }
    out.truncate(end);
    out.extend(std::iter::repeat_n('0', end - out.len()));
    Ok(())
}
