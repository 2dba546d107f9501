//! What answers `cargo matrix postgres`? A throwaway server, or a throwaway database on an external one, and one command
//! beside it.

use std::ffi::OsString;
use std::path::Path;

use super::{foreground, handed_over, tell, with};
use crate::config::Config;
use crate::config::service::{ServiceId, ServiceSpec};
use crate::error::{Ending, Error};
use crate::model::secrets;
use crate::plan::PlanError;
use crate::process::Processes;
use crate::provision::Context;
use crate::service::{self, Asked};

/// The kind of the services that it starts.
const KIND: &str = "postgres";

/// Runs `command` beside a server of the major `asked`.
pub fn beside(asked: &str, command: &[OsString], config: &Config) -> Result<Ending, Error> {
    let all = || config.services.iter().filter(|spec| spec.kind == KIND);
    let id = |spec: &ServiceSpec| {
        let release = spec.releases.iter().find(|release| release.release.number() == asked)?;
        Some(ServiceId { name: spec.name.clone(), release: Some(release.release.clone()) })
    };
    let (spec, id) = all().find_map(|spec| Some((spec, id(spec)?))).ok_or_else(|| PlanError::Unknown {
        what: "Postgres major".to_owned(),
        asked: asked.to_owned(),
        known: all().flat_map(|spec| &spec.releases).map(|release| release.release.number()).collect(),
    })?;
    let processes = Processes::start(secrets::redacted)?;
    let context = Context::new(config, &processes, &tell);
    let server = service::provide(Asked { spec, id: &id }, &context)?;
    // A role without privileges, as in a cell: what works for a superuser alone would prove nothing.
    let held = service::hold(&[(&id, server.as_ref())], "command", None)?;
    let command = with(handed_over(command), held.env());
    let path = std::env::var_os("PATH").unwrap_or_default();
    // What the user has comes first: these folders hold a server, and seldom a psql.
    let paths = std::env::split_paths(&path).chain(server.bin().map(Path::to_owned));
    foreground(command.env("PATH", std::env::join_paths(paths).unwrap_or(path.clone())), &processes)
}
