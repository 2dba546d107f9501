//! Where does a service listen? On a port of this machine alone that is free now.

use std::io;
use std::net::TcpListener;

/// The only address that a service listens on.
pub const HOST: &str = "127.0.0.1";

/// How often a service tries another port, when another program took the free one before it.
pub const TRIES: usize = 5;

/// A port that is free at this moment.
pub fn free() -> io::Result<u16> {
    Ok(TcpListener::bind((HOST, 0))?.local_addr()?.port())
}

/// Whether some program listens on `port`.
pub fn is_taken(port: u16) -> bool {
    TcpListener::bind((HOST, port)).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}
