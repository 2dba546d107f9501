//! Does a release give people what the manifests promise? One version everywhere, and archives where `cargo binstall` looks for
//! them.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{checkout, shown, stderr, stdout};

fn read(file: &str) -> String {
    std::fs::read_to_string(checkout().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn manifest(file: &str) -> toml::Table {
    read(file).parse().expect("TOML")
}

/// The version of the workspace.
fn version() -> String {
    manifest("Cargo.toml")["workspace"]["package"]["version"].as_str().expect("a version").to_owned()
}

/// The platforms that `release.yml` builds for.
fn targets() -> Vec<String> {
    let text = read(".github/workflows/release.yml");
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("- target: "));
    named.filter(|target| *target != "sdist").map(str::to_owned).collect()
}

/// A wheel with the programs of the manifest, as maturin lays them out.
fn wheel(path: &Path, programs: &[String]) {
    let mut wheel = zip::ZipWriter::new(std::fs::File::create(path).expect("a file"));
    for program in programs {
        let name = format!("pyo3_matrix-{}.data/scripts/{program}", version());
        wheel.start_file(name, zip::write::SimpleFileOptions::default()).expect("an entry");
        wheel.write_all(program.as_bytes()).expect("written");
    }
    wheel.finish().expect("a wheel");
}

/// The paths of the programs in the archive at `path`.
fn executable(path: &Path) -> BTreeSet<String> {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let entries = archive.entries().expect("entries").map(|entry| entry.expect("an entry"));
    let executable = entries.filter(|entry| entry.header().mode().is_ok_and(|mode| mode & 0o111 == 0o111));
    executable.map(|entry| entry.path().expect("a path").to_string_lossy().into_owned()).collect()
}

/// Returns a pattern of `cargo binstall` with its words replaced.
fn expanded(pattern: &toml::Value, target: &str, bin: &str) -> String {
    let values = [
        ("{ repo }", "REPO"),
        ("{ name }", "pyo3-matrix"),
        ("{ version }", &version()),
        ("{ target }", target),
        ("{ bin }", bin),
        ("{ binary-ext }", ""),
    ];
    let pattern = pattern.as_str().expect("a pattern").to_owned();
    values.iter().fold(pattern, |text, (key, value)| text.replace(key, value))
}

#[test]
fn binstall_finds_the_archive_of_each_platform_and_both_programs_in_it() {
    let manifest = manifest("crates/pyo3-matrix/Cargo.toml");
    let programs = manifest["bin"].as_array().expect("programs").iter();
    let programs: Vec<String> =
        programs.map(|bin| bin["name"].as_str().expect("a name").to_owned()).collect();
    let looked_for = &manifest["package"]["metadata"]["binstall"];
    assert_eq!((programs.len(), looked_for["pkg-fmt"].as_str()), (2, Some("tgz")));
    let folder = tempfile::tempdir().expect("a folder");
    let made = folder.path().join("made.whl");
    wheel(&made, &programs);
    assert_eq!(targets().len(), 4);
    for target in targets() {
        let mut script = Command::new(checkout().join("scripts/release-archive"));
        let output = script.arg(&made).arg(&target).arg(folder.path()).output().expect("the script starts");
        assert!(output.status.success(), "{}", shown(&output));
        let url = expanded(&looked_for["pkg-url"], &target, "");
        let file =
            url.strip_prefix(&format!("REPO/releases/download/v{}/", version())).expect("a tag's file");
        let executable = executable(&folder.path().join(file));
        for program in &programs {
            let path = expanded(&looked_for["bin-dir"], &target, program);
            assert!(executable.contains(&path), "{path}: {executable:?}");
        }
    }
}

/// Asks for the notes of `tag`, where the workspace has version 1.2.3 and the changelog is this.
fn notes(tag: &str, changelog: &str) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("Cargo.toml", "[workspace.package]\nversion = \"1.2.3\"\n");
    write("CHANGELOG.md", changelog);
    let mut script = Command::new(checkout().join("scripts/release-notes"));
    script.arg(tag).current_dir(folder.path()).output().expect("the script starts")
}

#[test]
fn a_tag_is_released_only_where_workspace_and_changelog_have_its_version() {
    let changelog =
        "# Changelog\n\n## [1.2.3] - 2026-12-01\n### Added\n- a verb\n\n## [1.2.2] - 2026-11-01\n- old\n";
    let good = notes("v1.2.3", changelog);
    assert!(good.status.success(), "{}", shown(&good));
    assert_eq!(stdout(&good), "### Added\n- a verb\n");
    let refused = |tag: &str, changelog: &str, reason: &str| {
        let output = notes(tag, changelog);
        assert!(!output.status.success() && stderr(&output).contains(reason), "{}", shown(&output));
    };
    refused("v1.2.4", changelog, "the tag is v1.2.4, and Cargo.toml has 1.2.3");
    refused("1.2.3", changelog, "the tag is 1.2.3, and");
    let unreleased = changelog.replace("## [1.2.3] - 2026-12-01", "## [Unreleased]");
    refused("v1.2.3", &unreleased, "begins with \"## [Unreleased]\"");
    refused("v1.2.3", &changelog.replace("### Added\n- a verb\n", ""), "says nothing of 1.2.3");
}

#[test]
fn the_crates_that_are_published_have_one_version_and_name_each_other_by_it() {
    for name in ["pyo3-doctor", "pyo3-matrix"] {
        let package = &manifest(&format!("crates/{name}/Cargo.toml"))["package"];
        assert_eq!(package["version"]["workspace"].as_bool(), Some(true), "{name}");
        assert!(package.get("publish").is_none(), "{name} is not published");
        assert!(read(".github/workflows/release.yml").contains(name));
    }
    let doctor = &manifest("crates/pyo3-matrix/Cargo.toml")["dependencies"]["pyo3-doctor"];
    assert_eq!(doctor["version"].as_str(), Some(&*format!("={}", version())));
    let extension = manifest("crates/fraiseql_rs/Cargo.toml");
    assert_eq!(extension["package"]["publish"].as_bool(), Some(false));
}

#[test]
fn a_release_is_built_by_the_maturin_that_the_harness_has() {
    let maturin = |file: &str| {
        let text = read(file);
        text.lines().find(|line| line.starts_with("maturin==")).expect("maturin").to_owned()
    };
    assert_eq!(maturin("requirements/release.txt"), maturin("crates/pyo3-matrix/tools/tools.txt"));
}

#[test]
fn the_documentation_names_each_platform_of_a_release() {
    let text = read("docs/install.md");
    for target in targets() {
        assert!(text.contains(&format!("`{target}`")), "{target}");
    }
}
