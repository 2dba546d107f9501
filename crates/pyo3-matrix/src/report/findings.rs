//! The document that a prototype owes to those who decide: what was gained, how the GIL is handled, which edges were met, what
//! the alternatives do, and the decision. Pure. It is Markdown that stands in a repository, so it says what was seen and where.

mod alternatives;
mod bridge;
mod edges;
mod gain;
mod memory;

use std::fmt::Write as _;

use crate::model::cell::CellId;
use crate::model::origin::Origin;
use crate::model::record::Record;
use crate::report::markdown::{code, plain, shortened};
use crate::report::model::axes::Axes;
use crate::report::model::{Criterion, Model};
use crate::report::{Report, Whole};
use crate::verdict::judge::Decision;

/// How many characters of what others said are shown.
const CHARACTERS: usize = 300;

/// Renders the document.
#[must_use]
pub fn render(whole: &Whole) -> String {
    let report = &whole.report;
    let model = Model::of(report);
    let cells: Vec<&CellId> = report.verdict.cells.iter().map(|cell| &cell.cell).collect();
    // What rehearses an upgrade is told among the edges.
    let judged: Vec<&Record> = whole.records.iter().filter(|record| cells.contains(&&record.cell)).collect();
    let sections = [
        head(&model),
        gain::section(&model, &judged),
        bridge::section(&judged),
        memory::section(report),
        edges::section(&model, &judged),
        alternatives::section(&model, &judged),
        next(report),
    ];
    sections.join("\n")
}

/// What was run, where, and what is decided.
fn head(model: &Model<'_>) -> String {
    let report = model.report;
    let (word, because) = model.decision;
    let mut text = format!("# Findings: {}\n\n", plain(&model.headline.title));
    let _ = writeln!(text, "**Decision: {word}**, {because}.\n");
    let _ = writeln!(
        text,
        "{}, in run {}, begun {}.",
        plain(&model.headline.tally),
        code(&report.run),
        report.started
    );
    for axis in Axes::of(report).all {
        let _ = writeln!(text, "{}: {}.", plain(&axis.name), plain(&axis.values.join(", ")));
    }
    text.push_str(&origin(&report.origin));
    if !model.criteria.is_empty() {
        text.push_str("\n| criterion | | over |\n|---|---|---|\n");
    }
    for Criterion { name, tone, word, over, .. } in &model.criteria {
        let _ = writeln!(text, "| {} | {} {word} | {over} |", plain(name), tone.emoji());
    }
    text
}

fn origin(origin: &Origin) -> String {
    let mut said = Vec::new();
    if let Some(commit) = &origin.commit {
        let dirty = if commit.dirty { ", with changes that are in no commit" } else { "" };
        let short = commit.hash.get(..12).unwrap_or(&commit.hash);
        said.push(format!("commit {}{dirty}", code(short)));
    }
    if let Some(host) = &origin.host {
        let cpu = host.cpu.as_deref().map(|cpu| format!(", {}", plain(cpu))).unwrap_or_default();
        said.push(format!("{} on {}, {} cores{cpu}", host.os, host.arch, host.cores));
    }
    if let Some(harness) = &origin.harness {
        said.push(format!("pyo3-matrix {harness}"));
    }
    if said.is_empty() { String::new() } else { format!("Made from: {}.\n", said.join("; ")) }
}

/// The first line of what others said, in a length that a list bears.
fn line(text: &str) -> String {
    shortened(text.lines().next().unwrap_or_default(), CHARACTERS)
}

/// The last section: what the decision means for the plan.
fn next(report: &Report) -> String {
    let said = match report.verdict.decision {
        Decision::Proceed => "Every criterion is met: the plan can go on with what is above.",
        Decision::Investigate => {
            "What is not met stands above, under the criteria and among the edge cases. Until it is explained or mended, the plan \
             stays as it is, or an alternative takes the place of the bridge."
        }
        Decision::None => "Nothing was judged, so nothing is decided.",
    };
    format!("## What follows\n\n{said}\n")
}

#[cfg(test)]
mod tests;
