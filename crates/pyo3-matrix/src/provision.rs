//! Where do a cell's interpreter, tools and server come from? What the machine has first, else what can be fetched.

pub mod archive;
pub mod cache;
mod error;
mod probe;
pub mod python;
pub mod tools;
mod venv;
mod whereabouts;

use nix::unistd::User;

use crate::config::Config;
use crate::model::event::Tell;
use crate::process::{Processes, Unprivileged};

pub use error::{ProvisionError, Tried};

/// What every step of provisioning needs. One per run: it remembers which interpreters have already been asked.
pub struct Context<'a> {
    pub config: &'a Config,
    pub processes: &'a Processes,
    /// Takes what the harness tells while it works.
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

/// Whom root steps down to, because Postgres refuses to run as root: `postgres`, else `nobody`. None if not root.
#[must_use]
pub fn unprivileged() -> Option<Unprivileged> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let user = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten())?;
    Some(Unprivileged { uid: user.uid.as_raw(), gid: user.gid.as_raw(), name: user.name })
}
