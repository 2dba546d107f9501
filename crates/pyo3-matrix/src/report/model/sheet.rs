//! What is known of one cell? Its verdict and its record in; everything that a format shows of it, in order and in words, out.

use std::collections::BTreeMap;

use crate::model::record::{Benchmark, Comparison, Memory, Record, TestResult};
use crate::report::Report;
use crate::report::grid::{Mark, mark};
use crate::report::model::measures;
use crate::report::model::numbers;
use crate::verdict::judge::CellVerdict;

/// How many of the slowest tests are named.
const SLOWEST: usize = 5;

/// What a cell is said to be, and was found to be.
#[derive(Debug, PartialEq, Eq)]
pub struct Version<'a> {
    pub name: String,
    pub requested: Option<&'a str>,
    /// As whole as it was observed.
    pub observed: Option<&'a str>,
    /// Who said so.
    pub how: &'static str,
}

/// A test that says that something is wrong.
#[derive(Debug)]
pub struct Failed<'a> {
    pub test: &'a str,
    pub message: &'a str,
    /// pytest's whole report, where there is one.
    pub log: Option<&'a str>,
}

/// A check of the kit that did not simply pass.
#[derive(Debug)]
pub struct Incident<'a> {
    pub check: &'a str,
    /// `hung`, and the class of the hang.
    pub what: String,
    pub message: &'a str,
    /// The file with the stacks, seen from the run's folder.
    pub file: Option<String>,
    /// The beginning of it.
    pub stacks: Option<&'a str>,
}

/// Everything of one cell.
#[derive(Debug)]
pub struct Sheet<'a> {
    pub verdict: &'a CellVerdict,
    pub mark: Mark,
    pub versions: Vec<Version<'a>>,
    /// How many tests ended so: together they are all of them.
    pub counts: Vec<(usize, &'static str)>,
    pub failed: Vec<Failed<'a>>,
    /// Reason → the tests that were skipped for it.
    pub skips: BTreeMap<&'a str, Vec<&'a str>>,
    /// The slowest tests first.
    pub slowest: Vec<(&'a str, String)>,
    pub incidents: Vec<Incident<'a>>,
    pub comparisons: &'a [Comparison],
    pub benchmarks: &'a [Benchmark],
    pub memory: Option<&'a Memory>,
    /// Leak test → what it grew per operation.
    pub slopes: Vec<(&'a str, String)>,
    /// What is known of time, hashes and files, each under its name.
    pub facts: Vec<(&'static str, String)>,
    /// The command that runs it again, where there is something to run.
    pub again: Option<String>,
}

impl<'a> Sheet<'a> {
    #[must_use]
    pub fn of(verdict: &'a CellVerdict, record: Option<&'a Record>, report: &Report) -> Sheet<'a> {
        let excluded = matches!(verdict.outcome, crate::model::record::Outcome::Skipped { .. });
        let memory = record.and_then(|record| record.memory.as_ref());
        Sheet {
            verdict,
            mark: mark(verdict),
            versions: record.map(versions).unwrap_or_default(),
            counts: record.map(counts).unwrap_or_default(),
            failed: failed(verdict, record),
            skips: skips(verdict),
            slowest: record.map(slowest).unwrap_or_default(),
            incidents: record.map(incidents).unwrap_or_default(),
            comparisons: record.map(|record| &record.comparisons[..]).unwrap_or_default(),
            benchmarks: record.map(|record| &record.benchmarks[..]).unwrap_or_default(),
            memory,
            slopes: memory.map(slopes).unwrap_or_default(),
            facts: record.map(facts).unwrap_or_default(),
            again: (!excluded).then(|| report.again(&verdict.cell)),
        }
    }
}

/// Every name of which a version was asked for, or seen.
fn versions(record: &Record) -> Vec<Version<'_>> {
    let observed = |name: &str| {
        let observed = record.observed.as_ref()?;
        let whole = observed.versions.get(&format!("{name}_full"));
        if name == "python" {
            Some(observed.python_full.as_str())
        } else {
            whole.or_else(|| observed.versions.get(name))
        }
    };
    let asked = record.requested.iter().map(|(name, version)| (name, Some(version)));
    let seen = record.observed.iter().flat_map(|observed| observed.versions.iter());
    let unasked = seen.filter(|(name, _)| !name.ends_with("_full") && record.requested.get(name).is_none());
    let mut all: Vec<Version<'_>> = asked
        .chain(unasked.map(|(name, _)| (name, None)))
        .map(|(name, requested)| {
            let companion = |version: &str| crate::model::record::Versions::is_companion(name, version);
            let crate_of_pyo3 = requested.or_else(|| observed(name)).is_some_and(companion);
            Version {
                name: name.replace('_', "-"),
                requested,
                observed: observed(name),
                how: how(name, crate_of_pyo3),
            }
        })
        .collect();
    all.sort_by_key(|version| (version.name != "python", version.how == SERVICE, version.name.clone()));
    all
}

const SERVICE: &str = "the service itself was asked";

/// Who says which version it is: never the plan.
fn how(name: &str, crate_of_pyo3: bool) -> &'static str {
    match name {
        "python" => "the interpreter that ran the tests",
        _ if crate_of_pyo3 => "cargo's messages of the build, held to the loaded module",
        _ => SERVICE,
    }
}

