//! Do partial runs together give the result of one run? The steps of the workflow on one machine: plan, shards in
//! folders that share nothing, merge.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::harness::{Project, alone, checkout, copy, fixture, json, matrix, shown, stderr, stdout, suite};

const SELECTION: [&str; 4] = ["--python", "3.9,3.13", "--postgres", "15,16"];

/// Runs `verb` over the selection, without benchmarks.
fn run(project: &Project, arguments: &[&str]) -> Output {
    project.run(&[&["run"], &SELECTION[..], &["--benchmarks", "off"], arguments].concat())
}

fn latest(project: &Project) -> PathBuf {
    project.path().join("target/matrix/runs/latest").canonicalize().expect("a run")
}

/// Returns the facts of each cell of a run: its outcome, its tests, and the versions that it ran on.
fn said(run: &Path) -> BTreeSet<String> {
    let cells = std::fs::read_dir(run.join("cells")).expect("cells").flatten();
    let say = |record: Value| {
        let hashes = &record["hashes"];
        let locks = [&hashes["line_lock"], &hashes["cell_lock"], &hashes["wheel_key"], &hashes["wheel"]];
        format!("{} {} {} {locks:?}", record["cell"], record["outcome"], record["tests"])
    };
    cells.map(|cell| say(json(&cell.path().join("record.json")))).collect()
}

/// The shards that the plan of a workflow names, each as the cells that its job is given.
fn shards(project: &Project, count: &str) -> Vec<String> {
    let plan = project.run(&[&["plan"], &SELECTION[..], &["--format", "github", "--shards", count]].concat());
    let text = stdout(&plan);
    let line = text.lines().find_map(|line| line.strip_prefix("shards=")).expect("an output");
    let matrix: Value = serde_json::from_str(line).expect("JSON");
    let jobs = matrix["include"].as_array().expect("jobs").clone();
    jobs.iter().map(|job| job["cells"].as_str().expect("cells").to_owned()).collect()
}

#[test]
fn shards_that_share_nothing_merge_to_what_one_run_says() {
    let _alone = alone();
    let suite = suite("fails_on_the_oldest");
    let tests = suite.path();
    let one = Project::testing(tests);
    let whole = run(&one, &[]);
    assert_eq!(whole.status.code(), Some(1), "{}", shown(&whole));
    let merging = Project::apart(tests);
    let parts = merging.path().join("parts");
    let shards = shards(&merging, "2");
    std::thread::scope(|scope| {
        for (at, cells) in shards.iter().enumerate() {
            let (parts, built) = (&parts, one.path().join("target/matrix/wheels"));
            scope.spawn(move || {
                let machine = Project::apart(tests);
                // The wheels reach this machine in the same way as a job: as files.
                copy(&built, &machine.path().join("target/matrix/wheels"));
                let output = run(&machine, &["--only", cells]);
                let folder = latest(&machine);
                assert_eq!(json(&folder.join("ledger.json"))["wheels_built"], 0, "{}", shown(&output));
                copy(&folder, &parts.join(format!("part-{at}")));
            });
        }
    });
    let merged = merging.run(&["merge", "parts"]);
    assert_eq!(merged.status.code(), whole.status.code(), "{}", shown(&merged));
    assert_eq!(said(&latest(&merging)), said(&latest(&one)));
    let [judged, alone] = [&merging, &one].map(|project| json(&latest(project).join("report.json")));
    assert_eq!(judged["verdict"]["green"], alone["verdict"]["green"]);
    assert_eq!(judged_cells(&judged), judged_cells(&alone));
    assert!(latest(&merging).join("badge.svg").is_file() && latest(&merging).join("report.md").is_file());
    lost(&merging, &parts.join("part-0"));
}

/// The cells of a verdict, of what they measured only the locks: how long something took is another in every run.
fn judged_cells(report: &Value) -> Vec<Value> {
    let mut cells = report["verdict"]["cells"].as_array().expect("cells").clone();
    for cell in &mut cells {
        assert!(cell["measured"]["durations"].is_object(), "{report}");
        cell["measured"] = cell["measured"]["locks"].clone();
    }
    cells
}

