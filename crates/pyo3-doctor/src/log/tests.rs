//! Messages as the programs wrote them, older wordings included.

use super::*;

/// `id place: first step` of each finding.
fn check(log: &str) -> Vec<String> {
    let findings = examine(TextFile::new("build.log", log));
    let shown = findings.iter().map(|finding| {
        let step = finding.mend.first().map(ToString::to_string).unwrap_or_default();
        format!("{} {}: {step}", finding.id, finding.place)
    });
    shown.collect()
}

fn first(log: &str) -> String {
    check(log).into_iter().next().unwrap_or_default()
}

const LINKS: &str = "\
    Updating crates.io index
error: failed to select a version for `pyo3-ffi`.
    ... required by package `pyo3 v0.29.0`
    ... which satisfies dependency `pyo3 = \"^0.29\"` of package `pyo3-async-runtimes v0.29.0`
    ... which satisfies dependency `pyo3-async-runtimes = \"^0.29\"` of package `a v0.1.0 (/a)`
versions that meet the requirements `=0.29.0` are: 0.29.0

package `pyo3-ffi` links to the native library `python`, but it conflicts with a previous package which links to `python` as well:
package `pyo3-ffi v0.28.2`
    ... which satisfies dependency `pyo3 = \"^0.28\"` of package `a v0.1.0 (/a)`
Only one package in the dependency graph may specify the same links value.

failed to select a version for `pyo3-ffi` which could resolve this conflict
";

#[test]
fn cargos_refusal_of_two_lines_is_a1_once_and_names_the_edit() {
    assert_eq!(
        check(LINKS),
        [
            "A1 build.log:2: change the version of pyo3-async-runtimes in Cargo.toml to \"0.28\", the line of pyo3"
        ]
    );
    let older = "error: multiple packages link to native library `python`, but a native library can be linked only once";
    assert!(first(older).starts_with("A1 build.log:1: ask for releases of one line"), "{}", first(older));
    assert!(check("error: failed to select a version for `openssl-sys`.\n").is_empty());
}

#[test]
fn a_python_that_is_refused_is_a4_or_a5_in_each_wording() {
    let to_0_26 = "   Compiling pyo3-ffi v0.24.2\n  error: the configured Python interpreter version (3.14) is newer than PyO3's maximum supported version (3.13)";
    assert_eq!(
        first(to_0_26),
        "A4 build.log:2: build with Python 3.13, by PYO3_PYTHON=python3.13, or take a line that accepts 3.14: from 0.25"
    );
    let from_0_27 =
        "error: the configured Python version (3.17) is newer than PyO3's maximum supported version (3.15)";
    assert_eq!(first(from_0_27), "A4 build.log:1: build with Python 3.15, by PYO3_PYTHON=python3.15");
    let older = "  error: the configured Python interpreter version (3.8) is lower than PyO3's minimum supported version (3.9)";
    assert_eq!(
        first(older),
        "A5 build.log:1: build with Python 3.9, by PYO3_PYTHON=python3.9, or take a line that accepts 3.8: up to 0.29"
    );
    let free = "  error: PyO3 does not support the free-threaded build of CPython versions below 3.14, the selected Python version is 3.13t";
    assert_eq!(
        first(free),
        "A5 build.log:1: build with Python 3.14t, by PYO3_PYTHON=python3.14t, or take a line that accepts 3.13t: up to 0.28"
    );
}

#[test]
fn pypy_and_graalpy_are_advised_their_own_builds() {
    let pypy = "error: the configured PyPy interpreter version (3.9) is lower than PyO3's minimum supported version (3.11)";
    assert_eq!(
        first(pypy),
        "A5 build.log:1: build with PyPy 3.11, by PYO3_PYTHON=pypy3.11, or take a line that accepts PyPy 3.9: up to 0.26"
    );
    let from_0_30 = "error: the configured Python interpreter version (3.9) is lower than PyO3's minimum supported version (3.11)";
    assert_eq!(first(from_0_30), first(pypy));
    let newer =
        "error: the configured PyPy version (3.12) is newer than PyO3's maximum supported version (3.11)";
    assert_eq!(
        first(newer),
        "A4 build.log:1: build with PyPy 3.11, by PYO3_PYTHON=pypy3.11, or take a line that accepts PyPy 3.12: from 0.26"
    );
    let graal = "error: the configured GraalPy interpreter version (3.8) is lower than PyO3's minimum supported version (3.10)";
    assert_eq!(first(graal), "A5 build.log:1: build with GraalPy 3.10, by PYO3_PYTHON=graalpy");
}

#[test]
fn a_line_of_which_every_release_is_yanked_is_left_for_the_next_that_has_one() {
    let yanked = |requirement: &str, versions: &[&str]| {
        let versions: Vec<String> = versions.iter().map(|it| format!("  version {it} is yanked")).collect();
        let versions = versions.join("\n");
        first(&format!(
            "error: failed to select a version for the requirement `{requirement}`\n{versions}\nlocation searched: crates.io index\n"
        ))
    };
    assert_eq!(
        yanked("pyo3-stub-gen = \"^0.16\"", &["0.16.0", "0.16.1"]),
        "A8 build.log:1: ask for the next line of pyo3-stub-gen after 0.16 that has a release: `cargo info pyo3-stub-gen` names the newest"
    );
    assert_eq!(
        yanked("pyo3 = \"=0.28.1\"", &["0.28.1"]),
        "A8 build.log:1: ask for pyo3 = \"0.28.3\", the newest release of the same line"
    );
    assert_eq!(
        yanked("pyo3 = \"^0.22\"", &["0.22.0"]),
        "A8 build.log:1: ask for pyo3 = \"0.23\", the next line that has a release"
    );
    assert!(yanked("serde = \"=1.0.0\"", &["1.0.0"]).is_empty());
}

