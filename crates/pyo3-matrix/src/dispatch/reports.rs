//! Who reads a run's folder, and who writes its report there? What a report says is for `report` to know.

use std::path::{Path, PathBuf};

use super::voice;
use crate::cli::ReportFormat;
use crate::config::Config;
use crate::error::Error;
use crate::model::document;
use crate::model::fingerprint::naming;
use crate::model::secrets::Kind;
use crate::plan::cost::{self, Costs};
use crate::process::browser;
use crate::report::compare::Compared;
use crate::report::{self, Report, Whole, badge, findings, html, json, junit, markdown, message, terminal};
use crate::store::folder::{Contents, RunFolder};
use crate::store::{alive, disk, earlier};
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

/// What is different from the newest earlier run in which every cell of this one said something, else from that in which most
/// did. A run at work is compared with none.
fn since(folder: &RunFolder, report: &Report) -> Result<Option<Compared>, Error> {
    if report.verdict.tally().under_way > 0 {
        return Ok(None);
    }
    let mut most: Option<Compared> = None;
    for earlier in earlier::before(folder)? {
        // What this harness cannot read says nothing.
        let Ok(before) = read(&earlier) else { continue };
        let found = Compared::of(&before.report, report);
        let shared = found.difference.compared();
        if shared > most.as_ref().map_or(0, |most| most.difference.compared()) {
            most = Some(found);
        }
        if shared == report.verdict.cells.len() {
            break;
        }
    }
    Ok(most)
}

/// Shows a run in one format: on standard output, in a file, or in the browser.
pub fn answer(
    run: Option<&str>,
    format: ReportFormat,
    output: Option<&Path>,
    open: bool,
    config: &Config,
) -> Result<Report, Error> {
    let folder = RunFolder::open(&config.target(), run)?;
    let mut whole = read(&folder)?;
    let format = if open { ReportFormat::Html } else { format };
    if format == ReportFormat::Html {
        whole.since = since(&folder, &whole.report)?;
    }
    let (text, kind) = rendered(&whole, format)?;
    // The folder's own page may be older than its records, as that of a run under way.
    let file = output.map(Path::to_owned).or_else(|| open.then(|| folder.path.join(html::FILE)));
    match file {
        None if kind == Kind::Text => voice::answer(&text)?,
        None => voice::document(&text, kind)?,
        Some(file) => {
            write(&file, &text, kind)?;
            voice::say(&message::written(&file));
            if open {
                browser::open(&file)?;
            }
        }
    }
    Ok(whole.report)
}

fn rendered(whole: &Whole, format: ReportFormat) -> Result<(String, Kind), Error> {
    let report = &whole.report;
    Ok(match format {
        ReportFormat::Text => (terminal::render(report), Kind::Text),
        ReportFormat::Json => (json::render(report)?, Kind::Json),
        ReportFormat::Markdown => (markdown::render(report), Kind::Text),
        ReportFormat::Findings => (findings::render(whole), Kind::Text),
        ReportFormat::Html => (html::render(whole), Kind::Html),
        ReportFormat::Junit => (junit::render(whole)?, Kind::Xml),
        ReportFormat::BadgeJson => (badge::json(report)?, Kind::Json),
        ReportFormat::BadgeSvg => (badge::svg(report), Kind::Xml),
    })
}

/// Writes a report, whatever its file is called. In a file no text has colours.
pub fn write(file: &Path, text: &str, kind: Kind) -> Result<(), Error> {
    let text =
        if kind == Kind::Text { anstream::adapter::strip_str(text).to_string() } else { text.to_owned() };
    // A link leads to the file that is meant, and is not replaced by it.
    let meant: PathBuf = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    document::write_as(&meant, &text, kind).map_err(|error| naming(&error, file))?;
    Ok(())
}

/// Keeps the report of a run in every form beside its records, and prints it.
pub fn show(folder: &RunFolder, config: &Config) -> Result<Report, Error> {
    let mut whole = read(folder)?;
    whole.since = since(folder, &whole.report)?;
    // Kept first, since the answer may go to a full disk; and shown even if the reports go to one.
    let kept = keep(folder, &whole);
    voice::answer(&terminal::render(&whole.report))?;
    kept?;
    if let Some(since) = &whole.since {
        voice::answer(&terminal::since(since))?;
    }
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
