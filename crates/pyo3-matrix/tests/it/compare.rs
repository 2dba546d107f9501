//! Is it told what is different between two runs, however they are named? Runs that were never made, with records of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::harness::{checkout, copy, hold, json as read, matrix, shown, stderr, stdout, words};
use crate::terminal::Terminal;

const PYTHONS: [&str; 4] = ["3.10", "3.11", "3.12", "3.13"];

/// A copy of an example, a git checkout of two commits, with runs in it.
struct Project {
    folder: tempfile::TempDir,
}

/// What a run that was never made found.
#[derive(Clone, Copy)]
struct Found<'a> {
    /// The Pythons on which a test fails.
    red: &'a [&'a str],
    /// Control over candidate.
    ratio: f64,
    cpu: &'a str,
}

const GREEN: Found<'static> = Found { red: &[], ratio: 2.0, cpu: "one" };

impl Project {
    fn new() -> Project {
        let folder = tempfile::tempdir().expect("a folder");
        copy(&checkout().join("examples/plus"), folder.path());
        let project = Project { folder };
        project.git(&["init", "-q", "-b", "main"]);
        project.git(&["add", "."]);
        project.commit();
        project.commit();
        project
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let mut command = Command::new("git");
        let output = command.current_dir(self.path()).args(who).args(arguments).output().expect("git starts");
        assert!(output.status.success(), "{}", shown(&output));
        stdout(&output).trim().to_owned()
    }

    /// Commits what changed of the files that git knows.
    fn commit(&self) {
        self.git(&["commit", "-q", "-a", "--allow-empty", "-m", "a change"]);
    }

    /// Makes a run, and returns where it says that it comes from.
    fn made(&self, code: i32) -> Value {
        let output = matrix().current_dir(self.path()).args(["run", "--jobs", "1"]).output();
        let output = output.expect("the binary starts");
        assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
        let plan = read(&self.path().join("target/matrix/runs/latest/plan.json"));
        hold(&plan, "plan");
        plan["origin"].clone()
    }

    /// Writes the run of a commit, and returns its folder.
    fn run(&self, id: &str, commit: &str, found: Found<'_>) -> PathBuf {
        let folder = self.path().join("target/matrix/runs").join(id);
        let mut planned = Vec::new();
        for python in PYTHONS {
            let (id, record) = record(python, found);
            planned.push(json!({ "cell": id, "requested": record["requested"] }));
            let of_cell = folder.join("cells").join(id);
            fs::create_dir_all(&of_cell).expect("made");
            fs::write(of_cell.join("record.json"), record.to_string()).expect("written");
        }
        let hash = self.git(&["rev-parse", commit]);
        let host = json!({ "os": "linux", "arch": "x86_64", "cpu": found.cpu, "cores": 2 });
        let intent = json!({
            "schema_version": 1, "run": id, "started": "2026-01-01T00:00:00Z", "criteria": [],
            "plan": { "preset": "all", "cells": planned },
            "basis": { "config": "c", "suite": "s", "extension": "e" },
            "origin": { "harness": "0.1.0", "commit": { "hash": hash, "dirty": false }, "host": host },
        });
        hold(&intent, "plan");
        fs::write(folder.join("plan.json"), intent.to_string()).expect("written");
        folder
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = matrix();
        command.current_dir(self.path()).arg("compare").args(arguments);
        command
    }

