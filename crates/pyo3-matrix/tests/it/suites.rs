//! Do the Python suites that no cell runs pass in a cell's environment? The in-cell plugin's own, and the pool's.

use crate::harness::{a_cell, alone, run, shown};

/// Runs pytest with `arguments` in the environment and beside the server of `cell`.
fn check(cell: &str, arguments: &[&str]) {
    let _alone = alone();
    let pytest = ["shell", cell, "--", "python", "-m", "pytest", "-q", "-p", "no:cacheprovider"];
    let output = run(&[&pytest, arguments].concat());
    assert!(output.status.success(), "{}", shown(&output));
}

/// The smoke cell's line on another Python and another server.
fn on(python: &str, postgres: &str) -> String {
    let smoke = a_cell();
    let line = smoke.split_once("-pyo3_").expect("a line").1;
    format!("py{python}-pg{postgres}-pyo3_{line}")
}

#[test]
fn the_plugin_inside_a_cell_passes_its_own_tests() {
    check(&a_cell(), &["tests/plugin"]);
}

#[test]
fn the_pool_passes_its_suite_on_the_oldest_python_and_server() {
    check(&on("3.9", "13"), &["tests/pool", "-m", "not slow"]);
}

#[test]
fn the_pool_passes_its_suite_on_the_newest_python_and_server() {
    check(&a_cell(), &["tests/pool", "-m", "not slow"]);
}
