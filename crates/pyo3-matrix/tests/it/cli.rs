//! What does the command line answer, before anything is built?

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use crate::harness::{Project, fixture, matrix, run, shown, stderr, stdout, words};

/// Runs `arguments`, and compares exit code and standard error with what is expected.
fn check(arguments: &[&str], code: i32, expected: &str) {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
    assert!(words(&output).contains(expected), "{}", shown(&output));
}

#[test]
fn the_help_is_what_it_was() {
    let help = stdout(&run(&["help"])) + &stdout(&run(&["run", "--help"]));
    insta::assert_snapshot!(help);
    assert!(help.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn a_plan_lists_each_cell_of_the_default_preset_once() {
    let plan = stdout(&run(&["plan"]));
    let mut cells: Vec<_> = plan.lines().filter(|line| line.starts_with("py")).collect();
    assert_eq!(cells.len(), 20, "{plan}");
    cells.sort_unstable();
    cells.dedup();
    assert_eq!(cells.len(), 20);
}

#[test]
fn no_line_of_a_plan_is_wider_than_a_terminal() {
    for preset in ["grid", "pairwise", "bridges", "full"] {
        let plan = stdout(&run(&["plan", "--preset", preset]));
        let wide: Vec<&str> = plan.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty() && plan.contains("\npy3.9"), "{preset}: {wide:?}");
    }
}

#[test]
fn the_newest_value_of_an_axis_has_a_word() {
    let plan = stdout(&run(&["plan", "--preset", "pairwise", "--lines", "newest", "--python", "newest"]));
    assert!(plan.starts_with("pairwise: 4 cells on 1 wheel: Python 3.13, Postgres 13 14"), "{plan}");
}

#[test]
fn no_container_and_no_flake_holds_an_extra() {
    let offered = |cell: &str| {
        let text = stdout(&run(&["repro", cell]));
        (text.contains("docker compose run"), text.contains("nix develop"))
    };
    assert_eq!(offered("py3.12-pg16-pyo3_0.30"), (true, true));
    assert_eq!(offered("py3.14-pg17-pyo3_0.30"), (false, false));
}

#[test]
fn a_name_that_is_not_known_ends_with_code_2_and_the_near_ones() {
    check(&["run", "--cell", "py3.12-pg16-pyo3_9.30"], 2, "the nearest are py3.12-pg16-pyo3_");
    check(
        &["run", "--preset", "gird"],
        2,
        "unknown preset `gird` hint: known are bridges, current, full, grid,",
    );
    check(&["run", "--python", "2.7"], 2, "unknown Python `2.7` hint: known are 3.9,");
    check(&["postgres", "12", "--", "true"], 2, "unknown Postgres major `12`");
    check(&["shell", "py3.12", "--", "true"], 2, "unknown cell `py3.12`");
    check(&["run", "--jobs", "0"], 2, "0 is not in 1..");
    check(&["rnu"], 2, "unrecognized subcommand 'rnu' tip: a similar subcommand exists: 'run'");
    check(&["report", "no-such-run"], 2, "no run no-such-run in ");
    check(
        &["repro", "py3.14-pg16-pyo3_0.24"],
        2,
        "is excluded: PyO3 0.23 and 0.24 end at Python 3.13 hint: ",
    );
    check(
        &["plan", "--config", "nowhere.toml"],
        2,
        "cannot read nowhere.toml: No such file or directory (os error 2) hint: ",
    );
}

#[test]
fn a_part_that_cannot_be_ends_with_code_2_and_says_why() {
    check(&["run", "--shard", "5/4"], 2, "expected i/n with 1 ≤ i ≤ n");
    check(&["run", "--shard", "21/21"], 2, "shard 21/21 is empty: 20 cells make 20 shards at most");
    check(&["run", "--shard", "1/2", "--costs", "no-such-run"], 2, "no run no-such-run in ");
    check(&["run", "--failed", "--shard", "1/2"], 2, "cannot be used with");
    check(&["run", "--failed", "no-such-run"], 2, "no run no-such-run in ");
    check(&["run", "--failed", "--negative"], 2, "cannot be used with");
    check(
        &["merge", "no-such-folder"],
        2,
        "failed to read directory `no-such-folder`: No such file or directory (os error 2) hint: name",
    );
    let plan = stdout(&run(&["plan"]));
    let first =
        plan.lines().find_map(|line| line.starts_with("py").then(|| line.split(' ').next())).flatten();
    check(&["run", "--preset", "smoke", "--only", first.expect("a cell")], 2, "is not in smoke hint: ");
}

#[test]
fn the_shards_of_a_plan_hold_each_cell_once() {
    let plan = stdout(&run(&["plan", "--shards", "3"]));
    assert_eq!(plan.lines().filter(|line| line.starts_with("shard ")).count(), 3, "{plan}");
    let mut cells: Vec<_> = plan.lines().filter(|line| line.starts_with("py")).collect();
    cells.sort_unstable();
    cells.dedup();
    assert_eq!(cells.len(), 20, "{plan}");
}

/// The first wheel would find it out, after interpreters and servers were fetched.
#[test]
fn a_compiler_that_is_not_there_is_told_before_anything_is_provided() {
    let project = Project::apart(&fixture("passes"));
    let path = std::env::var_os("PATH").expect("a PATH");
    let tools = tempfile::tempdir().expect("a folder");
    for (missing, there) in [("cargo", None), ("rustc", Some("cargo"))] {
        if let Some(program) = there {
            let found = std::env::split_paths(&path).map(|folder| folder.join(program));
            let found = found.into_iter().find(|program| program.is_file()).expect("on PATH");
            std::os::unix::fs::symlink(found, tools.path().join(program)).expect("a link");
        }
        let mut command = matrix();
        command.current_dir(project.path()).env("PATH", tools.path()).args(["run", "--preset", "smoke"]);
        let output = command.output().expect("the binary starts");
        assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
        let words = words(&output);
        assert!(words.starts_with(&format!("error: there is no {missing} that builds wheels")), "{words}");
        assert!(words.contains("hint: install Rust"), "{words}");
    }
}

#[test]
fn a_broken_config_ends_with_code_2_and_its_line() {
    let project = Project::new(|text| text.replace("[extension]", "[extension]\nmodul = 1"));
    let output = project.run(&["plan"]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    let words = words(&output);
    assert!(words.contains("matrix.toml:6: unknown field `modul`, expected one of `module`"), "{words}");
    assert!(stderr(&output).lines().all(|line| line.chars().count() <= 80), "{}", shown(&output));
}

#[test]
fn a_config_that_names_what_is_not_there_ends_with_code_2() {
    let project = Project::new(|text| text.replace("manifest = \"", "manifest = \"nowhere/"));
    let output = project.run(&["plan"]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    let words = words(&output);
    assert!(
        words.contains("names nowhere/crates/fraiseql_rs/Cargo.toml, and there is no such file hint: "),
        "{words}"
    );
}

#[test]
fn outside_a_checkout_the_hint_says_where_to_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = matrix();
    let output = command.current_dir(folder.path()).arg("plan").output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        words(&output).contains("hint: run this in a project that maturin or setuptools-rust builds"),
        "{}",
        shown(&output)
    );
}

#[test]
fn what_is_not_utf_8_is_no_panic() {
    let odd = OsStr::from_bytes(b"\xff");
    let output = matrix().arg(odd).output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    // The guardian of a harness that is gone, beside another program's variable.
    let mut guardian = matrix();
    guardian.args(["__guardian", "a-token-of-nobody"]).env("ODD", odd).stdin(Stdio::null());
    let output = guardian.output().expect("the binary starts");
    assert!(output.status.success(), "{}", shown(&output));
}
