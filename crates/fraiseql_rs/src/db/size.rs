//! How many connections may a pool have, and how many does it keep?

use super::error::Error;

/// The pool reserves memory for all of its connections at once, so a limit far beyond real use would waste memory.
const MOST_CONNECTIONS: usize = 10_000;

/// The bounds on the number of connections.
#[derive(Clone, Copy)]
pub struct Size {
    /// Connections that stay open although they are idle.
    pub least: usize,
    pub most: usize,
}

impl Size {
    pub fn new(min_connections: usize, max_connections: usize) -> Result<Self, Error> {
        if !(1..=MOST_CONNECTIONS).contains(&max_connections) {
            let message =
                format!("max_connections must be from 1 to {MOST_CONNECTIONS}, got {max_connections}");
            return Err(Error::setting(message));
        }
        if min_connections > max_connections {
            let message = format!(
                "min_connections must be from 0 to {max_connections}, the maximum, got {min_connections}"
            );
            return Err(Error::setting(message));
        }
        Ok(Self { least: min_connections, most: max_connections })
    }
}
