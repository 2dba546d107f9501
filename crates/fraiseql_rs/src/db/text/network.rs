//! How does PostgreSQL print addresses? An inet shows its mask only if that is shorter than the address; a cidr
//! always shows it.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::wire::{Cursor, Malformed};
use super::bits::push_hex;

/// PostgreSQL's own numbers for the families, not the operating system's.
const IPV4: u8 = 2;
const IPV6: u8 = 3;

/// Reads an address and the length of its network.
pub fn address(field: &[u8]) -> Result<(IpAddr, u8), Malformed> {
    let mut cursor = Cursor::new(field);
    let (family, bits) = (cursor.u8()?, cursor.u8()?);
    // Skip two facts: whether it is a cidr (the type says it), and the number of bytes (the family says it).
    cursor.take(2)?;
    let bytes = cursor.rest();
    let address = match family {
        IPV4 => <[u8; 4]>::try_from(bytes).map(IpAddr::from).ok(),
        IPV6 => <[u8; 16]>::try_from(bytes).map(IpAddr::from).ok(),
        _ => None,
    };
    address.map(|address| (address, bits)).ok_or(Malformed("the address is of an unknown family"))
}

pub fn inet(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let (address, bits) = address(field)?;
    push_address(address, out);
    let whole = if address.is_ipv4() { 32 } else { 128 };
    push_mask(bits, bits != whole, out);
    Ok(())
}

pub fn cidr(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    let (address, bits) = address(field)?;
    push_address(address, out);
    push_mask(bits, true, out);
    Ok(())
}

fn push_mask(bits: u8, shown: bool, out: &mut String) {
    if shown {
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, "/{bits}");
    }
}

fn push_address(address: IpAddr, out: &mut String) {
    let _ = match address {
        IpAddr::V4(address) => write!(out, "{address}"),
        IpAddr::V6(address) => match compatible(address) {
            Some(embedded) => write!(out, "::{embedded}"),
            None => write!(out, "{address}"),
        },
    };
}

/// Returns the IPv4 address inside `::a.b.c.d`. PostgreSQL still prints it in this form, and Rust does not.
fn compatible(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [0, 0, 0, 0, 0, 0, high, low] = address.segments() else { return None };
    (high != 0).then(|| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
}

#[expect(clippy::unnecessary_wraps, reason = "every writer has this signature")]
pub fn mac(field: &[u8], out: &mut String) -> Result<(), Malformed> {
    for (position, byte) in field.iter().enumerate() {
        if position > 0 {
            out.push(':');
        }
        push_hex(*byte, out);
    }
    Ok(())
}