/// How many tests ended in each way, those that passed first.
fn counts(record: &Record) -> Vec<(usize, &'static str)> {
    let words = [
        (TestResult::Passed, "passed"),
        (TestResult::Failed, "failed"),
        (TestResult::Error, "with an error"),
        (TestResult::Xpassed, "passed, and should have failed"),
        (TestResult::Running, "running at the end"),
        (TestResult::NotRun, "without a result"),
        (TestResult::Skipped, "skipped"),
        (TestResult::Xfailed, "failed as expected"),
    ];
    let counted = words.map(|(result, word)| (record.count(result), word));
    counted.into_iter().filter(|(count, _)| *count > 0).collect()
}

fn failed<'a>(verdict: &'a CellVerdict, record: Option<&'a Record>) -> Vec<Failed<'a>> {
    let log = |test: &str| Some(record?.failures.get(test)?.report.as_str()).filter(|log| !log.is_empty());
    let one = |(test, message): (&'a String, &'a String)| Failed { test, message, log: log(test) };
    verdict.failing.iter().map(one).collect()
}

fn skips(verdict: &CellVerdict) -> BTreeMap<&str, Vec<&str>> {
    let mut by_reason = BTreeMap::<&str, Vec<&str>>::new();
    for (test, reason) in &verdict.skips {
        let reason = Some(reason.as_str()).filter(|reason| !reason.is_empty()).unwrap_or("no reason given");
        by_reason.entry(reason).or_default().push(test);
    }
    by_reason
}

fn slowest(record: &Record) -> Vec<(&str, String)> {
    let mut all: Vec<(&str, f64)> =
        record.seconds.iter().map(|(test, took)| (test.as_str(), *took)).collect();
    all.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    all.into_iter().take(SLOWEST).map(|(test, took)| (test, numbers::seconds(took))).collect()
}

fn incidents(record: &Record) -> Vec<Incident<'_>> {
    let folder = format!("cells/{}/{}", record.cell, crate::model::kit::INCIDENTS);
    let checks = record.kit.iter().flat_map(|kit| &kit.checks);
    let told = checks.filter(|check| {
        check.incident.is_some()
            || !["passed", "recorded", "not applicable"].contains(&check.outcome.as_str())
    });
    told.map(|check| Incident {
        check: &check.id,
        what: check.hang.iter().fold(check.outcome.clone(), |what, hang| format!("{what}: {hang}")),
        message: &check.message,
        file: check.incident.as_ref().map(|file| format!("{folder}/{file}")),
        stacks: check.stacks.as_deref(),
    })
    .collect()
}

fn slopes(memory: &Memory) -> Vec<(&str, String)> {
    let told = |leak| measures::slope(leak).map(|slope| format!("{} per operation", numbers::bytes(slope)));
    memory.leaks.iter().filter_map(|(test, leak)| Some((test.as_str(), told(leak)?))).collect()
}

