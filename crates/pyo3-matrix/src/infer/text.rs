//! What does the inferred file look like? What was found in, the text of a `matrix.toml` out, each value under what says so.

use std::fmt::Write as _;
use std::path::Path;

use super::lines::{LineOf, Lines};
use super::packages::Chosen;
use super::project::Project;
use super::pythons::Pythons;
use super::suite::Suite;
use crate::config::Packages;

/// Tests of a project that is not known may take long.
const TESTS: u64 = 900;

/// The text of the file, with the source of each value in a comment.
pub fn render(
    project: &Project,
    pythons: &Pythons,
    lines: &Lines,
    suite: &Suite,
    packages: &Chosen,
) -> String {
    let mut text = String::from(
        "# Inferred by `cargo matrix`: correct what is wrong, and keep it. docs/own-project.md of pyo3-matrix says what may stand\n\
         # here.\nschema_version = 1\n\n",
    );
    extension(&mut text, project);
    tests(&mut text, suite, packages);
    let _ = writeln!(
        text,
        "# Seconds. What runs longer is ended, with everything that it started.\n[budgets]\ntests = {TESTS}\n"
    );
    if let Some(warning) = pythons.warning() {
        let _ = writeln!(text, "# {}: {}.\n", warning.source, warning.value);
    }
    for (python, source) in &pythons.all {
        let _ = writeln!(text, "# {source}\n[[python]]\nversion = \"{python}\"\n");
    }
    for fact in lines.facts() {
        let _ = writeln!(text, "# {}: {}: {}.", fact.key, fact.value, fact.source);
    }
    for line in &lines.all {
        let _ = writeln!(text, "[[line]]\nname = \"{}\"", line.name);
        for (name, version) in &line.pairing {
            let _ = writeln!(text, "{name} = \"{version}\"");
        }
        text.push_str(if line.beyond { "extra = true\n\n" } else { "\n" });
    }
    presets(&mut text, lines);
    text
}

fn extension(text: &mut String, project: &Project) {
    let (manifest, pyproject) = (quoted(&project.manifest), quoted(&project.pyproject_path()));
    let _ = writeln!(
        text,
        "[extension]\n# {}\nmodule = \"{}\"\nmanifest = {manifest}\npyproject = {pyproject}\n\
         # `sources`: what may go into a wheel. Without it, all files that git lists.\n\
         # `locks`: a folder with a lock of each line. Without it, they are made from Cargo.lock.\n",
        project.module.source, project.module.value
    );
}

fn tests(text: &mut String, suite: &Suite, chosen: &Chosen) {
    let facts = [suite.facts(), chosen.facts()].concat();
    let source =
        |key: &str| facts.iter().find(|fact| fact.key == key).map_or("", |fact| fact.source.as_str());
    let _ = writeln!(text, "[suite]\n# {}", source("tests"));
    if suite.folder.components().next().is_some() {
        let _ = writeln!(text, "folder = {}", quoted(&suite.folder));
    }
    let _ = writeln!(text, "tests = {}", list(&suite.tests));
    if let Some((names, source)) = &suite.pass_env {
        let _ = writeln!(text, "# {source}\npass_env = {}", list(names));
    }
    let _ = writeln!(
        text,
        "# Each cell runs in a copy of the checkout, without the files that its wheel installs.\ncopy = true\n"
    );
    let Packages { pyproject, groups, extras, files, also } = &chosen.packages;
    let _ = writeln!(text, "# {}\n[suite.packages]", source("packages"));
    if let Some(pyproject) = pyproject {
        let _ = writeln!(text, "pyproject = {}", quoted(pyproject));
    }
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    for (key, values) in [("groups", groups), ("extras", extras), ("files", &files), ("also", also)] {
        if !values.is_empty() {
            let _ = writeln!(text, "{key} = {}", list(values));
        }
    }
    text.push('\n');
}

fn presets(text: &mut String, lines: &Lines) {
    let beyond = lines.all.iter().filter(|line: &&LineOf| line.beyond).map(|line| line.name.to_string());
    let beyond: Vec<String> = beyond.collect();
    let _ = writeln!(
        text,
        "# What is claimed today. Cells whose interpreter cannot be had are skipped.\n[preset.supported]\ndefault = true\n\
         python = \"all\"\nline = \"all\"\nmissing = \"skip\""
    );
    if !beyond.is_empty() {
        let _ = writeln!(
            text,
            "\n# Lines that the manifest does not ask for yet: they are reported apart, and make a run red with --strict alone.\n\
             [preset.rehearsal]\npython = \"all\"\nline = {}\nmissing = \"skip\"",
            list(&beyond)
        );
    }
}

fn quoted(path: &Path) -> String {
    toml::Value::String(path.display().to_string()).to_string()
}

fn list(values: &[String]) -> String {
    toml::Value::Array(values.iter().map(|value| value.clone().into()).collect()).to_string()
}
