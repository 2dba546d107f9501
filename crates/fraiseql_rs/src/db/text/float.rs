//! How does PostgreSQL print floats? With the fewest digits that read back the same, as Rust does, with one
//! exception. A decimal exactly half-way between two floats never represents either of them (Ryu with `acceptBounds`
//! false, in the server's `d2s.c` and `f2s.c`). PostgreSQL also has its own rule for when to use an exponent.

use std::fmt::{LowerExp, Write};
use std::str::FromStr;

use super::super::wire::{Cursor, Malformed};
use super::number::push_padded;

pub fn float4(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let value = f32::from_bits(Cursor::new(field).u32()?);
    if !value.is_finite() {
        out.push_str(non_finite(value.is_nan(), value.is_sign_negative()));
        return Ok(());
    }
    let bits = value.to_bits();
    let parts = Parts::new((bits & 0x7f_ffff).into(), (bits >> 23) & 0xff, 23, 150);
    // The threshold of C's %g for a float: six digits.
    print(value, parts, 6, out);
    Ok(())
}

pub fn float8(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let value = f64::from_bits(Cursor::new(field).u64()?);
    if !value.is_finite() {
        out.push_str(non_finite(value.is_nan(), value.is_sign_negative()));
        return Ok(());
    }
    if push_short(value, out) {
        return Ok(());
    }
    let bits = value.to_bits();
    let exponent = u32::try_from((bits >> 52) & 0x7ff).unwrap_or_default();
    let parts = Parts::new(bits & 0xf_ffff_ffff_ffff, exponent, 52, 1075);
    print(value, parts, 15, out);
    Ok(())
}

/// Prints a value with few digits, such as 0.25, 19.99 or 1500, without trying texts. Returns false if it has more
/// digits.
///
/// It prints the decimal `digits` / 10^`decimals` with the fewest decimals that reads back as the value. This is
/// right for two reasons. With at most 15 digits, two decimals are farther apart than all that read back as one
/// float, so no other decimal of its length fits. And no such decimal is half-way between two floats, because that
/// takes 54 bits.
fn push_short(value: f64, out: &mut String) -> bool {
    let magnitude = value.abs();
    // All other values have an exponent, or a sign without a value.
    if !(1e-4..1e15).contains(&magnitude) {
        return false;
    }
    let Some((digits, decimals)) = (0..7).find_map(|decimals| digits_of(magnitude, decimals)) else {
        return false;
    };
    if value < 0.0 {
        out.push('-');
    }
    let unit = 10_u64.pow(decimals);
    push_padded(digits / unit, 1, out);
    if decimals > 0 {
        out.push('.');
        push_padded(digits % unit, decimals as usize, out);
    }
    true
}

/// Returns the digits of the decimal with that many decimals that reads back as `magnitude`, if they are at most 15.
fn digits_of(magnitude: f64, decimals: u32) -> Option<(u64, u32)> {
    const POWERS: [f64; 7] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
    let power = POWERS[decimals as usize];
    let digits = (magnitude * power).round();
    // Both numbers are exact, so their quotient is rounded in the same way as the server rounds a decimal.
    #[expect(clippy::float_cmp, reason = "it reads back as the very value, or it does not")]
    let reads_back = digits < 1e15 && digits / power == magnitude;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is whole, and from 0 to 1e15"
    )]
    let whole = digits as u64;
    reads_back.then_some((whole, decimals))
}

fn non_finite(is_nan: bool, is_negative: bool) -> &'static str {
    match (is_nan, is_negative) {
        (true, _) => "NaN",
        (false, true) => "-Infinity",
        (false, false) => "Infinity",
    }
}

/// A float's magnitude: `mantissa` times two to the `exponent`.
#[derive(Clone, Copy)]
struct Parts {
    mantissa: u64,
    exponent: i32,
    /// Below a power of two, the next float is half as far away as above it.
    is_power_of_two: bool,
}

impl Parts {
    fn new(fraction: u64, biased: u32, width: u32, bias: i32) -> Self {
        let implicit = u64::from(biased != 0) << width;
        let exponent = i32::try_from(biased.max(1)).unwrap_or_default() - bias;
        Self { mantissa: fraction | implicit, exponent, is_power_of_two: fraction == 0 && biased > 1 }
    }

