//! What do the reports of a run say of cells that are red for one reason, and can other programs read them?

use std::process::Output;

use crate::harness::{
    Project, a_cell, alone, fixture, hold, installed, json, run, run_folder, shown, stdout,
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
