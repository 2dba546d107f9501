//! Are the lines what they claim to be? Their locks, the cells that must not build, and the forecast of the plan.

use std::path::PathBuf;

use nix::fcntl::{Flock, FlockArg};
use serde_json::Value;

use crate::harness::{
    Project, a_cell, alone, checkout, fixture, hold, run, run_folder, shown, stdout, words,
};

/// The newest line.
fn newest() -> String {
    a_cell().split_once("-pyo3_").expect("a line").1.to_owned()
}

/// Makes a project whose cells run tests that pass, with a `matrix.toml` that `edit` changes further.
fn passing(edit: impl FnOnce(String) -> String) -> Project {
    Project::testing_with(&fixture("passes"), edit)
}

/// Returns `text` without the part from the first `[[table]]` of this name to the end of the last one.
fn without(text: &str, table: &str) -> String {
    let heading = format!("[[{table}]]");
    let mut kept = true;
    let keep = |line: &&str| {
        if line.starts_with('[') {
            kept = *line != heading;
        }
        kept
    };
    text.lines().filter(keep).collect::<Vec<_>>().join("\n") + "\n"
}

fn report(output: &std::process::Output) -> Value {
    let text = std::fs::read_to_string(run_folder(output).join("report.json")).expect("a report");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn the_locks_in_the_repository_are_not_stale() {
    let output = run(&["lock", "--check"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    assert!(stdout(&output).lines().all(|line| line.ends_with("  up to date")), "{}", shown(&output));
}

#[test]
fn a_lock_of_another_pairing_is_stale_and_a_pairing_that_is_not_published_is_refused() {
    let line = newest();
    let project =
        Project::new(|text| text.replace(&format!("\npyo3 = \"{line}."), &format!("\npyo3 = \"{line}.99")));
    let output = project.run(&["lock", "--check", &line]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(stdout(&output).contains(&format!("pyo3: expected {line}.99")), "{}", shown(&output));
    assert!(stdout(&output).contains(&format!("hint: cargo matrix lock {line}")), "{}", shown(&output));
    let output = project.run(&["lock", &line]);
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    let said = shown(&output);
    assert!(said.contains(&format!("cargo cannot resolve pyo3 {line}.99")), "{said}");
    assert!(said.contains("failed to select a version for the requirement `pyo3"), "{said}");
}

#[test]
fn a_lock_that_asks_for_something_else_than_the_manifest_is_stale() {
    let line = newest();
    let project = Project::new(|text| {
        text.replace("manifest = \"crates/fraiseql_rs/Cargo.toml\"", "manifest = \"changed/Cargo.toml\"")
    });
    let manifest =
        std::fs::read_to_string(checkout().join("crates/fraiseql_rs/Cargo.toml")).expect("a manifest");
    std::fs::create_dir(project.path().join("changed")).expect("made");
    let changed = manifest.replace("\nitoa = \"1\"\n", "\nryu = \"1\"\n");
    std::fs::write(project.path().join("changed/Cargo.toml"), changed).expect("written");
    let output = project.run(&["lock", "--check", &line]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let said = stdout(&output);
    assert!(said.contains("the manifest asks for ryu ^1, the lock has none"), "{said}");
    assert!(said.contains("the manifest no longer asks for itoa"), "{said}");
}

#[test]
fn a_plan_says_what_it_covers_and_what_can_be_built() {
    for (preset, cells, wheels, negatives) in
        [("current", 20, 5, 0), ("pairwise", 40, 40, 4), ("grid", 20, 5, 0)]
    {
        let output = run(&["plan", "--preset", preset, "--format", "json"]);
        let plan: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
        hold(&plan, "forecast");
        let count = |list: &str| plan[list].as_array().map_or(0, Vec::len);
        assert_eq!((count("cells"), count("negatives")), (cells, negatives), "{preset}");
        assert_eq!(plan["wheels"], wheels, "{preset}");
        let states = plan["cells"].as_array().expect("cells").iter().map(|cell| &cell["legality"]["state"]);
        assert!(states.into_iter().all(|state| state == "legal"), "{preset}");
        let all = plan["coverage"]["covered"] == plan["coverage"]["of"];
        assert_eq!(all, preset == "pairwise", "{preset}");
    }
}

#[test]
fn the_lock_of_another_line_turns_the_cells_to_mismatch_before_a_test_runs() {
    let _alone = alone();
    let (cell, line) = (a_cell(), newest());
    let project = passing(|text| text.replace("locks = \"crates/fraiseql_rs/lines\"", "locks = \"swapped\""));
    let (locks, swapped) = (checkout().join("crates/fraiseql_rs/lines"), project.path().join("swapped"));
    std::fs::create_dir(&swapped).expect("made");
    let other = std::fs::read_dir(&locks).expect("locks").flatten().map(|entry| entry.path());
    let mut others: Vec<PathBuf> = other.filter(|path| !path.ends_with(format!("{line}.lock"))).collect();
    others.sort();
    std::fs::copy(others.last().expect("another line"), swapped.join(format!("{line}.lock")))
        .expect("copied");
    let output = project.run(&["run", "--cell", &cell, "--benchmarks", "off"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let found = &report(&output)["verdict"]["cells"][0];
    assert_eq!((&found["outcome"], &found["total"]), (&"Mismatch".into(), &0.into()), "{found}");
    let reason = found["reason"].as_str().expect("a reason");
    assert!(reason.contains(&format!("pyo3: expected {line}.")), "{reason}");
    assert!(reason.contains(&format!("hint: cargo matrix lock {line}")), "{reason}");
}

#[test]
fn a_negative_cell_that_is_legal_turns_the_run_red_and_the_others_fail_as_foretold() {
    let _alone = alone();
    let (cell, line) = (a_cell(), newest());
    let python = cell["py".len()..].split_once('-').expect("a Python").0;
    let legal =
        format!("[[negative]]\nline = \"{line}\"\npython = \"{python}\"\nmessage = \"is newer than\"\n");
    let project = passing(|text| text.replace("[preset.smoke]", &format!("{legal}\n[preset.smoke]")));
    let output = project.run(&["run", "--cell", &cell, "--benchmarks", "off", "--negative"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let report = report(&output);
    hold(&report, "report");
    let verdict = &report["verdict"];
    assert_eq!(verdict["cells"][0]["outcome"], "Passed", "{}", shown(&output));
    let endings: Vec<_> =
        verdict["negatives"].as_array().expect("negatives").iter().map(|n| &n["ending"]).collect();
    assert_eq!(endings, ["as_foretold", "as_foretold", "built"], "{}", shown(&output));
    assert!(stdout(&output).contains("negative cells: 2/3 failed as foretold"), "{}", shown(&output));
}

#[test]
fn a_cell_that_is_impossible_is_red_at_once_and_says_what_its_build_would() {
    let _alone = alone();
    let project = passing(|text| without(&text, "exclude"));
    let output = project.run(&["run", "--cell", "py3.14-pg16-pyo3_0.24", "--benchmarks", "off"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let found = &report(&output)["verdict"]["cells"][0];
    assert_eq!(found["outcome"], "BuildFailed", "{found}");
    let reason = found["reason"].as_str().expect("a reason");
    assert!(reason.contains("is newer than PyO3's maximum supported version (3.13)"), "{reason}");
    assert!(reason.contains("nothing was built\nhint: use Python 3.13 or older"), "{reason}");
}

#[test]
fn a_preset_may_skip_cells_whose_interpreter_is_nowhere() {
    let _alone = alone();
    let line = newest();
    let python = a_cell()["py".len()..].split_once('-').expect("a Python").0.to_owned();
    let axis = "[[python]]\nversion = \"3.16\"\nextra = true\n\n";
    let preset = format!(
        "[preset.mine]\npython = [\"{python}\", \"3.16\"]\npostgres = \"newest\"\nline = [\"{line}\"]\nmissing = \"skip\"\n\n"
    );
    let edit = |text: String| {
        let text = text.replacen("\n[service.postgres]\n", &format!("\n{axis}[service.postgres]\n"), 1);
        text.replace("[preset.smoke]", &format!("{preset}[preset.smoke]"))
    };
    let output = passing(edit).run(&["run", "--preset", "mine", "--benchmarks", "off"]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
    let report = report(&output);
    let cells = report["verdict"]["cells"].as_array().expect("cells");
    let skipped = cells.iter().find(|cell| cell["cell"].as_str().is_some_and(|id| id.contains("3.16")));
    let reason = skipped.and_then(|cell| cell["outcome"]["Skipped"]["reason"].as_str()).expect("skipped");
    assert!(reason.contains("3.16"), "{reason}");
}

#[test]
fn cells_without_a_lock_of_their_packages_are_red_before_a_wheel_is_built() {
    let _alone = alone();
    let project =
        passing(|text| text.replace("requirements = \"requirements\"", "requirements = \"nowhere\""));
    let output = project.run(&["run", "--cell", &a_cell(), "--benchmarks", "off"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let found = &report(&output)["verdict"]["cells"][0];
    assert_eq!(found["outcome"], "ProvisionFailed", "{found}");
    assert!(found["reason"].as_str().is_some_and(|reason| reason.contains("nowhere/py3.")), "{found}");
    assert!(stdout(&output).contains("0 built, 0 kept"), "{}", shown(&output));
}

#[test]
fn nothing_is_probed_while_another_run_holds_the_checkout() {
    let axis = "\n[[python]]\nversion = \"3.16\"\nextra = true\n\n[service.postgres]\n";
    let project = Project::apart(&fixture("passes"));
    let config = project.path().join("matrix.toml");
    let text = std::fs::read_to_string(&config).expect("a config");
    std::fs::write(&config, text.replacen("\n[service.postgres]\n", axis, 1)).expect("written");
    let target = project.path().join("target/matrix");
    let file = std::fs::File::create(target.join("lock")).expect("a lock");
    let _held = Flock::lock(file, FlockArg::LockExclusiveNonblock).expect("ours");
    let output = project.run(&["run", "--python", "3.16", "--lines", &newest(), "--benchmarks", "off"]);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    assert!(words(&output).contains("another run is at work"), "{}", shown(&output));
    assert!(!target.join("lines").exists(), "{}", shown(&output));
}
