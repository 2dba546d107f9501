//! What do the reports of a run say of cells that are red for one reason, can other programs read them, and where do they go?

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use crate::harness::{
    Project, a_cell, alone, fixture, hold, installed, json, matrix, run, run_folder, shown, stdout,
};

/// Reads `junit.xml` as a test reporter does, and prints what it counts: suites, tests, failures, errors and skips.
const READ: &str = "
import sys
from junitparser import JUnitXml
report = JUnitXml.fromfile(sys.argv[1])
told = [report.tests, report.failures, report.errors]
report.update_statistics()
assert told == [report.tests, report.failures, report.errors], told
seconds = [case.time for suite in report for case in suite if case.name.startswith('test_')]
assert all(second is not None for second in seconds), seconds
print(len(list(report)), *told, report.skipped)
";

/// Standard output as it was before it was broken into lines.
fn said(output: &Output) -> String {
    stdout(output).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_report_says_what_the_red_cells_have_in_common_and_a_test_reporter_reads_it() {
    let _alone = alone();
    let project = Project::testing(&fixture("fails_on_the_oldest"));
    let output = project.run(&["run", "--python", "3.9,3.13", "--postgres", "13,16", "--benchmarks", "off"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let sentence = "why test_needs_a_newer_python fails on Python 3.9: 2 of 2 such cells, no other";
    assert!(said(&output).contains(sentence), "{}", shown(&output));
    let folder = run_folder(&output);
    let report = json(&folder.join("report.json"));
    hold(&report, "report");
    let causes = &report["verdict"]["attributions"][0]["explanations"];
    assert_eq!(*causes, serde_json::json!([[[{"python": ["exactly", "3.9"]}]]]), "{report}");
    let markdown = std::fs::read_to_string(folder.join("report.md")).expect("report.md");
    assert!(markdown.contains("fails on Python 3.9: 2 of 2 such cells, no other"), "{markdown}");

    let (cell, junit) = (a_cell(), folder.join("junit.xml"));
    let path = format!("PYTHONPATH={}", installed("reports", &cell));
    let junit = junit.to_str().expect("a path in UTF-8");
    let read = run(&["shell", &cell, "--", "env", &path, "python", "-c", READ, junit]);
    // In each cell how it ended, and two tests.
    assert_eq!(said(&read), "4 12 2 0 0", "{}", shown(&read));
}

/// The folder of a run that was made up: two cells without a record.
fn made_up() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let cell = |id: &str| serde_json::json!({ "cell": id, "requested": { "python": "3.12" } });
    let cells = ["py3.12-pyo3_0.29", "py3.12-pyo3_0.30"].map(cell);
    let plan = serde_json::json!({ "preset": "made-up", "cells": cells });
    let intent = serde_json::json!({
        "schema_version": 1, "run": "made-up", "started": "2026-01-01T00:00:00Z", "plan": plan, "criteria": [],
    });
    std::fs::write(folder.path().join("plan.json"), intent.to_string()).expect("written");
    folder
}

/// Reports on that run, with a program called `xdg-open` that leaves what it was asked to open.
fn report(folder: &Path, arguments: &[&str]) -> Output {
    let opener = folder.join("xdg-open");
    let script = format!("#!/bin/sh\nprintf %s \"$1\" > '{}'\n", folder.join("opened").display());
    std::fs::write(&opener, script).expect("written");
    std::fs::set_permissions(&opener, Permissions::from_mode(0o755)).expect("a program");
    let path = std::env::var("PATH").expect("a path");
    let run = folder.to_str().expect("a path in UTF-8");
    let mut command = matrix();
    command.args(["report", run]).args(arguments).env("PATH", format!("{run}:{path}"));
    command.env("MATRIX_PASSWORD", "py3.12-pyo3_0.29").output().expect("it ran")
}

#[test]
fn a_report_goes_to_a_file_in_any_format_and_nothing_to_standard_output() {
    let folder = made_up();
    let file = folder.path().join("page.txt");
    let path = file.to_str().expect("a path in UTF-8");
    for (format, begins) in
        [("html", "<!DOCTYPE html>"), ("json", "{"), ("junit", "<?xml"), ("text", "\nmade-up")]
    {
        let output = report(folder.path(), &["--format", format, "--output", path]);
        assert_eq!(output.status.code(), Some(1), "as without a file: {}", shown(&output));
        assert_eq!(stdout(&output), "", "{format}");
        let text = std::fs::read_to_string(&file).expect("written");
        assert!(text.starts_with(begins) && !text.contains('\u{1b}'), "{format}: {text}");
        assert!(
            !text.contains("py3.12-pyo3_0.29") && text.contains("***"),
            "{format} holds a secret: {text}"
        );
    }
    let output = report(folder.path(), &["--format", "html"]);
    assert!(stdout(&output).starts_with("<!DOCTYPE html>"), "{}", shown(&output));
    assert!(!stdout(&output).contains("py3.12-pyo3_0.29"), "{}", shown(&output));
    let output = report(folder.path(), &["--output", "/no/such/folder/page.html"]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
}

#[test]
fn the_page_of_a_run_opens_in_the_browser() {
    let folder = made_up();
    let output = report(folder.path(), &["--open"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let opened = folder.path().join("opened");
    let begun = Instant::now();
    while std::fs::read_to_string(&opened).unwrap_or_default().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing was opened: {}", shown(&output));
        std::thread::sleep(Duration::from_millis(20));
    }
    let page = std::fs::read_to_string(opened).expect("a path");
    assert_eq!(Path::new(&page), folder.path().canonicalize().expect("a folder").join("report.html"));
    assert!(std::fs::read_to_string(page).expect("a page").starts_with("<!DOCTYPE html>"));
}
