//! Is a history of runs kept, whatever stands in the way? Reports of runs that were never made, added one after the other, and
//! the step of the nightly workflow that fetches the history of the nights before.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::harness::{checkout, hold, json as read, matrix, shown, stderr, stdout, words};

const CELLS: [&str; 3] = ["py3.11-pyo3_0.30", "py3.12-pyo3_0.30", "py3.13-pyo3_0.30"];

/// A folder, which is no project, for reports and their history.
struct Reports {
    folder: tempfile::TempDir,
}

impl Reports {
    fn new() -> Reports {
        Reports { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the report of the run of this day, in which a test fails in these cells, and returns its name.
    fn night(&self, day: u8, red: &[&str]) -> String {
        let cell = |id: &&str| {
            let red = red.contains(id);
            json!({
                "cell": id, "outcome": if red { "TestsFailed" } else { "Passed" }, "passed": 1, "total": 1,
                "failing": if red { json!({ "test_a": "assert 1 == 2" }) } else { json!({}) },
            })
        };
        let range = json!({ "needed": 1.5, "median": 2.0 + f64::from(day) / 10.0, "low": 1.9, "high": 3.2 });
        let report = json!({
            "schema_version": 1, "run": format!("2026010{day}T000000Z-1"), "preset": "full",
            "started": format!("2026-01-0{day}T00:00:00Z"), "ledger": null, "basis": { "config": "c", "suite": "s", "extension": "e" },
            "origin": { "harness": "0.1.0", "commit": { "hash": "1a2b3c4d5e6f7a8b", "dirty": false } },
            "verdict": {
                "green": red.is_empty(), "decision": if red.is_empty() { "proceed" } else { "investigate" },
                "cells": CELLS.iter().map(cell).collect::<Vec<_>>(),
                "criteria": [{
                    "name": "Gain", "status": "met", "unit": "wheels", "met": 3, "measured": 3,
                    "speedups": { "simple": range },
                }],
            },
        });
        hold(&report, "report");
        let name = format!("{day}.json");
        fs::write(self.path(&name), report.to_string()).expect("written");
        name
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = matrix();
        command.current_dir(self.folder.path()).arg("history").args(arguments);
        command.output().expect("the binary starts")
    }

    /// Adds these, and returns what is said.
    fn add(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        hold(&self.history(), "history");
        stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn history(&self) -> Value {
        read(&self.path("history.json"))
    }

    /// Checks that these arguments are refused with a hint, and that the refusal changes no file.
    fn refused(&self, arguments: &[&str], said: &str) {
        let files = || {
            let entries = fs::read_dir(self.folder.path()).expect("a folder").flatten();
            let mut files: Vec<_> =
                entries.map(|entry| (entry.path(), fs::read(entry.path()).expect("a file"))).collect();
            files.sort();
            files
        };
        let before = files();
        let output = self.ask(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
        assert!(words(&output).contains(said), "{said}: {}", shown(&output));
        assert!(files() == before, "a file was changed: {}", shown(&output));
    }
}

#[test]
fn runs_are_added_to_a_history_once_each_and_its_page_says_what_changed() {
    let reports = Reports::new();
    let (one, two) = (reports.night(1, &[]), reports.night(2, &CELLS[1..2]));
    let said = reports.add(&[&one]);
    assert_eq!(said, "history.json: 1 run, the newest 2026-01-01 (1a2b3c4d5e6f): 3/3 cells green");
    fs::write(reports.path("report.html"), "the newest report").expect("written");
    let said = reports.add(&[&two, "--html", "page.html"]);
    assert!(
        said.starts_with("history.json: 2 runs, the newest 2026-01-02 (1a2b3c4d5e6f): 2/3 cells"),
        "{said}"
    );
    assert!(
        said.ends_with("since the run before: regressed: 1 cell, 1 test; unchanged: 2 of 3 cells"),
        "{said}"
    );
    let page = fs::read_to_string(reports.path("page.html")).expect("a page");
    for part in ["<!DOCTYPE html>", "href=\"report.html\"", "passed → tests failed", "<code>test_a</code>"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    reports.add(&[&one, &two]);
    let history = reports.history();
    assert_eq!(history["runs"].as_array().map(Vec::len), Some(2), "{history}");
    assert_eq!(history["runs"][1]["cells"][CELLS[1]], json!(["F", [], null]));
    assert_eq!(history["runs"][1]["criteria"][0]["speedups"]["simple"]["median"], 2.2);
    // The folder of a run, another file, and the page of a history to which nothing is added.
    fs::create_dir(reports.path("run")).expect("a folder");
    fs::rename(reports.path(&one), reports.path("run/report.json")).expect("moved");
    reports.add(&["run", "--into", "other.json"]);
    assert_eq!(read(&reports.path("other.json"))["runs"].as_array().map(Vec::len), Some(1));
    reports.add(&["--html", "again.html"]);
    assert_eq!(fs::read_to_string(reports.path("again.html")).expect("a page"), page);
}

#[test]
fn what_cannot_be_used_is_refused_and_the_history_stays() {
    let reports = Reports::new();
    let one = reports.night(1, &[]);
    reports.refused(&["--html", "page.html"], "there is no history history.json, and no report to begin it");
    reports.add(&[&one]);
    reports.refused(&[&one, "none.json"], "cannot read the report none.json: there is none hint: ");
    fs::write(reports.path("half.json"), "{\"schema_version\": 1, \"runs\":").expect("written");
    reports.refused(&[&one, "half.json"], "cannot read the report half.json: ");
    reports.refused(&[&one, "--into", "half.json"], "cannot read the history half.json: ");
    let newer = |name: &str| {
        let mut document = read(&reports.path(name));
        document["schema_version"] = json!(2);
        fs::write(reports.path("newer.json"), document.to_string()).expect("written");
    };
    newer("history.json");
    let said = "schema_version is 2, this harness reads 1 hint: use the harness that wrote it";
    reports.refused(&[&one, "--into", "newer.json"], said);
    newer(&one);
    reports.refused(&[&one, "newer.json"], said);
    let mut part = read(&reports.path(&one));
    part["part"] = json!("shard 1 of 2");
    fs::write(reports.path("part.json"), part.to_string()).expect("written");
    reports.refused(&["part.json"], "is shard 1 of 2, and not the whole of `full` hint: merge the parts");
    let output = reports.ask(&[]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    let output = reports.ask(&[&one, "--into", "no/such/folder/history.json"]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
}

/// The script of the step of `nightly.yml` that has this name.
fn step(name: &str) -> String {
    let text = fs::read_to_string(checkout().join(".github/workflows/nightly.yml")).expect("nightly.yml");
    let step = text.split("\n      - ").find(|step| step.starts_with(&format!("name: {name}\n")));
    let script = step.and_then(|step| step.split_once("run: |\n")).expect("a script").1;
    let lines = script.lines().take_while(|line| line.is_empty() || line.starts_with("          "));
    lines.map(|line| line.trim_start().to_owned() + "\n").collect()
}

/// Runs that step where Pages gives this answer, and returns how it ended.
fn fetched(folder: &Path, curl: &str) -> Output {
    for (name, script) in [("gh", "echo https://owner.github.io/repository/"), ("curl", curl)] {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
    }
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("a path"));
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c"]);
    command.arg(step("Fetch the history of the nights before")).current_dir(folder);
    command.env("PATH", path).env("GITHUB_REPOSITORY", "owner/repository").output().expect("bash")
}

#[test]
fn the_nightly_workflow_begins_a_history_only_where_pages_has_none() {
    let answers = |status: &str| {
        format!(
            "case \"$*\" in *.io/repository/history.json) echo old > history.json; printf {status};; esac"
        )
    };
    for (curl, code, kept) in [
        (answers("200"), 0, true),
        (answers("404"), 0, false),
        (answers("503"), 1, false),
        ("exit 6".into(), 6, false),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let output = fetched(folder.path(), &curl);
        assert_eq!(output.status.code(), Some(code), "{curl}: {}", shown(&output));
        let history = fs::read_to_string(folder.path().join("site/history.json")).ok();
        assert_eq!(history.as_deref(), kept.then_some("old\n"), "{curl}");
        let tells = stdout(&output).contains("::warning::") || stdout(&output).contains("::error::");
        assert_eq!(tells, curl.contains("404") || curl.contains("503"), "{curl}: {}", shown(&output));
        assert_eq!(stderr(&output), "", "{curl}");
    }
}