    /// Whether `decimal` equals this value exactly.
    fn is(self, decimal: Decimal) -> bool {
        decimal.equals(u128::from(self.mantissa), self.exponent)
    }

    /// Whether `decimal` is half-way to a neighbour.
    fn is_halfway(self, decimal: Decimal) -> bool {
        let twice = u128::from(self.mantissa) * 2;
        let below = if self.is_power_of_two {
            (twice * 2 - 1, self.exponent - 2)
        } else {
            (twice.saturating_sub(1), self.exponent - 1)
        };
        decimal.equals(twice + 1, self.exponent - 1) || decimal.equals(below.0, below.1)
    }
}

/// A decimal's magnitude: `digits` times ten to the `power`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: u64,
    power: i32,
}

impl Decimal {
    /// Reads a text such as `-1.25e-7`.
    fn new(scientific: &str) -> Self {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let digits = mantissa.bytes().filter(u8::is_ascii_digit);
        let digits = digits.fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        Self { digits, power: exponent.parse().unwrap_or(0) - i32::try_from(fraction).unwrap_or(0) }
    }

    /// Whether it is `binary` times two to the `exponent`.
    fn equals(self, binary: u128, exponent: i32) -> bool {
        // A larger power of five divides neither a mantissa nor the digits.
        if self.digits == 0 || binary == 0 || self.power.abs() > 25 {
            return false;
        }
        let fives = 5_u128.pow(self.power.unsigned_abs());
        let (left, right) = if self.power < 0 { (1, fives) } else { (fives, 1) };
        match (u128::from(self.digits).checked_mul(left), binary.checked_mul(right)) {
            (Some(left), Some(right)) => {
                let (left_twos, right_twos) = (left.trailing_zeros(), right.trailing_zeros());
                left >> left_twos == right >> right_twos
                    && i64::from(left_twos) + i64::from(self.power)
                        == i64::from(right_twos) + i64::from(exponent)
            }
            _ => false,
        }
    }
}

fn print<F>(value: F, parts: Parts, digits: i32, out: &mut String)
where
    F: LowerExp + FromStr + PartialEq + Copy,
{
    // Whether the server would accept this text for the value.
    let inside = |text: &str| {
        text.parse::<F>().is_ok_and(|back| back == value) && !parts.is_halfway(Decimal::new(text))
    };
    let mut shortest = format!("{value:e}");
    if parts.is_halfway(Decimal::new(&shortest)) {
        let mut more = (1..17).map(|count| format!("{value:.count$e}"));
        shortest = more.find(|text| inside(text)).unwrap_or(shortest);
    }
    let even = lower_neighbour(&shortest, parts).filter(|text| inside(text));
    spell(even.as_deref().unwrap_or(&shortest), digits, out);
}

/// If two shortest decimals are equally near, the server takes the even one and Rust the upper one. Returns the lower
/// one if it is the even one of such a pair.
fn lower_neighbour(scientific: &str, parts: Parts) -> Option<String> {
    let Decimal { digits, power } = Decimal::new(scientific);
    if digits % 2 == 0 || digits > 10_u64.pow(17) {
        return None;
    }
    // The value lies between the two: it is the lower decimal with a five after its last digit.
    parts.is(Decimal { digits: digits * 10 - 5, power: power - 1 }).then(|| {
        let (mantissa, exponent) = scientific.split_at(scientific.find('e').unwrap_or(scientific.len()));
        let (head, last) = mantissa.split_at(mantissa.len() - 1);
        // The digit is odd, so the digit below it needs no borrowing.
        let lower = last.parse::<u8>().map_or(0, |digit| digit - 1);
        format!("{head}{lower}{exponent}")
    })
}

/// Prints Rust's form (`-1.25e-7`) as PostgreSQL does: without an exponent for exponents from -4 up to `digits`, else
/// with a signed exponent of at least two digits.
fn spell(scientific: &str, digits: i32, out: &mut String) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..digits).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        // Writing to a String cannot fail.
        let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
        return;
    }
    let (minus, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    out.push_str(minus);
    positional(whole, fraction, exponent, out);
}

/// Returns `w.fff` times ten to the `exponent`, without an exponent.
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
