//! Where do a cell's interpreter, tools and server come from? First from the machine, else they are fetched.

pub mod cache;
mod error;
pub mod host;
pub mod listing;
mod probe;
pub mod python;
pub mod revision;
pub mod tools;
mod venv;
mod whereabouts;

use nix::unistd::User;

use crate::config::Config;
use crate::model::event::Tell;
use crate::process::{Processes, Unprivileged};

pub use error::{ProvisionError, Tried};

/// The things that every step of provisioning needs. There is one per run, because it remembers the answers of
/// interpreters.
pub struct Context<'a> {
    pub config: &'a Config,
    pub processes: &'a Processes,
    /// Receives the events that the harness tells while it works.
    pub tell: Tell<'a>,
    probes: probe::Probes,
}

impl<'a> Context<'a> {
    pub fn new(config: &'a Config, processes: &'a Processes, tell: Tell<'a>) -> Self {
        Context { config, processes, tell, probes: probe::Probes::default() }
    }

    /// Ends a wait once the user has stopped the harness.
    pub fn not_interrupted(&self) -> Result<(), ProvisionError> {
        if self.processes.interrupted() { Err(ProvisionError::Interrupted) } else { Ok(()) }
    }
}

/// The first of `names` that is a user here, for programs that refuse to run as root. None if not root.
#[must_use]
pub fn unprivileged(names: &[&str]) -> Option<Unprivileged> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let user = names.iter().find_map(|name| User::from_name(name).ok().flatten())?;
    Some(Unprivileged { uid: user.uid.as_raw(), gid: user.gid.as_raw(), name: user.name })
}
