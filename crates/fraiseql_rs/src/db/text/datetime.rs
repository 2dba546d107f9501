//! How does PostgreSQL print dates and times? In ISO style and UTC; for JSON with a `T` between date and time.

use std::fmt::Write;

use super::super::wire::{Cursor, Malformed};
use super::number::push_padded;

/// Days from 0000-03-01 to 2000-01-01, where PostgreSQL's calendar starts.
const DAYS_TO_EPOCH: i64 = 730_425;
const DAYS_IN_ERA: i64 = 146_097;
pub const MICROS_IN_DAY: i64 = 86_400_000_000;
pub const MICROS_IN_SECOND: i64 = 1_000_000;

/// Returns year (0 is 1 BC), month and day of a day counted from 2000-01-01.
///
/// The algorithm is `civil_from_days` of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
pub fn civil(days: i64) -> (i64, u8, u8) {
    let shifted = days + DAYS_TO_EPOCH;
    let era = shifted.div_euclid(DAYS_IN_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_IN_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Count the months from March: then the pattern of their lengths repeats every five months.
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, small(month), small(day))
}

/// Converts a month or a day, which always fits.
fn small(value: i64) -> u8 {
    u8::try_from(value).unwrap_or_default()
}

pub fn date(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    match Cursor::new(field).i32()? {
        i32::MAX => out.push_str("infinity"),
        i32::MIN => out.push_str("-infinity"),
        days => {
            let is_bc = push_date(i64::from(days), out);
            push_era(is_bc, out);
        }
    }
    Ok(())
}

/// Appends the date without its era. Returns true if the era is BC.
fn push_date(days: i64, out: &mut String) -> bool {
    let (year, month, day) = civil(days);
    let is_bc = year <= 0;
    push_padded(if is_bc { 1 - year } else { year }, 4, out);
    out.push('-');
    push_padded(month, 2, out);
    out.push('-');
    push_padded(day, 2, out);
    is_bc
}

fn push_era(is_bc: bool, out: &mut String) {
    if is_bc {
        out.push_str(" BC");
    }
}

/// Appends a clock. Seconds always have two digits, and only as many decimals as they need.
fn push_clock(micros: i64, out: &mut String) {
    let seconds = micros / MICROS_IN_SECOND;
    push_padded(seconds / 3600, 2, out);
    out.push(':');
    push_padded(seconds / 60 % 60, 2, out);
    out.push(':');
    push_padded(seconds % 60, 2, out);
    let fraction = micros % MICROS_IN_SECOND;
    if fraction != 0 {
        out.push('.');
        push_padded(fraction, 6, out);
        out.truncate(out.trim_end_matches('0').len());
    }
}

pub fn time(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    push_clock(Cursor::new(field).i64()?, out);
    Ok(())
}

/// Appends a time with its zone. The wire counts the zone in seconds to the west.
pub fn timetz(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(field);
    push_clock(cursor.i64()?, out);
    let west = cursor.i32()?;
    out.push(if west <= 0 { '+' } else { '-' });
    let seconds = i64::from(west).abs();
    push_padded(seconds / 3600, 2, out);
    if seconds % 3600 != 0 {
        out.push(':');
        push_padded(seconds / 60 % 60, 2, out);
    }
    if seconds % 60 != 0 {
        out.push(':');
        push_padded(seconds % 60, 2, out);
    }
    Ok(())
}

pub fn timestamp(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    push_timestamp(field, " ", "", out)
}

pub fn timestamptz(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    push_timestamp(field, " ", "+00", out)
}

/// As JSON shows it.
pub fn timestamp_iso(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    push_timestamp(field, "T", "", out)
}

/// As JSON shows it.
pub fn timestamptz_iso(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    push_timestamp(field, "T", "+00:00", out)
}

fn push_timestamp(field: &[u8], separator: &str, zone: &str, out: &mut String) -> Result<(), Malformed> {
    match Cursor::new(field).i64()? {
        i64::MAX => out.push_str("infinity"),
        i64::MIN => out.push_str("-infinity"),
        micros => {
            let is_bc = push_date(micros.div_euclid(MICROS_IN_DAY), out);
            out.push_str(separator);
            push_clock(micros.rem_euclid(MICROS_IN_DAY), out);
            out.push_str(zone);
            push_era(is_bc, out);
        }
    }
    Ok(())
}

/// Appends years, months, days and a clock, each with its own sign: the style that PostgreSQL calls `postgres`.
pub fn interval(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let mut cursor = Cursor::new(field);
    let (micros, days, months) = (cursor.i64()?, cursor.i32()?, cursor.i32()?);
    match (micros, days, months) {
        (i64::MAX, i32::MAX, i32::MAX) => out.push_str("infinity"),
        (i64::MIN, i32::MIN, i32::MIN) => out.push_str("-infinity"),
        _ => push_interval(micros, [(months / 12, "year"), (months % 12, "mon"), (days, "day")], out),
    }
    Ok(())
}

fn push_interval(micros: i64, parts: [(i32, &str); 3], out: &mut String) {
    let start = out.len();
    let mut after_negative = false;
    for (count, unit) in parts.into_iter().filter(|(count, _)| *count != 0) {
        let gap = if out.len() > start { " " } else { "" };
        // A positive part after a negative part shows its sign.
        let plus = if after_negative && count > 0 { "+" } else { "" };
        let plural = if count == 1 { "" } else { "s" };
        // Writing to a String cannot fail.
        let _ = write!(out, "{gap}{plus}{count} {unit}{plural}");
        after_negative = count < 0;
    }
    if micros == 0 && out.len() > start {
        return;
    }
    if out.len() > start {
        out.push(' ');
    }
    if micros < 0 {
        out.push('-');
    } else if after_negative {
        out.push('+');
    }
    push_clock_of(micros.unsigned_abs(), out);
}

/// Appends a clock whose hours may be far more than 24.
fn push_clock_of(micros: u64, out: &mut String) {
    match i64::try_from(micros) {
        Ok(micros) => push_clock(micros, out),
        // This is the one negative value without a positive counterpart.
        Err(_) => out.push_str("2562047788:00:54.775808"),
    }
}
