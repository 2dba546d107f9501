//! How long does it take to judge 10,000 records and to report them? Prints the median of the wall clock of whole programs that read a
//! run's folder from the disk and write one format. Some tests fail: on one value, on two joined, and anywhere.
//!
//! `cargo bench -p pyo3-matrix --bench report`

#![expect(clippy::disallowed_types, reason = "a benchmark stands outside of the program that it times")]

mod project;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use project::AXES;
use serde_json::{Map, Value, json};

const RUNS: usize = 11;
/// Tests of each cell.
const TESTS: u32 = 50;

/// A cell of these places on the axes.
struct Cell {
    python: u32,
    postgres: u32,
    line: u32,
    id: String,
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for place in 0..AXES.iter().product::<u32>() {
        let mut rest = place;
        let at = AXES.map(|size| {
            let at = rest % size;
            rest /= size;
            at
        });
        let (python, postgres, line) = (7 + at[0], 13 + at[1], 23 + at[2]);
        let id = format!("py3.{python}-pg{postgres}-pyo3_0.{line}-loop{}-bridge{}", at[3], at[4]);
        cells.push(Cell { python, postgres, line, id });
    }
    cells
}

/// Whether a test fails: the first on new Pythons with new lines, the second on one server, the third in one cell of 97.
fn fails(cell: &Cell, test: u32, at: usize) -> bool {
    match test {
        0 => cell.python >= 12 && cell.line >= 27,
        1 => cell.postgres == 13,
        2 => at % 97 == 0,
        _ => false,
    }
}

fn record(cell: &Cell, at: usize, requested: &Value) -> Value {
    let (mut tests, mut failures) = (Map::new(), Map::new());
    for test in 0..TESTS {
        let name = format!("tests/test_bench.py::test_{test:02}");
        if fails(cell, test, at) {
            failures.insert(name.clone(), json!({ "message": "assert 1 == 2", "report": "E assert 1 == 2" }));
        }
        tests.insert(name, Value::from(if fails(cell, test, at) { "failed" } else { "passed" }));
    }
    let red = !failures.is_empty();
    json!({
        "schema_version": 1, "cell": cell.id, "outcome": if red { "TestsFailed" } else { "Passed" },
        "reason": red.then_some("tests failed"), "thoroughness": "tests", "requested": requested, "observed": null,
        "tests": tests, "failures": failures, "benchmarks": [], "memory": null,
        "durations": { "tests": 1.0, "benchmarks": 0.0, "harness": 0.1 },
        "hashes": { "line_lock": null, "cell_lock": null, "wheel": null, "wheel_key": null },
    })
}

/// Writes the folder of a run of all cells.
fn run_folder(folder: &Path) -> std::io::Result<()> {
    let (cells, mut planned) = (cells(), Vec::new());
    for (at, cell) in cells.iter().enumerate() {
        let requested =
            json!({ "python": format!("3.{}", cell.python), "pyo3": format!("0.{}.0", cell.line) });
        planned.push(json!({ "cell": cell.id, "requested": requested }));
        let of_cell = folder.join("cells").join(&cell.id);
        fs::create_dir_all(&of_cell)?;
        fs::write(of_cell.join("record.json"), record(cell, at, &requested).to_string())?;
    }
    let services = json!({ "pg": { "name": "postgres", "title": "Postgres" } });
    let plan = json!({ "preset": "all", "services": services, "cells": planned });
    let intent = json!({
        "schema_version": 1, "run": "20260101T000000Z-1", "started": "2026-01-01T00:00:00Z", "plan": plan, "criteria": [],
    });
    fs::write(folder.join("plan.json"), intent.to_string())
}

fn report(folder: &Path, format: &str) -> std::io::Result<Duration> {
    let started = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyo3-matrix"));
    let output = command.args(["report", "run", "--format", format]).current_dir(folder).output()?;
    let time = started.elapsed();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(time)
}

fn main() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    project::new(folder.path())?;
    run_folder(&folder.path().join("run"))?;
    for format in ["text", "json", "markdown", "html", "junit"] {
        let mut times = (0..RUNS).map(|_| report(folder.path(), format)).collect::<Result<Vec<_>, _>>()?;
        times.sort_unstable();
        let shown = |time: Duration| format!("{:.2} s", time.as_secs_f64());
        println!(
            "{} records as {format}: median {} (fastest {}, slowest {})",
            AXES.iter().product::<u32>(),
            shown(times[RUNS / 2]),
            shown(times[0]),
            shown(times[RUNS - 1])
        );
    }
    Ok(())
}
