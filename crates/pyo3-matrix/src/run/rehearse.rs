//! What would each rehearsed line take? Its manifests, its lock and the logs of its builds in, a record per line out.

use fs_err as fs;

use crate::build::derived::{self, Upgrade};
use crate::model::cell::{Line, WheelId};
use crate::model::document;
use crate::model::failure::Failure;
use crate::model::record::{self, SCHEMA_VERSION};
use crate::model::rehearsal::Rehearsal;
use crate::plan::Plan;
use crate::provision::Context;
use crate::run::prepare::Prepared;
use crate::store::folder::RunFolder;

/// Writes the record of every rehearsed line of the plan.
pub fn record(
    plan: &Plan,
    prepared: &Prepared<'_>,
    folder: &RunFolder,
    context: &Context<'_>,
) -> std::io::Result<()> {
    for line in plan.rehearsed() {
        let Some(spec) = context.config.line(line) else { continue };
        let Upgrade { edits, moved } = derived::upgrade(spec, context).unwrap_or_default();
        let obstacles = obstacles(line, prepared, context)?;
        let rehearsal = Rehearsal { schema_version: SCHEMA_VERSION, line, edits, moved, obstacles };
        let folder = folder.rehearsal(line);
        fs::create_dir_all(&folder)?;
        document::write(&folder.join(record::FILE), &rehearsal)?;
    }
    Ok(())
}

/// What doctor knows of the failures of a line's wheels, each thing once.
fn obstacles(line: Line, prepared: &Prepared<'_>, context: &Context<'_>) -> std::io::Result<Vec<String>> {
    let failed = prepared.wheels.iter().filter(|(id, _)| id.line == line);
    let failed = failed.filter_map(|(id, wheel)| Some((id, wheel.as_ref().err()?)));
    let mut all = Vec::new();
    for (id, failure) in failed {
        all.extend(
            known(*id, failure, context)?
                .into_iter()
                .filter(|found| !all.contains(found))
                .collect::<Vec<_>>(),
        );
    }
    Ok(all)
}

fn known(id: WheelId, failure: &Failure, context: &Context<'_>) -> std::io::Result<Vec<String>> {
    let logs = context.config.target().join("logs");
    let built = fs::read_to_string(logs.join(format!("build-{id}.log"))).unwrap_or_default();
    let whole = logs.join(format!("rehearsal-{id}.log"));
    fs::write(&whole, format!("{}\n{built}", failure.reason))?;
    let Ok(diagnosis) = pyo3_doctor::explain(&whole) else { return Ok(Vec::new()) };
    let said = diagnosis.findings.iter().map(|finding| {
        let steps: Vec<String> = finding.mend.iter().map(ToString::to_string).collect();
        format!("{}: {}", finding.found, steps.join("; "))
    });
    Ok(said.collect())
}
