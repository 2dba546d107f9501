//! What has one stage of one cell? Its services in, a lease of each and the variables of them all out.

use std::path::{Path, PathBuf};

use super::{Lease, Service, Stage, Standing};
use crate::config::service::ServiceId;
use crate::provision::ProvisionError;

/// The leases of one stage. Dropped: the services are rid of them, the last one first.
pub struct Held<'s> {
    leases: Vec<(&'s ServiceId, Box<dyn Lease + 's>)>,
}

/// Takes a lease of each service, in their order: each knows the variables of those before it. Where one cannot be had,
/// its log is kept in `logs`.
pub fn hold<'s>(
    services: &[(&'s ServiceId, &'s dyn Service)],
    name: &str,
    logs: Option<&Path>,
) -> Result<Held<'s>, ProvisionError> {
    let mut held = Held { leases: Vec::new() };
    for &(id, service) in services {
        let variables = held.env();
        let lease = service.lease(&Stage { name, variables: &variables }).inspect_err(|_| {
            if let Some(logs) = logs {
                service.keep_log(&log_of(logs, id));
            }
        })?;
        held.leases.push((id, lease));
    }
    Ok(held)
}

impl Held<'_> {
    /// The variables of all. Of two services that set the same one the later counts: it stands before the other.
    #[must_use]
    pub fn env(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, value) in self.leases.iter().flat_map(|(_, lease)| lease.env()) {
            all.retain(|(known, _)| *known != name);
            all.push((name, value));
        }
        all
    }

    /// What a cell does to learn their releases, as the in-cell plugin takes it.
    #[must_use]
    pub fn observe(&self) -> serde_json::Value {
        let one = |(id, lease): &(&ServiceId, Box<dyn Lease + '_>)| Some((id.name.clone(), lease.observe()?));
        serde_json::Value::Object(self.leases.iter().filter_map(one).collect())
    }

    /// What became of them: of the first that is not there, if there is one.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let mut all = self.leases.iter().map(|(_, lease)| lease.standing());
        all.find(|standing| *standing != Standing::There).unwrap_or(Standing::There)
    }

    /// Keeps the end of each log in the folder `logs`.
    pub fn keep_logs(&self, logs: &Path) {
        for (id, lease) in &self.leases {
            lease.keep_log(&log_of(logs, id));
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        while self.leases.pop().is_some() {}
    }
}

fn log_of(folder: &Path, id: &ServiceId) -> PathBuf {
    folder.join(format!("{}.log", id.name))
}
