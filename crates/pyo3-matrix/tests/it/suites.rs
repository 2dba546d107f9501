//! Do the Python suites that no cell runs pass in a cell's environment? The in-cell plugin's own, and the pool's.

use crate::harness::{a_cell, alone, run, shown};

/// Runs pytest with `arguments` in the environment and beside the server of `cell`, on an event loop.
fn check(cell: &str, event_loop: &str, arguments: &[&str]) {
    let _alone = alone();
    let set = format!("POOL_TEST_LOOP={event_loop}");
    let pytest = ["shell", cell, "--", "env", &set, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider"];
    let output = run(&[&pytest, arguments].concat());
    assert!(output.status.success(), "{}", shown(&output));
}

/// The pool's suite on the smoke cell's line with another Python and another server. The tests of thousands and
/// millions of queries take 20 minutes per cell, and run where the variable asks for them.
fn check_pool(python: &str, postgres: &str, event_loop: &str) {
    let smoke = a_cell();
    let line = smoke.split_once("-pyo3_").expect("a line").1;
    let cell = format!("py{python}-pg{postgres}-pyo3_{line}");
    let every = std::env::var_os("PYO3_MATRIX_SLOW").is_some();
    check(&cell, event_loop, &["tests/pool", "-m", if every { "slow or not slow" } else { "not slow" }]);
}

#[test]
fn the_plugin_inside_a_cell_passes_its_own_tests() {
    check(&a_cell(), "asyncio", &["tests/plugin"]);
}

// Oldest and newest Python, oldest and newest server, both event loops: every pair of them occurs.

#[test]
fn the_pool_passes_its_suite_on_the_oldest_python_and_server() {
    check_pool("3.9", "13", "asyncio");
}

#[test]
fn the_pool_passes_its_suite_on_the_newest_python_and_server() {
    check_pool("3.13", "16", "asyncio");
}

#[test]
fn the_pool_passes_its_suite_on_the_oldest_python_and_uvloop() {
    check_pool("3.9", "16", "uvloop");
}

#[test]
fn the_pool_passes_its_suite_on_the_newest_python_and_uvloop() {
    check_pool("3.13", "13", "uvloop");
}