#[test]
fn a_removed_name_is_a9_at_its_source_with_the_new_name() {
    let function = "    Checking pyo3 v0.30.1\nerror[E0599]: no function or associated item named `with_gil` found for struct `Python<'_>` in the current scope\n --> src/lib.rs:7:13\n";
    assert_eq!(first(function), "A9 src/lib.rs:7: src/lib.rs:7: change \"with_gil\" to \"attach\"");
    let import = "error[E0432]: unresolved import `pyo3::sync::GILOnceCell`\n --> src/a.rs:2:5\n";
    assert_eq!(first(import), "A9 src/a.rs:2: src/a.rs:2: change \"GILOnceCell\" to \"PyOnceLock\"");
    let private = "error[E0603]: struct `GILOnceCell` is private\n   --> src/a.rs:2:17\n";
    assert!(first(private).starts_with("A9 src/a.rs:2"), "{}", first(private));
    let method = "error[E0599]: no method named `downcast` found for struct `pyo3::Bound<'_, PyAny>` in the current scope\n  --> src/a.rs:3:9\n";
    assert_eq!(first(method), "A9 src/a.rs:3: src/a.rs:3: change \"downcast\" to \"cast\"");
    let scope = "error[E0405]: cannot find trait `IntoPy` in this scope\n --> src/a.rs:3:6\n";
    assert!(first(scope).starts_with("A9 src/a.rs:3: use IntoPyObject"), "{}", first(scope));
}

#[test]
fn a_name_of_another_crate_or_one_that_the_line_has_is_not_a9() {
    assert!(
        check(
            "error[E0599]: no method named `downcast` found for struct `Box<dyn Any>` in the current scope\n"
        )
        .is_empty()
    );
    assert!(check("   Compiling pyo3 v0.26.0\nerror[E0599]: no function or associated item named `with_gil` found for struct `Python<'_>`\n").is_empty());
    assert!(check("error[E0425]: cannot find function `frobnicate` in this scope\n").is_empty());
}

#[test]
fn a_name_that_the_line_does_not_have_yet_is_a3() {
    let log = "   Compiling pyo3 v0.25.1\nerror[E0599]: no function or associated item named `attach` found for struct `Python<'_>` in the current scope\n --> src/lib.rs:3:5\n";
    assert_eq!(
        first(log),
        "A3 src/lib.rs:3: ask for pyo3 = \"0.26\" or newer, with companions of the same line; 0.30 is the newest"
    );
}

#[test]
fn two_copies_are_a2_in_each_wording() {
    for text in [
        "   = note: perhaps two different versions of crate `pyo3` are being used?",
        "note: two different versions of crate `pyo3` are being used; two types coming from two different versions of the same crate are different types even if they look the same",
        "note: there are multiple different versions of crate `pyo3` in the dependency graph",
    ] {
        assert!(first(text).starts_with("A2 build.log:1: cargo tree --duplicates"), "{text}");
    }
    assert!(
        check("note: there are multiple different versions of crate `serde` in the dependency graph")
            .is_empty()
    );
}

#[test]
fn a_rust_that_is_too_old_is_a7() {
    let list = "error: rustc 1.80.0 is not supported by the following packages:\n  pyo3@0.30.1 requires rustc 1.85\n";
    assert!(first(list).starts_with("A7 build.log:2: build with Rust 1.85"), "{}", first(list));
    let one = "error: package `pyo3 v0.30.1` cannot be built because it requires rustc 1.85 or newer, while the currently active rustc version is 1.80.0";
    assert!(first(one).starts_with("A7 build.log:1: build with Rust 1.85"), "{}", first(one));
}

#[test]
fn a_feature_that_the_line_does_not_have_is_a11() {
    let text =
        "package `a` depends on `pyo3` with feature `abi3-py38` but `pyo3` does not have that feature.";
    assert!(
        first(text).starts_with("A11 build.log:1: ask for a feature of this line instead of abi3-py38"),
        "{}",
        first(text)
    );
}

#[test]
fn colours_time_stamps_and_json_are_read_through() {
    let message = "error[E0432]: unresolved import `pyo3::sync::GILOnceCell`";
    assert!(
        first(&format!("2026-11-23T08:00:00.1234567Z \u{1b}[1m\u{1b}[31m{message}\u{1b}[0m\n"))
            .starts_with("A9 ")
    );
    let json = serde_json::json!({
        "reason": "compiler-message", "package_id": "a 0.1.0", "manifest_path": "/a/Cargo.toml",
        "target": {"name": "a", "kind": ["lib"], "crate_types": ["lib"], "required-features": [], "src_path": "/a/src/lib.rs"},
        "message": {"message": "m", "code": null, "level": "error", "spans": [], "children": [], "rendered": format!("{message}\n --> src/a.rs:2:5\n")}
    });
    assert!(first(&json.to_string()).starts_with("A9 src/a.rs:2"), "{}", first(&json.to_string()));
}
