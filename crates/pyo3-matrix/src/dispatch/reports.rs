//! Who reads a run's folder, and who writes its report there? What a report says is for `report` to know.

use super::voice;
use crate::config::Config;
use crate::error::Error;
use crate::plan::cost::{self, Costs};
use crate::report::{self, Report, Whole, message, terminal};
use crate::store::folder::{Contents, RunFolder};
use crate::store::{alive, disk};
use crate::verdict::judge::State;

/// Judges a run by what is on disk of it.
pub fn read(folder: &RunFolder) -> Result<Whole, Error> {
    // Asked first: a run that ends in between has written every record by then.
    let state = if alive::is_at_work(folder) { State::UnderWay } else { State::Ended };
    let mut whole = report::assemble(folder.read()?, state);
    if let Some(target) = folder.path.ancestors().nth(2) {
        let here = std::env::current_dir()?;
        whole.report.place = target.strip_prefix(&here).unwrap_or(target).display().to_string();
    }
    Ok(whole)
}

/// Keeps the report of a run in every form beside its records, and prints it.
pub fn show(folder: &RunFolder, config: &Config) -> Result<Report, Error> {
    let whole = read(folder)?;
    // Kept first, since the answer may go to a full disk; and shown even if the reports go to one.
    let kept = keep(folder, &whole);
    voice::answer(&terminal::render(&whole.report))?;
    kept?;
    voice::answer(&(message::kept(&folder.path, &config.target(), disk::kept(config)) + "\n"))?;
    Ok(whole.report)
}

/// Writes the report in every form beside its records, and what the cells cost.
fn keep(folder: &RunFolder, whole: &Whole) -> Result<(), Error> {
    for (name, text) in report::files(whole)? {
        folder.keep(name, &text)?;
    }
    let Contents { intent, records, ledger, .. } = folder.read()?;
    if let Some(costs) = Costs::of(&intent.run, &records, ledger.as_ref()) {
        folder.keep(
            cost::FILE,
            &(serde_json::to_string_pretty(&costs).map_err(std::io::Error::from)? + "\n"),
        )?;
    }
    Ok(())
}
