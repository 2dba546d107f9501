//! Do the workflows agree with `matrix.toml` and the harness? They name no version, no job and no output of their
//! own.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::{checkout, run, stdout};

/// Returns every workflow, with its text.
fn workflows() -> Vec<(PathBuf, String)> {
    let folder = checkout().join(".github/workflows");
    let entries = std::fs::read_dir(folder).expect("workflows").flatten();
    entries.map(|entry| (entry.path(), std::fs::read_to_string(entry.path()).expect("text"))).collect()
}

fn matrix() -> String {
    let find = |(path, text): (PathBuf, String)| path.ends_with("matrix.yml").then_some(text);
    workflows().into_iter().find_map(find).expect("matrix.yml")
}

fn config() -> toml::Table {
    std::fs::read_to_string(checkout().join("matrix.toml")).expect("text").parse().expect("TOML")
}

/// Returns the values of an axis, as a workflow writes them.
fn axis(name: &str, key: &str) -> Vec<String> {
    let config = config();
    let tables = match name {
        "postgres" => &config["service"]["postgres"]["release"],
        _ => &config[name],
    };
    let tables = tables.as_array().expect("an axis");
    tables.iter().map(|table| table[key].to_string().trim_matches('"').to_owned()).collect()
}

/// Returns the names that follow `prefix` in `text`, such as `wheel` after `matrix.`.
fn names<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let end = |rest: &str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    text.split(prefix).skip(1).map(|rest| &rest[..end(rest)]).filter(|name| !name.is_empty()).collect()
}

#[test]
fn no_workflow_spells_a_version_of_the_matrix() {
    for (path, text) in workflows() {
        let words: BTreeSet<&str> = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
            .map(|word| word.trim_matches('.'))
            .collect();
        for version in axis("python", "version").iter().chain(&axis("line", "name")) {
            assert!(!words.contains(version.as_str()), "{} spells {version}", path.display());
        }
        for major in axis("postgres", "version") {
            for form in [format!("postgres:{major}"), format!("POSTGRES_{major}"), format!("pg{major}")] {
                assert!(!text.contains(&form), "{} spells {form}", path.display());
            }
        }
    }
}

#[test]
fn every_preset_that_a_workflow_names_is_in_the_config() {
    let config = config();
    let known = config["preset"].as_table().expect("presets");
    let mut named = 0;
    for (path, text) in workflows() {
        let given = text.lines().filter_map(|line| line.trim().strip_prefix("preset: "));
        // The choice by label and event, and its default.
        let choice = text.lines().filter(|line| line.trim().starts_with("PRESET: "));
        let chosen = choice.flat_map(|line| line.split("&& '").chain(line.split("|| '")).skip(1));
        let chosen =
            chosen.filter_map(|rest| Some(rest.split_once('\'')?.0)).filter(|name| !name.contains(' '));
        for preset in given.chain(chosen) {
            assert!(known.contains_key(preset), "{} names the preset {preset}", path.display());
            named += 1;
        }
    }
    assert!(named >= 3, "only {named} presets were found: does this test still read the workflows?");
}

#[test]
fn a_job_uses_what_the_plan_says_and_nothing_else() {
    let plan = stdout(&run(&["plan", "--format", "github", "--shards", "2"]));
    let outputs: Vec<(&str, &str)> = plan.lines().filter_map(|line| line.split_once('=')).collect();
    let text = matrix();
    let said: BTreeSet<&str> = outputs.iter().map(|(name, _)| *name).collect();
    assert_eq!(names(&text, "steps.plan.outputs."), said);
    let mut keys = BTreeSet::new();
    for (_, value) in &outputs {
        if let Ok(Value::Object(matrix)) = serde_json::from_str(value) {
            let jobs = matrix["include"].as_array().expect("jobs").clone();
            keys.extend(
                jobs.iter()
                    .flat_map(|job| job.as_object().expect("a job").keys().cloned().collect::<Vec<_>>()),
            );
        }
    }
    let mut used: BTreeSet<String> = names(&text, "matrix.").into_iter().map(str::to_owned).collect();
    // Leave out the names of the two files, `matrix.toml` and `matrix.yml`.
    used.retain(|name| !["toml", "yml"].contains(&name.as_str()));
    assert!(!used.is_empty() && used.is_subset(&keys), "{used:?} are not all in {keys:?}");
}

