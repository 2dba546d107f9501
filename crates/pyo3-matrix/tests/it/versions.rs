//! Do the files that cannot read `matrix.toml` name exactly its versions, and do the files that can read it name
//! none?

use std::collections::BTreeSet;
use std::process::Command;

use crate::harness::{checkout, shown};

type Versions = BTreeSet<String>;

fn read(file: &str) -> String {
    std::fs::read_to_string(checkout().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Returns the values of `key` in the tables of `axis`. Extras are left out: no other file has to name them.
fn axis(axis: &str, key: &str) -> Versions {
    let config: toml::Table = read("matrix.toml").parse().expect("TOML");
    let tables = match axis {
        "postgres" => &config["service"]["postgres"]["release"],
        _ => &config[axis],
    };
    let tables = tables.as_array().expect("an axis");
    let mission =
        tables.iter().filter(|table| table.get("extra").and_then(toml::Value::as_bool) != Some(true));
    mission.map(|table| table[key].to_string().trim_matches('"').to_owned()).collect()
}

fn pythons() -> Versions {
    axis("python", "version")
}

fn majors() -> Versions {
    axis("postgres", "version")
}

/// Returns the numbers that follow each `marker` in `text`, with dots between their parts.
fn after(text: &str, marker: &str) -> Versions {
    let numbers = text.match_indices(marker).map(|(at, _)| {
        let rest = &text[at + marker.len()..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(rest.len());
        rest[..end].replace('_', ".").trim_end_matches('.').to_owned()
    });
    numbers.filter(|number| !number.is_empty()).collect()
}

#[test]
fn the_dockerfile_holds_each_python_once() {
    let file = read("Dockerfile");
    for marker in ["\nARG PYTHON_", "=python:", "FROM ${PYTHON_"] {
        assert_eq!(after(&file, marker), pythons(), "{marker}");
    }
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let version = manifest["workspace"]["package"]["version"].as_str().expect("a version");
    assert!(file.contains(&format!("\nARG VERSION={version}\n")), "the image's version is not {version}");
}

#[test]
fn what_the_image_compiles_dependencies_from_is_a_workspace() {
    let skeleton = tempfile::tempdir().expect("a folder");
    let checkout = checkout();
    let made =
        Command::new(checkout.join("docker/skeleton")).arg(skeleton.path()).current_dir(&checkout).output();
    assert!(made.as_ref().is_ok_and(|made| made.status.success()), "{made:?}");
    // `cargo fetch` looks for every target that a manifest names, as a build does; `cargo metadata` does not.
    let fetched = Command::new("cargo").args(["fetch", "--locked"]).current_dir(skeleton.path()).output();
    let fetched = fetched.expect("cargo");
    assert!(fetched.status.success(), "{}", shown(&fetched));
}

#[test]
fn the_compose_file_serves_each_major_and_tells_the_harness_of_it() {
    let file = read("docker-compose.yml");
    for marker in ["\n  postgres", "\n    postgres", "@postgres", "PYO3_MATRIX_POSTGRES_", ":-postgres:"] {
        assert_eq!(after(&file, marker), majors(), "{marker}");
    }
    assert_eq!(after(&file, "python"), Versions::new());
}

#[test]
fn the_flake_takes_every_version_from_the_config() {
    for file in
        ["flake.nix", "nix/default.nix", "nix/wheel.nix", "nix/checks.nix", "nix/stubs/nixpkgs/default.nix"]
    {
        let text = read(file);
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        let code = code.join("\n").replace("nixpkgs-python39", "");
        for marker in ["python3", "python-3", "postgresql_", "PYTHON_", "POSTGRES_"] {
            assert_eq!(after(&code, marker), Versions::new(), "{file}: {marker}");
        }
    }
    assert!(read("nix/default.nix").contains("builtins.fromTOML (builtins.readFile ../matrix.toml)"));
}

#[test]
fn a_workflow_names_no_version_that_is_not_in_the_config() {
    let Ok(folder) = std::fs::read_dir(checkout().join(".github/workflows")) else { return };
    for entry in folder.flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a workflow");
        let quoted = text.replace(['"', '\''], "");
        for (marker, known) in
            [("postgres:", majors()), ("python-version: ", pythons()), ("POSTGRES_", majors())]
        {
            let unknown: Vec<_> = after(&quoted, marker).difference(&known).cloned().collect();
            assert_eq!(unknown, [""; 0], "{}: {marker}", entry.path().display());
        }
    }
}