fn facts(record: &Record) -> Vec<(&'static str, String)> {
    let durations = record.durations;
    let mut facts = Vec::new();
    for (name, time) in
        [("tests", durations.tests), ("benchmarks", durations.benchmarks), ("harness", durations.harness)]
    {
        if time > 0.0 {
            facts.push((name, numbers::seconds(time)));
        }
    }
    if let Some(implementation) =
        record.observed.as_ref().and_then(|observed| observed.implementation.clone())
    {
        facts.push(("interpreter", implementation));
    }
    if let Some(rustc) = record.observed.as_ref().and_then(|observed| observed.build_info.get("rustc")) {
        facts.push(("compiler", rustc.clone()));
    }
    let hashes = [
        ("wheel", &record.hashes.wheel),
        ("line's lock", &record.hashes.line_lock),
        ("cell's lock", &record.hashes.cell_lock),
    ];
    for (name, hash) in hashes {
        // As git shortens its own.
        facts.extend(
            hash.as_ref().map(|hash| (name, format!("sha256 {}", hash.chars().take(12).collect::<String>()))),
        );
    }
    if !record.passed_env.is_empty() {
        facts.push(("variables of the shell", record.passed_env.join(", ")));
    }
    facts.push(("files", format!("cells/{}/ beside this report", record.cell)));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kit::KitCheck;
    use crate::model::kit::tests::{check, kit};
    use crate::model::record::{Observed, Outcome, Versions};
    use crate::report::tests::report;

    fn record(verdict: &CellVerdict) -> Record {
        Record::empty(verdict.cell.clone(), Versions::ones(), Outcome::Passed, None)
    }

    #[test]
    fn each_version_is_shown_as_asked_for_and_as_seen_and_says_who_saw_it() {
        let report = report(1, 0);
        let verdict = &report.verdict.cells[0];
        let mut record = record(verdict);
        record.requested = [("python", "3.12"), ("nats", "2"), ("pyo3", "0.28.3")].into_iter().collect();
        let versions: Versions = [
            ("python", "3.12"),
            ("nats", "2"),
            ("nats_full", "2.9"),
            ("pyo3", "0.28.3"),
            ("pyo3_log", "0.12.0"),
        ]
        .into_iter()
        .collect();
        record.observed = Some(Observed {
            versions,
            python_full: "3.12.1".into(),
            implementation: None,
            build_info: BTreeMap::new(),
            packages: BTreeMap::new(),
            loaded: None,
        });
        let sheet = Sheet::of(verdict, Some(&record), &report);
        let told: Vec<_> =
            sheet.versions.iter().map(|v| (v.name.as_str(), v.requested, v.observed, v.how)).collect();
        let cargo = "cargo's messages of the build, held to the loaded module";
        let expected = [
            ("python", Some("3.12"), Some("3.12.1"), "the interpreter that ran the tests"),
            ("pyo3", Some("0.28.3"), Some("0.28.3"), cargo),
            ("pyo3-log", None, Some("0.12.0"), cargo),
            ("nats", Some("2"), Some("2.9"), SERVICE),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn the_counts_of_a_cell_are_all_of_its_tests() {
        let report = report(1, 0);
        let verdict = &report.verdict.cells[0];
        let mut record = record(verdict);
        let results = [
            TestResult::Passed,
            TestResult::Passed,
            TestResult::Failed,
            TestResult::Error,
            TestResult::Xpassed,
            TestResult::Running,
            TestResult::NotRun,
            TestResult::Skipped,
            TestResult::Xfailed,
        ];
        record.tests = results.iter().enumerate().map(|(at, result)| (at.to_string(), *result)).collect();
        let counts = Sheet::of(verdict, Some(&record), &report).counts;
        assert_eq!(counts.iter().map(|(count, _)| count).sum::<usize>(), record.tests.len(), "{counts:?}");
        assert_eq!(counts[0], (2, "passed"));
    }

    #[test]
    fn a_hang_of_the_kit_has_its_class_and_its_stacks() {
        let report = report(1, 0);
        let verdict = &report.verdict.cells[0];
        let mut record = record(verdict);
        let hung = KitCheck {
            hang: Some("deadlock".into()),
            incident: Some("a.txt".into()),
            ..check("core/b", "hung")
        };
        record.kit = Some(kit(vec![check("core/a", "passed"), hung, check("core/c", "not applicable")]));
        let sheet = Sheet::of(verdict, Some(&record), &report);
        let [only] = &sheet.incidents[..] else { panic!("{:?}", sheet.incidents) };
        assert_eq!((only.check, only.what.as_str()), ("core/b", "hung: deadlock"));
        assert_eq!(only.file.as_deref(), Some("cells/py3.0-pg0-pyo3_0.1/incidents/a.txt"));
    }

    #[test]
    fn a_cell_that_was_left_out_has_no_command_and_one_without_a_record_has() {
        let mut report = report(0, 2);
        report.verdict.cells[0].outcome = Outcome::Skipped { reason: "why".into() };
        let sheets = report.verdict.cells.iter().map(|cell| Sheet::of(cell, None, &report));
        let again: Vec<_> = sheets.map(|sheet| sheet.again).collect();
        assert_eq!(again, [None, Some("cargo matrix run --cell py3.0-pg1-pyo3_0.1".into())]);
    }
}