    /// Compares, and holds the exit code to what is expected.
    fn check(&self, arguments: &[&str], code: i32) -> String {
        let output = self.ask(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {}", shown(&output));
        stdout(&output)
    }

    fn refused(&self, arguments: &[&str], said: &str) {
        let output = self.ask(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
        assert!(words(&output).contains(said), "{said}: {}", shown(&output));
        assert!(stderr(&output).contains("hint: "), "{}", shown(&output));
    }
}

/// A cell's id, and its record.
fn record(python: &str, found: Found<'_>) -> (String, Value) {
    let (id, red) = (format!("py{python}-pyo3_0.30"), found.red.contains(&python));
    let test = "tests/test_plus.py::test_adds";
    let failure = json!({ test: { "message": "assert 1 == 2", "report": "E assert 1 == 2" } });
    let side = |median: f64| json!({ "label": "a", "median_ms": median });
    let speedup = json!({ "ratio": found.ratio, "low": found.ratio - 0.1, "high": found.ratio + 0.1, "confidence": 0.95 });
    let comparison = json!({
        "name": "simple", "title": "Simple", "control": side(2.0), "candidate": side(2.0 / found.ratio), "speedup": speedup,
    });
    let record = json!({
        "schema_version": 1, "cell": id, "outcome": if red { "TestsFailed" } else { "Passed" },
        "reason": red.then_some("1 of 2 tests failed"), "thoroughness": "quick",
        "requested": { "python": python, "pyo3": "0.30.1" }, "observed": null,
        "tests": { test: if red { "failed" } else { "passed" }, "tests/test_plus.py::test_other": "passed" },
        "failures": if red { failure } else { json!({}) },
        "benchmarks": [], "comparisons": if red { json!([]) } else { json!([comparison]) }, "memory": null,
        "durations": { "tests": 1.0, "benchmarks": 1.0, "harness": 0.1 },
        "hashes": { "line_lock": "l", "cell_lock": "c", "wheel": null, "wheel_key": null },
    });
    (id, record)
}

/// The text without line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn two_runs_are_compared_by_cells_by_tests_and_by_what_the_red_cells_have_in_common() {
    let project = Project::new();
    project.run("20260101T000000Z-1", "HEAD~1", GREEN);
    project.run("20260101T000001.000001Z-2", "HEAD", Found { red: &["3.12", "3.13"], ..GREEN });
    let [before, after] = ["20260101T000000Z-1", "20260101T000001.000001Z-2"];
    let text = flat(&project.check(&[before, after], 1));
    for part in [
        "regressed: 2 cells ✘ passed → tests failed in py3.12-pyo3_0.30, py3.13-pyo3_0.30",
        "✘ tests/test_plus.py::test_adds in py3.12-pyo3_0.30, py3.13-pyo3_0.30 on Python 3.12 and later: 2 of 2 such cells, no other assert 1 == 2",
        "regressed: 2 cells, 1 test; unchanged: 2 of 4 cells",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let document: Value =
        serde_json::from_str(&project.check(&[before, after, "--format", "json"], 1)).expect("JSON");
    hold(&document, "comparison");
    assert_eq!(document["regressed"].as_array().map(Vec::len), Some(2), "{document}");
    let markdown = project.check(&[before, after, "--format", "markdown"], 1);
    assert!(markdown.starts_with("## ❌ regressed: 2 cells, 1 test; "), "{markdown}");
    let back = flat(&project.check(&[after, before], 0));
    assert!(back.contains("fixed: 2 cells") && back.contains("nothing regressed"), "{back}");
}

#[test]
fn the_page_of_a_run_tells_what_changed_since_the_run_before_that_had_its_cells() {
    let project = Project::new();
    let page = |run: &str| {
        let output = matrix().current_dir(project.path()).args(["report", run, "--format", "html"]).output();
        stdout(&output.expect("the binary starts"))
    };
    for (run, red) in [("1", &["3.13"][..]), ("2", &[]), ("4", &["3.10"])] {
        project.run(run, "HEAD", Found { red, ..GREEN });
    }
    // A run that was killed at once has the cells, and says nothing of them.
    let killed = project.run("3", "HEAD", GREEN);
    fs::remove_dir_all(killed.join("cells")).expect("removed");
    let section = |page: &str| page.split_once("id=\"since\"").map(|(_, rest)| rest[..1200].to_owned());
    assert_eq!(section(&page("1")), None);
    let second = section(&page("2")).expect("a section");
    assert!(second.contains("run 1, all") && second.contains("fixed: 1 cell"), "{second}");
    let fourth = section(&page("4")).expect("a section");
    assert!(fourth.contains("run 2, all") && fourth.contains("regressed: 1 cell"), "{fourth}");
}

#[test]
fn two_reports_say_the_same_without_their_runs() {
    let project = Project::new();
    let before = project.run("1", "HEAD~1", GREEN);
    let after = project.run("2", "HEAD", Found { red: &["3.13"], ratio: 1.5, ..GREEN });
    let reports = tempfile::tempdir().expect("a folder");
    for (run, name) in [(&before, "a"), (&after, "b")] {
        let output =
            matrix().current_dir(project.path()).arg("report").arg(run).args(["--format", "json"]).output();
        let report = stdout(&output.expect("the binary starts"));
        hold(&serde_json::from_str(&report).expect("JSON"), "report");
        fs::create_dir(reports.path().join(name)).expect("made");
        fs::write(reports.path().join(name).join("report.json"), report).expect("written");
    }
    let folder = |name: &str| reports.path().join(name).display().to_string();
    let file = |name: &str| reports.path().join(name).join("report.json").display().to_string();
    let json = ["--format", "json"];
    let by_runs = project.check(&[&["1", "2"], &json[..]].concat(), 1);
    let by_reports = project.check(&[&[folder("a").as_str(), &file("b")], &json[..]].concat(), 1);
    assert_eq!(by_runs, by_reports);
    let document: Value = serde_json::from_str(&by_reports).expect("JSON");
    assert_eq!(document["slower"].as_array().map(Vec::len), Some(3), "{document}");
    fs::write(reports.path().join("a/report.json"), "{}").expect("written");
    project.refused(&[&folder("a"), "2"], "schema_version is none, this harness reads 1");
}

#[test]
fn speed_turns_a_comparison_red_only_where_it_is_asked_to_and_times_stay_on_one_machine() {
    let project = Project::new();
    project.run("1", "HEAD~1", GREEN);
    project.run("2", "HEAD", Found { ratio: 1.5, cpu: "two", ..GREEN });
    let text = flat(&project.check(&["1", "2"], 0));
    let item = "slower ? simple lost 25 % of its speed-up in py3.10-pyo3_0.30 and 3 more";
    assert!(text.contains(item) && !text.contains("candidate"), "{text}");
    assert!(
        text.contains("absolute times and peak memory: the machines differ, or one is not known"),
        "{text}"
    );
    assert!(text.ends_with("nothing regressed; slower: 4 cells; unchanged: 0 of 4 cells"), "{text}");
    project.check(&["1", "2", "--strict"], 1);
    project.check(&["2", "1", "--strict"], 0);
}

#[test]
fn a_commit_means_the_run_that_was_made_of_it() {
    let project = Project::new();
    project.refused(&["HEAD~1", "HEAD"], "error: no run of commit ");
    project.run("20260101T000000Z-1", "HEAD~1", Found { red: &PYTHONS, ..GREEN });
    project.run("20260101T000001Z-1", "HEAD~1", GREEN);
    project.refused(
        &["HEAD~1", "main"],
        "`cargo matrix run` makes one once `main` is checked out; there are runs of ",
    );
    project.run("20260101T000002Z-1", "HEAD", Found { red: &["3.13"], ..GREEN });
    let text = flat(&project.check(&["HEAD~1", "main"], 1));
    let hash = project.git(&["rev-parse", "--short=12", "HEAD"]);
    assert!(text.contains("A run 20260101T000001Z-1, all, commit "), "the newest: {text}");
    assert!(text.contains(&format!("B run 20260101T000002Z-1, all, commit {hash}, 4 cells")), "{text}");
    project.refused(&["nowhere", "main"], "`nowhere` is no run, no report and no commit");
    project.refused(&["--", "--all", "main"], "`--all` is no run, no report and no commit");
}

/// The harness keeps everything in the checkout here, and no rule of git ignores it.
#[test]
fn a_run_knows_its_commit_and_its_machine_and_is_found_by_the_commit() {
    let project = Project::new();
    let before = project.made(0);
    let hash = project.git(&["rev-parse", "HEAD"]);
    assert_eq!(before["commit"], json!({ "hash": hash, "dirty": false }));
    assert_eq!(before["options"], json!({ "benchmarks": "tests", "jobs": 1, "retries": 0 }));
    assert_eq!(before["host"]["os"], std::env::consts::OS);
    let mut parts = before["host"].as_object().expect("a machine").keys();
    assert!(parts.all(|part| ["arch", "cores", "cpu", "os"].contains(&part.as_str())), "and no name");
    let file = project.path().join("tests/test_plus.py");
    let text = fs::read_to_string(&file).expect("a test");
    fs::write(&file, text + "\n\ndef test_breaks():\n    assert 1 == 2\n").expect("written");
    assert_eq!(project.made(1)["commit"], json!({ "hash": hash, "dirty": true }));
    project.commit();
    project.refused(&["HEAD~1", "HEAD"], "there are runs of ");
    project.made(1);
    let text = flat(&project.check(&["HEAD~1", "HEAD"], 1));
    let newly = "newly failing tests ✘ tests/test_plus.py::test_breaks in py3.12-pyo3_0.30";
    assert!(text.contains(newly), "{text}");
}

#[test]
fn runs_without_a_common_cell_are_not_compared() {
    let project = Project::new();
    project.run("1", "HEAD", GREEN);
    let other = project.run("2", "HEAD", GREEN);
    let mut plan = read(&other.join("plan.json"));
    let cells = plan["plan"]["cells"].as_array_mut().expect("cells");
    cells.truncate(1);
    cells[0]["cell"] = json!("py3.9-pyo3_0.29");
    fs::write(other.join("plan.json"), plan.to_string()).expect("written");
    project.refused(&["1", "2"], "run 1 and run 2 have no cell in common");
}

#[test]
fn a_comparison_fits_the_terminal_and_has_colours_unless_they_are_not_wanted() {
    let project = Project::new();
    project.run("1", "HEAD~1", GREEN);
    project.run("2", "HEAD", Found { red: &["3.12", "3.13"], ratio: 1.5, ..GREEN });
    for columns in [60, 80, 120] {
        for plain in [false, true] {
            let mut command = project.command(&["1", "2"]);
            command.env("TERM", "xterm").env_remove("NO_COLOR").env_remove("CI");
            if plain {
                command.env("NO_COLOR", "1");
            }
            let (code, screen) = Terminal::start(&command, columns).end();
            assert_eq!((code, screen.contains("\u{1b}[31m")), (Some(1), !plain), "{screen}");
            let text = unstyled(&screen);
            let widest = text.lines().map(|line| line.trim_end().chars().count()).max();
            assert!(
                widest <= Some(columns.into()) && widest > Some(usize::from(columns) / 2),
                "{widest:?} {text}"
            );
        }
    }
}

/// The text without the escape codes of styles.
fn unstyled(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.map(|part| part.split_once('m').map_or(part, |(_, rest)| rest)).collect::<String>()
}