/// Checks a merge without one of the shards: its cells are lost, and the verdict is not green.
fn lost(merging: &Project, part: &Path) {
    let output = merging.run(&["merge", part.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let cells = json(&latest(merging).join("report.json"))["verdict"]["cells"].clone();
    let lost = cells.as_array().expect("cells").iter().filter(|cell| cell["outcome"] == "Lost").count();
    assert_eq!(lost, 2, "{cells}");
}

#[test]
fn what_failed_runs_again_and_is_judged_with_what_passed() {
    let _alone = alone();
    let suite = suite("fails_on_the_oldest");
    let flaky = |text: String| text.replacen("[suite]", "[suite]\nflaky = \"pass\"", 1);
    let project = Project::testing_with(suite.path(), flaky);
    let first = run(&project, &[]);
    assert_eq!(first.status.code(), Some(1), "{}", shown(&first));
    std::fs::write(suite.path().join("mended"), "").expect("written");
    let again = project.run(&["run", "--failed"]);
    assert_eq!(again.status.code(), Some(0), "{}", shown(&again));
    let report = json(&latest(&project).join("report.json"));
    assert_eq!(report["verdict"]["cells"].as_array().map(Vec::len), Some(4), "{report}");
    let contested = report["merged"]["contested"].as_array().expect("contested");
    let retried = contested.iter().filter(|cell| cell["why"] == "retry" && cell["outcome"] == "Flaky");
    assert_eq!(retried.count(), 2, "{report}");
    assert!(stdout(&again).contains("4/4 cells green, 2 flaky"), "{}", shown(&again));
    let nothing = project.run(&["run", "--failed"]);
    assert_eq!(nothing.status.code(), Some(0));
    assert!(stderr(&nothing).contains("nothing to run again"), "{}", shown(&nothing));
}

#[test]
fn a_retry_on_other_sources_is_judged_alone() {
    let _alone = alone();
    let project = Project::testing(&fixture("fails"));
    let cell = &["--benchmarks", "off", "--cell", &crate::harness::a_cell()];
    project.run(&[&["run"], &cell[..]].concat());
    let file = project.path().join("matrix.toml");
    let text = std::fs::read_to_string(&file).expect("text");
    std::fs::write(&file, text + "\n# changed\n").expect("written");
    let again = project.run(&["run", "--failed", "--benchmarks", "off"]);
    assert!(stdout(&again).contains("matrix.toml changed since run "), "{}", shown(&again));
    assert!(json(&latest(&project).join("report.json"))["merged"].is_null());
    let runs = checkout().join("no-such-folder");
    let refused = project.run(&["merge", runs.to_str().expect("a path")]);
    assert_eq!(refused.status.code(), Some(2), "{}", shown(&refused));
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_printed_costs_no_report() {
    let project = Project::apart(&fixture("passes"));
    let plan: Value =
        serde_json::from_str(&stdout(&project.run(&["plan", "--preset", "smoke", "--format", "json"])))
            .expect("a plan");
    // A run of which nothing is known but its plan: its cell is lost.
    let run = serde_json::json!({
        "schema_version": 1, "run": "r", "started": "2026-01-01T00:00:00Z", "plan": plan, "criteria": [],
    });
    std::fs::create_dir(project.path().join("parts")).expect("a folder");
    std::fs::write(project.path().join("parts/plan.json"), run.to_string()).expect("written");
    let check = |answer: OwnedFd, code: i32| {
        let mut merging = matrix();
        merging.current_dir(project.path()).args(["merge", "parts"]).stdout(answer);
        let output = merging.output().expect("the binary starts");
        assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
        for name in ["report.json", "report.md", "badge.svg"] {
            assert!(latest(&project).join(name).is_file(), "{name}");
        }
    };
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    drop(theirs);
    // A reader that has gone away wanted no more; the exit code is still the verdict's.
    check(ours.into(), 1);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full disk");
    check(full.into(), 3);
}
