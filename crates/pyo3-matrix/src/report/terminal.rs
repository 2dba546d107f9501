//! The report for a person at a terminal: grid, what failed and why, criteria, time, decision. Pure.

mod grid;
mod rehearsals;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Effects, Style};

use crate::model::cell::CellId;
use crate::model::ledger::Ledger;
use crate::model::negative::NegativeRecord;
use crate::model::program;
use crate::model::record::{NO_RESULT, Outcome};
use crate::report::Report;
use crate::report::causes::{self, Failing, Reason, Skip};
use crate::report::compare::{self, Compared};
use crate::report::cost::Cost;
use crate::report::model::{Criterion, Headline, Model, Negatives};
use crate::report::tone::Tone;
use crate::report::why::Why;
use crate::store::merge::{Contested, Merged};
use pyo3_doctor::words::{counted, wrapped};

/// How many lines of a reason are shown; the record has all of it.
const REASON_LINES: usize = 30;

/// How many failing tests are named.
const FAILING_TESTS: usize = 40;

/// How many tests are named that were collected and have no result.
const WITHOUT_RESULT: usize = 3;

/// Renders the report. Styles are in it as escape codes; the stream that prints it strips them where they do not fit.
#[must_use]
pub fn render(report: &Report) -> String {
    let model = Model::of(report);
    let bold = Style::new().effects(Effects::BOLD);
    let Headline { title, tally, .. } = &model.headline;
    let mut text = format!("\n{bold}{title} · {tally}{bold:#}  run {}\n\n", report.run);
    text.push_str(&grid::render(&model.cells.tables));
    text.push_str(&why(&model.why));
    text.push_str(&reasons(&model.cells.reasons, report));
    text.push_str(&failing(&model.cells.failing, report));
    text.push_str(&skipped(&model.skips));
    text.push_str(&negatives(&model.negatives));
    if !model.criteria.is_empty() {
        text.push_str("\ncriteria\n");
    }
    for criterion in &model.criteria {
        text.push_str(&criterion_lines(criterion));
    }
    text.push_str(&cost(&model.cost));
    text.push_str(&rehearsals::render(&model));
    if let Some(noise) = &model.noise {
        let _ = write!(text, "\n{}", wrapped(noise, "noise     ", "          "));
    }
    if let Some(ledger) = &report.ledger {
        text.push_str(&time(ledger));
    }
    if let Some(from) = &report.merged {
        text.push_str(&merged(from));
    }
    let (word, why) = model.decision;
    let verdict = model.verdict;
    let _ = write!(text, "verdict   {bold}{verdict}{bold:#}\ndecision  {bold}{word}{bold:#}: {why}\n");
    text
}

/// What goes wrong where, each in a sentence, and what is not sure of it.
fn why(all: &[Why]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let mut text = "\nwhy\n".to_owned();
    for why in all.iter().take(FAILING_TESTS) {
        let _ = writeln!(text, "{}", wrapped(&why.sentence(), "  ", "      "));
        for doubt in &why.doubts {
            let _ = writeln!(text, "{}", wrapped(doubt, "      ", "      "));
        }
        if let Some(command) = &why.tells {
            // A command stays in one line, to be copied.
            let _ = writeln!(text, "      {command} tells");
        }
    }
    if all.len() > FAILING_TESTS {
        let _ = writeln!(text, "  and {} more: see report.json", all.len() - FAILING_TESTS);
    }
    text
}

/// Which axis moves the cost, and by how much.
fn cost(cost: &Cost) -> String {
    let Some(over) = &cost.over else { return String::new() };
    let mut text = "\ncost\n".to_owned();
    for step in &cost.steps {
        let _ = writeln!(text, "{}", wrapped(step, "  ", "      "));
    }
    if cost.more > 0 {
        let _ = writeln!(text, "  and {} more: see report.json", counted(cost.more, "step"));
    } else {
        let _ = writeln!(text, "{}", wrapped(over, "  ", "      "));
    }
    text
}