#[test]
fn a_shard_has_a_service_for_each_major() {
    let services = matrix().matches("format('postgres:{0}'").count();
    assert!(services >= axis("postgres", "version").len(), "add one service per major to matrix.yml");
    assert_eq!(
        matrix().matches(".ports['5432']").count(),
        services,
        "each has its port in the step that names them"
    );
    assert!(matrix().contains("PYO3_MATRIX_POSTGRES_${majors[at]}=$dsn"));
}

#[test]
fn every_action_is_pinned_by_commit_and_says_its_release() {
    let mut pinned = BTreeSet::new();
    for (path, text) in workflows() {
        for used in
            text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        {
            if used.starts_with("./") {
                continue;
            }
            let (action, rest) = used.split_once('@').expect("a version");
            let (commit, release) = rest.split_once(" # v").unwrap_or((rest, ""));
            let hex = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(hex && !release.is_empty(), "{}: {used}", path.display());
            pinned.insert((action.to_owned(), commit.to_owned()));
        }
    }
    let actions: BTreeSet<_> =
        pinned.iter().map(|(action, _)| action.split('/').take(2).collect::<Vec<_>>()).collect();
    assert_eq!(
        actions.len(),
        pinned.iter().map(|(_, commit)| commit).collect::<BTreeSet<_>>().len(),
        "{pinned:?}"
    );
}

#[test]
fn every_job_has_a_limit_and_every_workflow_asks_for_no_right_at_its_top() {
    for (path, text) in workflows() {
        let count = |what: &str| text.lines().filter(|line| line.trim_start().starts_with(what)).count();
        assert_eq!(count("runs-on:"), count("timeout-minutes:"), "{}", path.display());
        assert!(text.lines().any(|line| line == "permissions: {}"), "{}", path.display());
        assert!(text.lines().any(|line| line == "concurrency:"), "{}", path.display());
    }
}

/// If a step does not name its shell, GitHub's shell has no pipefail, and a failure before a pipe is green.
#[test]
fn every_workflow_names_the_shell_that_fails_where_a_pipe_does() {
    for (path, text) in workflows() {
        assert!(text.contains("\ndefaults:\n  run:\n"), "{}", path.display());
        assert!(text.lines().any(|line| line == "    shell: bash"), "{}", path.display());
    }
}

/// One workflow may call `matrix.yml` for two presets, and both leave their artifacts side by side.
#[test]
fn every_artifact_is_named_by_its_preset_and_outlives_a_day() {
    let text = matrix();
    let steps = text.split("\n      - ").filter(|step| step.contains("load-artifact@"));
    let mut named = 0;
    for step in steps {
        let mut lines = step.lines().map(str::trim);
        let name =
            lines.find_map(|line| line.strip_prefix("name: ").or_else(|| line.strip_prefix("pattern: ")));
        assert!(name.is_some_and(|name| name.starts_with("${{ env.PRESET }}-")), "{step}");
        named += 1;
    }
    assert!(named >= 8, "only {named} steps hand artifacts on");
    for days in text.lines().filter_map(|line| line.trim().strip_prefix("retention-days: ")) {
        assert!(days.parse::<u32>().expect("a number") >= 7, "failed jobs are run again on a later day");
    }
    let nightly = workflows().into_iter().find(|(path, _)| path.ends_with("nightly.yml")).expect("nightly").1;
    let preset = nightly.lines().find_map(|line| line.trim().strip_prefix("preset: ")).expect("a preset");
    for what in ["report", "harness"] {
        let name = format!("name: {preset}-{what}\n");
        assert!(nightly.contains(&name), "the {what} that nightly publishes is not that of its run");
    }
}

