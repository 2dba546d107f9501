//! What does a harness leave that is killed in a phase of its run? Each phase in turn, in one checkout: what the phases
//! before it left must do for the next run.

use std::path::Path;

use super::machine::{Machine, below};
use super::marked::alive;
use crate::harness::{a_cell, alone, copy, fixture, run, shown, stdout, target};

/// The two stages of a cell that passes, and the benchmarks left out.
const BRIEF: [&str; 2] = ["--benchmarks", "off"];

#[test]
#[cfg(target_os = "linux")]
fn a_harness_that_is_killed_leaves_nothing_in_any_phase_and_the_next_run_goes_on() {
    let _alone = alone();
    // What this machine has needs no fetch, and what it has fetched stands in for the phases that only use it.
    let provided = run(&["provision", "--preset", "smoke"]);
    assert!(provided.status.success(), "{}", shown(&provided));
    let built = run(&["build", "--preset", "smoke"]);
    assert!(built.status.success(), "{}", shown(&built));
    let (machine, cell) = (Machine::new(), a_cell());
    let request = ["run", "--cell", &cell];
    let brief = [&request[..], &BRIEF].concat();
    tools(&machine, &brief);
    if stdout(&provided).contains("npm: ") {
        fetch(&machine, &brief);
    }
    provision(&machine, &brief);
    environment(&machine, &brief);
    build(&machine, &brief);
    tests(&machine, &brief);
    benchmarks(&machine, &request);
    suite(&machine, "passes", None);
    // What a merge leaves that is killed before it is a run.
    let wreck = machine.runs().join("20260101T000000Z-1");
    std::fs::create_dir(&wreck).expect("a folder");
    std::fs::File::open(&wreck)
        .and_then(|folder| folder.set_modified(std::time::UNIX_EPOCH))
        .expect("a time");
    let green = machine.run(&brief);
    assert!(green.status.success(), "{}", shown(&green));
    assert!(machine.run(&["report"]).status.success());
    assert!(!wreck.exists(), "{}", shown(&green));
    let tools = below(&machine.target().join("tools"), &|name| name == "finished.json");
    assert!(!tools.is_empty(), "the tools are elsewhere, though the cache of the user cannot be written");
    machine.is_clean("a run that ended");
}

/// Where the locked tools are installed, and pip has unpacked some of them.
fn tools(machine: &Machine, request: &[&str]) {
    let unpacks = || !below(machine.temporary(), &|name| name.starts_with("pip-")).is_empty();
    machine.kill("tools", request, || machine.said().contains("installing tools.txt") && unpacks());
    machine.latest_is_lost("tools");
    let tools = machine.target().join("tools");
    assert_eq!(below(&tools, &|name| name == "finished.json"), [""; 0], "half of the tools count");
}

/// Where npm is asked for a server.
fn fetch(machine: &Machine, request: &[&str]) {
    let servers = machine.target().join("postgres");
    let staged = || !below(&servers, &|name| name.starts_with(".fetching-")).is_empty();
    machine.kill("fetch", request, || machine.said().contains("fetching @embedded-postgres") && staged());
    machine.latest_is_lost("fetch");
    std::fs::remove_dir_all(&servers).expect("removed");
    if target().join("postgres").is_dir() {
        std::os::unix::fs::symlink(target().join("postgres"), servers).expect("a link");
    }
}

/// Where a server has its data, and starts.
fn provision(machine: &Machine, request: &[&str]) {
    let data = || !below(machine.temporary(), &|name| name == "postgresql.conf").is_empty();
    machine.kill("provision", request, data);
    machine.latest_is_lost("provision");
}

/// Where pip fills the environment of the cell.
fn environment(machine: &Machine, request: &[&str]) {
    let work = machine.target().join("tox");
    let packages = || !below(&work, &|name| name.starts_with("pytest")).is_empty();
    machine.kill("environment", request, || alive("environment", "--notest") && packages());
    machine.latest_is_lost("environment");
    assert!(!machine.said().contains("building wheel"), "{}", machine.said());
    assert_eq!(below(&work, &|name| name == "pyo3-matrix.stamp"), [""; 0], "half an environment counts");
}

/// Where rustc compiles a part of the wheel.
fn build(machine: &Machine, request: &[&str]) {
    machine.kill("build", request, || {
        machine.said().contains("building wheel") && alive("build", "rustc --crate-name")
    });
    machine.latest_is_lost("build");
    let wheels = machine.target().join("wheels");
    assert_eq!(below(&wheels, &|_| true), [""; 0], "half a wheel is kept");
    copy(&target().join("wheels"), &wheels);
}

/// Where a test of a cell runs.
fn tests(machine: &Machine, request: &[&str]) {
    suite(machine, "hangs", None);
    machine.kill("tests", request, || alive("tests", "sleep 600"));
    machine.latest_is_lost("tests");
}

/// Where a benchmark of a cell runs. The record of its tests is no record of both stages.
fn benchmarks(machine: &Machine, request: &[&str]) {
    suite(machine, "passes", Some("hangs"));
    machine.kill("benchmarks", request, || alive("benchmarks", "sleep 600"));
    let report = machine.run(&["report"]);
    assert_eq!(report.status.code(), Some(1), "{}", shown(&report));
}

/// Has cells run `tests`, and measure `benchmarks`.
fn suite(machine: &Machine, tests: &str, benchmarks: Option<&str>) {
    let file: &Path = &machine.project.path().join("matrix.toml");
    let text = std::fs::read_to_string(file).expect("matrix.toml");
    let entry = |name: &str| fixture(name).display().to_string();
    let edited = text.lines().map(|line| match (line.split_once(" = ["), benchmarks) {
        (Some(("tests", _)), _) => format!("tests = [\"{}\"]", entry(tests)),
        (Some(("benchmarks", _)), Some(benchmarks)) => format!("benchmarks = [\"{}\"]", entry(benchmarks)),
        _ => line.to_owned(),
    });
    std::fs::write(file, edited.collect::<Vec<_>>().join("\n") + "\n").expect("written");
}