/// Each reason once, with the cells that it stands for.
fn reasons(reasons: &[Reason<'_>], report: &Report) -> String {
    let mut text = String::new();
    for reason in reasons {
        let _ = writeln!(text, "\n{}: {}", reason.outcome, names(&reason.cells));
        for (at, line) in reason.text.lines().take(REASON_LINES).enumerate() {
            // The others may be what another program wrote, and stay as they are.
            let is_ours = at == 0 || line.starts_with("hint: ");
            let line = if is_ours { wrapped(line, "  ", "      ") } else { format!("  {line}") };
            let _ = writeln!(text, "{line}");
        }
        if let Some(cell) = reason.again() {
            text.push_str(&pointers(report, cell, reason.outcome));
        }
    }
    text
}

/// What is different from an earlier run, in one line, and what tells all of it.
#[must_use]
pub fn since(compared: &Compared) -> String {
    let (before, after) = (&compared.before.run, &compared.after.run);
    let all = format!("{} compare {before} {after}", program::command());
    let verdict = compare::model::Model::of(compared).verdict;
    wrapped(&format!("{verdict} (`{all}`)"), "since     ", "          ") + "\n"
}

/// Where more stands about a cell that is not green, and what runs it again.
fn pointers(report: &Report, cell: &CellId, outcome: &Outcome) -> String {
    let log = match outcome {
        // Logs of builds stay on the machine that built.
        Outcome::BuildFailed if report.merged.is_none() => {
            Some(format!("{}/logs/build-{}.log", report.place, cell.wheel()))
        }
        _ if outcome.is_judged() => {
            Some(format!("{}/runs/{}/cells/{cell}/output.log", report.place, report.run))
        }
        _ => None,
    };
    let log = log.map(|log| format!("  log    {log}\n")).unwrap_or_default();
    format!("{log}  again  {}\n", report.again(cell))
}

/// Each failing test once, with how many cells it failed in and why.
fn failing(tests: &[Failing<'_>], report: &Report) -> String {
    if tests.is_empty() {
        return String::new();
    }
    let red = AnsiColor::Red.on_default();
    let mut text = "\nfailing tests\n".to_owned();
    let (silent, mut tests): (Vec<&Failing<'_>>, Vec<_>) =
        tests.iter().partition(|failing| failing.message == NO_RESULT);
    let silent = few_or_folded(silent, &mut tests);
    for failing in tests.iter().take(FAILING_TESTS) {
        let _ = writeln!(text, "  {red}✘{red:#} {}\n      in {}", failing.test, names(&failing.cells));
        let _ = writeln!(text, "      {}", failing.message);
    }
    if tests.len() > FAILING_TESTS {
        let _ = writeln!(text, "  and {} more: see report.json", tests.len() - FAILING_TESTS);
    }
    if let [one, rest @ ..] = &silent[..] {
        let _ = writeln!(
            text,
            "  {red}✘{red:#} {} and {} more\n      in {}",
            one.test,
            rest.len(),
            names(&one.cells)
        );
        let _ = writeln!(text, "      {NO_RESULT}");
    }
    if let Some(cell) = tests.iter().chain(&silent).next().and_then(|failing| failing.cells.first()) {
        text.push_str(&pointers(report, cell, &Outcome::TestsFailed));
    }
    text
}

/// Tests that only did not run, if they are so many that they would hide the others; else they join them.
fn few_or_folded<'f, 'a>(
    silent: Vec<&'f Failing<'a>>,
    tests: &mut Vec<&'f Failing<'a>>,
) -> Vec<&'f Failing<'a>> {
    if silent.len() > WITHOUT_RESULT {
        return silent;
    }
    tests.extend(silent);
    Vec::new()
}

/// Each reason for which tests were skipped or are expected to fail, with how many tests and where.
fn skipped(skips: &[Skip<'_>]) -> String {
    if skips.is_empty() {
        return String::new();
    }
    let mut text = "\nskipped, or expected to fail\n".to_owned();
    for skip in skips.iter().take(FAILING_TESTS) {
        let tests = skip.tests.iter().next().filter(|_| skip.tests.len() == 1);
        let tests = tests.map_or_else(|| counted(skip.tests.len(), "test"), |test| (*test).to_owned());
        let _ = writeln!(text, "  {tests} in {}", names(&skip.cells));
        let _ = writeln!(text, "{}", wrapped(skip.reason(), "      ", "      "));
    }
    if skips.len() > FAILING_TESTS {
        let _ = writeln!(text, "  and {} more reasons: see report.json", skips.len() - FAILING_TESTS);
    }
    text
}

/// The cells that must not build, each with what its build said.
fn negatives(negatives: &Negatives<'_>) -> String {
    if negatives.records.is_empty() {
        return String::new();
    }
    let mut text = format!("\nnegative cells: {}\n", negatives.tally);
    for NegativeRecord { id, ending, said, reason, .. } in negatives.records {
        let tone = if ending.is_green() { Tone::Good } else { Tone::Bad };
        let (style, sign) = (tone.style(), tone.sign());
        let _ = writeln!(text, "  {style}{sign}{style:#} {id}");
        for line in reason.iter().flat_map(|reason| reason.lines()).chain(said.as_deref()) {
            let _ = writeln!(text, "      {line}");
        }
    }
    text
}

/// Up to two cells by name, more by number.
#[must_use]
pub fn names(ids: &[CellId]) -> String {
    match ids {
        [] => String::new(),
        [one] => one.to_string(),
        [one, two] => format!("{one}, {two}"),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
    }
}

fn criterion_lines(criterion: &Criterion<'_>) -> String {
    let Criterion { name, tone, word, over, speedups } = criterion;
    let (style, sign) = (tone.style(), tone.sign());
    let mut text = format!("  {style}{sign}{style:#} {name:<34}{word:<13}{over}\n");
    for (comparison, range) in speedups {
        let range = format!(
            "{comparison:<12}{:>6.2}x median, intervals {:.2}x to {:.2}x, needed {:.2}x",
            range.median, range.low, range.high, range.needed
        );
        let _ = writeln!(text, "{}", wrapped(&range, "      ", "          "));
    }
    text
}

fn time(ledger: &Ledger) -> String {
    let percent = if ledger.wall > 0.0 { 100.0 * ledger.harness / ledger.wall } else { 0.0 };
    let phases: Vec<String> = ledger
        .phases
        .iter()
        .filter(|phase| phase.wall >= 0.05)
        .map(|phase| format!("{} {:.1}", phase.name, phase.wall))
        .collect();
    let spent = format!("{:.1} s: {}", ledger.wall, phases.join(", "));
    format!(
        "\n{}\n          harness's own share {:.1} s, {percent:.1} %\nwheels    {} built, {} kept\n",
        wrapped(&spent, "time      ", "          "),
        ledger.harness,
        ledger.wheels_built,
        ledger.wheels_kept,
    )
}

/// What a merged run was put together from, and the cells whose record was chosen among two.
fn merged(merged: &Merged) -> String {
    let mut text =
        format!("\nmerged    from {}, whose times are added up above\n", counted(merged.runs.len(), "run"));
    for contested in &merged.contested {
        let Contested { cell, outcome, other_outcome, why, .. } = contested;
        let told = format!("{cell}: {outcome} counts, not {other_outcome}: {}", causes::because(*why));
        let _ = writeln!(text, "{}", wrapped(&told, "          ", "            "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn tests_that_only_did_not_run_do_not_hide_the_one_that_stopped_them() {
        let mut report = report(0, 1);
        let mut add = |test: &str, why: &str| {
            report.verdict.cells[0].failing.insert(test.to_owned(), why.to_owned());
        };
        (0..50).for_each(|at| add(&format!("a.py::test_{at:02}"), NO_RESULT));
        add("b.py", "ImportError: cannot import name 'Gone'");
        let text = render(&report);
        assert!(text.contains("b.py") && text.contains("cannot import name 'Gone'"), "{text}");
        assert!(text.contains("a.py::test_00 and 49 more") && !text.contains("test_01"), "{text}");
    }

    #[test]
    fn what_changed_since_an_earlier_run_is_a_line_with_the_command_that_tells_all_of_it() {
        let (mut before, mut after) = (report(1, 1), report(2, 0));
        (before.run, after.run) = ("one".into(), "two".into());
        let text = since(&Compared::of(&before, &after));
        assert!(text.ends_with(")\n"), "{text}");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = "since nothing regressed; unchanged: 1 of 2 cells (`cargo matrix compare one two`)";
        assert_eq!(text, said);
    }
}