/// "Re-run failed jobs" keeps the artifacts of the attempts before it. A part that is written over takes a failure with it,
/// and a later attempt that does not say what it retries is no retry.
#[test]
fn an_attempt_leaves_the_part_of_the_one_before_it_and_retries_that() {
    let text = matrix();
    let parts: Vec<&str> = text.split("\n      - ").filter(|step| step.contains("}}-part-")).collect();
    let named = |action: &str, what: &str| {
        parts.iter().filter(|step| step.contains(action) && step.contains(what)).count()
    };
    assert_eq!(named("upload-artifact@", "-attempt-${{ github.run_attempt }}\n"), 1);
    assert_eq!(named("upload-artifact@", "overwrite"), 0, "an attempt writes over the one before it");
    let (retried, judged) = ("-attempt-*\n", "pattern: ${{ env.PRESET }}-part-*\n");
    assert_eq!((named("download-artifact@", retried), named("download-artifact@", judged)), (1, 1));
    assert!(text.contains("\"$HARNESS\" run --failed \"$(dirname \"$earlier\")\""));
}

/// If another preset leaves a cell out, that preset has no wheel for it.
#[test]
fn wheels_are_built_and_cells_run_by_the_preset_that_was_planned() {
    for verb in ["build", "run"] {
        assert!(matrix().contains(&format!("\"$HARNESS\" {verb} --preset \"$PRESET\"")), "{verb}");
    }
    assert!(matrix().contains("arguments=(--format github --preset \"$PRESET\")"));
}

#[test]
fn what_the_readme_shows_other_projects_names_a_preset_of_the_example() {
    let read = |path: &str| std::fs::read_to_string(checkout().join(path)).expect("text");
    let (readme, example) = (read("README.md"), read("examples/hello/matrix.toml"));
    let shown = readme.lines().find_map(|line| line.trim().strip_prefix("preset: ")).expect("a preset");
    let preset = shown.split_whitespace().next().expect("a word");
    assert!(example.contains(&format!("[preset.{preset}]")), "{preset}");
}

/// The files that name the owner.
const OWNED: [&str; 5] = [
    "README.md",
    "crates/pyo3-matrix/README.md",
    "crates/pyo3-matrix/pyproject.toml",
    "docs/install.md",
    "docs/own-project.md",
];

/// `Cargo.toml` names the owner, as part of `repository`. Every other file that needs the owner must name the same
/// one.
#[test]
fn the_owner_of_the_repository_is_the_one_in_the_manifest() {
    let manifest: toml::Table =
        std::fs::read_to_string(checkout().join("Cargo.toml")).expect("text").parse().expect("TOML");
    let repository = manifest["workspace"]["package"]["repository"].as_str().expect("an address");
    let mut parts = repository.rsplit('/');
    let (name, owner) = (parts.next().expect("a name"), parts.next().expect("an owner"));
    let mut found = 0;
    for file in OWNED {
        found += hold_owner(file, owner, name);
    }
    assert!(found >= 15, "the repository is named {found} times");
}

/// Holds a file to the owner of the repository, or writes the owner into it. Returns how often it names one.
fn hold_owner(file: &str, owner: &str, name: &str) -> usize {
    let path = checkout().join(file);
    let text = std::fs::read_to_string(&path).expect("text");
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut held = text.clone();
    let mut found = 0;
    for after in [format!("/{name}"), format!(".github.io/{name}")] {
        let ends: Vec<usize> = text.match_indices(&after).map(|(at, _)| at).collect();
        for end in ends {
            let said = &text[text[..end].trim_end_matches(word).len()..end];
            if said.is_empty() || ["io", "crates", "cache", "HOME"].contains(&said) {
                continue;
            }
            held = held.replace(&format!("{said}{after}"), &format!("{owner}{after}"));
            found += 1;
        }
    }
    if std::env::var_os("PYO3_MATRIX_BLESS").is_some() {
        std::fs::write(&path, &held).expect("written");
    }
    assert!(
        held == text,
        "{file} names another owner than Cargo.toml; PYO3_MATRIX_BLESS=1 cargo test writes {owner}"
    );
    found
}
