//! Do the Python suites that no cell runs pass in a cell's environment? These are the in-cell plugin's own suite, and
//! the pool's.

use crate::harness::{Project, a_cell, alone, installed, run, shown, stdout};

/// Runs pytest with `arguments` in the environment and beside the server of `cell`, with `variables` set.
fn check(cell: &str, variables: &[String], arguments: &[&str]) {
    let _alone = alone();
    let variables = variables.iter().map(String::as_str).collect::<Vec<_>>();
    let pytest = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"];
    let output = run(&[&["shell", cell, "--", "env"], &*variables, &pytest, arguments].concat());
    assert!(output.status.success(), "{}", shown(&output));
}

/// Runs the pool's suite on the smoke cell's line with another Python and another server, on an event loop and over a
/// bridge. The tests with thousands and millions of queries take minutes per cell, and run only if the variable asks
/// for them.
fn check_pool(python: &str, postgres: &str, event_loop: &str, bridge: &str) {
    let smoke = a_cell();
    let line = smoke.split_once("-pyo3_").expect("a line").1;
    let cell = format!("py{python}-pg{postgres}-pyo3_{line}");
    let prefork = {
        let _alone = alone();
        installed("prefork", &cell)
    };
    let variables = [
        format!("POOL_TEST_LOOP={event_loop}"),
        format!("POOL_TEST_BRIDGE={bridge}"),
        format!("POOL_TEST_PREFORK={prefork}"),
    ];
    let every = std::env::var_os("PYO3_MATRIX_SLOW").is_some();
    let which = if every { "slow or not slow" } else { "not slow" };
    // Print the stacks after ten minutes, not after half a minute, which is right for a short test.
    let patience = if every { "faulthandler_timeout=600" } else { "faulthandler_timeout=30" };
    check(&cell, &variables, &["tests/pool", "-m", which, "-o", patience]);
}

#[test]
fn the_plugin_inside_a_cell_passes_its_own_tests() {
    check(&a_cell(), &[], &["tests/plugin"]);
}

#[test]
fn what_the_prototypes_tests_and_benchmark_are_made_of_passes_its_own() {
    check(&a_cell(), &[], &["tests/prototype/test_slow_wire.py", "tests/prototype/test_survey.py"]);
}

// Each bridge runs on both event loops. Every pair of the oldest or newest Python with the oldest or newest server
// occurs. A run takes a minute or more, so each bridge's second one is for `CI_LONG=1 .ci/run`.

#[test]
fn the_pool_passes_its_suite_over_future_into_py() {
    check_pool("3.9", "13", "asyncio", "future_into_py");
}

#[test]
#[ignore = "the bridge's second event loop; CI_LONG=1 .ci/run has it"]
fn the_pool_passes_its_suite_over_future_into_py_and_uvloop() {
    check_pool("3.13", "16", "uvloop", "future_into_py");
}

#[test]
#[ignore = "the bridge's second event loop; CI_LONG=1 .ci/run has it"]
fn the_pool_passes_its_suite_over_completion_queue() {
    check_pool("3.13", "13", "asyncio", "completion_queue");
}

#[test]
fn the_pool_passes_its_suite_over_completion_queue_and_uvloop() {
    check_pool("3.9", "16", "uvloop", "completion_queue");
}

#[test]
fn the_pool_passes_its_suite_over_loop_native() {
    check_pool("3.13", "16", "asyncio", "loop_native");
}

#[test]
#[ignore = "the bridge's second event loop; CI_LONG=1 .ci/run has it"]
fn the_pool_passes_its_suite_over_loop_native_and_uvloop() {
    check_pool("3.9", "13", "uvloop", "loop_native");
}

/// No wheel that is published can panic on demand, so this builds one that can.
#[test]
fn a_panic_in_the_extension_is_an_exception_over_every_bridge() {
    let _alone = alone();
    let (before, after) =
        (r#"features = ["extension-module"]"#, r#"features = ["extension-module", "faults"]"#);
    let project = Project::editing("pyproject.toml", |text| text.replace(before, after));
    for bridge in ["future_into_py", "completion_queue", "loop_native"] {
        let bridge = format!("POOL_TEST_BRIDGE={bridge}");
        let pytest = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/pool/test_panic.py"];
        let output = project.run(&[&["shell", &a_cell(), "--", "env", &bridge], &pytest[..]].concat());
        assert!(stdout(&output).contains("2 passed"), "{}", shown(&output));
    }
}
