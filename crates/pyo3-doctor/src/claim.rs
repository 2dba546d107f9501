//! Which Pythons does a project say that it is for? Metadata, workflows and version files in, claims with their places out.

use std::sync::Arc;

use saphyr::{LoadableYamlNode, MarkedYaml, YamlData};
use toml_edit::Document;

use super::manifest::strings;
use super::text::{At, TextFile};
use crate::version::Python;

/// A Python that is said to work.
#[derive(Debug, Clone)]
pub struct Claim {
    pub python: At<Python>,
    pub by: By,
}

/// What says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Classifier,
    RequiresPython,
    Workflow,
    /// A workflow, and YAML reads it as the number of another version.
    Number,
    VersionFile,
    Tox,
}

impl By {
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            By::Classifier => "a classifier",
            By::RequiresPython => "requires-python",
            By::Workflow | By::Number => "a CI workflow",
            By::VersionFile => ".python-version",
            By::Tox => "a tox environment",
        }
    }
}

/// The Pythons of a workflow: every `python-version`, as a value, a list, or a matrix. With them, the variables that it
/// sets. Nothing where it is no YAML: GitHub refuses such a file itself.
#[must_use]
pub fn workflow(file: &Arc<TextFile>) -> (Vec<Claim>, Vec<(String, At<String>)>) {
    let (mut claims, mut variables) = (Vec::new(), Vec::new());
    let offsets: Vec<usize> = file.text.char_indices().map(|(offset, _)| offset).collect();
    let reader = Workflow { file, offsets };
    for document in MarkedYaml::load_from_str(&file.text).unwrap_or_default() {
        reader.walk(&document, &mut claims, &mut variables);
    }
    (claims, variables)
}

struct Workflow<'f> {
    file: &'f Arc<TextFile>,
    /// The byte at which each character begins: the reader counts in characters.
    offsets: Vec<usize>,
}

impl Workflow<'_> {
    fn walk(&self, node: &MarkedYaml, claims: &mut Vec<Claim>, variables: &mut Vec<(String, At<String>)>) {
        match &node.data {
            YamlData::Sequence(items) => items.iter().for_each(|item| self.walk(item, claims, variables)),
            YamlData::Mapping(map) => {
                for (key, value) in map {
                    match key.data.as_str() {
                        Some("python-version" | "python_version" | "python-versions") => {
                            self.versions(value, claims);
                        }
                        Some("env") => self.variables(value, variables),
                        // What a matrix leaves out.
                        Some("exclude") => {}
                        _ => self.walk(value, claims, variables),
                    }
                }
            }
            _ => {}
        }
    }

    fn versions(&self, node: &MarkedYaml, claims: &mut Vec<Claim>) {
        match &node.data {
            YamlData::Sequence(items) => items.iter().for_each(|item| self.versions(item, claims)),
            YamlData::Value(_) => {
                let written = self.at(node);
                let is_number = node.data.is_floating_point() && written.written().ends_with('0');
                let by = if is_number { By::Number } else { By::Workflow };
                // Ranges such as `3.x` name none.
                if let Ok(python) = plain(&written).parse() {
                    claims.push(Claim { python: At::new(python, self.file, written.span), by });
                }
            }
            _ => {}
        }
    }

    fn variables(&self, node: &MarkedYaml, variables: &mut Vec<(String, At<String>)>) {
        let YamlData::Mapping(map) = &node.data else { return };
        for (key, value) in map {
            if let (Some(name), YamlData::Value(_)) = (key.data.as_str(), &value.data) {
                let written = self.at(value);
                let text = plain(&written);
                variables.push((name.to_owned(), At { value: text, ..written }));
            }
        }
    }

    /// A value as it is written; the reader itself would make 3.1 of 3.10.
    fn at(&self, node: &MarkedYaml) -> At<String> {
        let byte = |index: usize| self.offsets.get(index).copied().unwrap_or(self.file.text.len());
        let span = byte(node.span.start.index())..byte(node.span.end.index());
        let written = self.file.text.get(span.clone()).unwrap_or_default();
        let kept = written.trim_end().len();
        let span = span.start..span.start + kept;
        At::new(String::new(), self.file, span)
    }
}

fn plain(written: &At<String>) -> String {
    let text = written.written().trim_matches(['"', '\'']);
    text.strip_suffix("-dev").unwrap_or(text).to_owned()
}

/// `.python-version`: one version per line, with or without a patch; some editors open it with a byte order mark.
#[must_use]
pub fn version_file(file: &Arc<TextFile>) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut start = 0;
    for line in file.text.split_inclusive('\n') {
        let word = line.trim_start_matches('\u{feff}').trim();
        if let Some(python) = minor_of(word) {
            let at = start + line.find(word).unwrap_or(0);
            claims.push(Claim { python: At::new(python, file, at..at + word.len()), by: By::VersionFile });
        }
        start += line.len();
    }
    claims
}

/// `3.12` of `3.12.1`, and `3.14t` of `3.14.0t`.
pub fn minor_of(text: &str) -> Option<Python> {
    let mut parts = text.split('.');
    let (major, minor, patch) = (parts.next()?, parts.next()?, parts.next());
    let free = if patch.is_some_and(|patch| patch.ends_with('t')) { "t" } else { "" };
    format!("{major}.{minor}{free}").parse().ok()
}

/// `env_list` of a `tox.toml`, or of `[tool.tox]`: `py312`, `3.12`, `py3.14t`.
#[must_use]
pub fn tox(file: &Arc<TextFile>) -> Vec<Claim> {
    let Ok(document) = Document::parse(file.text.clone()) else { return Vec::new() };
    let root = document.as_item();
    let table = root.get("tool").and_then(|tool| tool.get("tox")).unwrap_or(root);
    let list = table.get("env_list").map(|item| strings(item, file)).unwrap_or_default();
    let claims = list.into_iter().filter_map(|entry| {
        let python = factor(&entry.value)?;
        Some(Claim { python: At::new(python, file, entry.span), by: By::Tox })
    });
    claims.collect()
}

fn factor(name: &str) -> Option<Python> {
    let first = name.split('-').next()?;
    let version = first.strip_prefix("py").unwrap_or(first);
    if version.contains('.') {
        return version.parse().ok();
    }
    version.strip_prefix('3').filter(|minor| !minor.is_empty())?;
    format!("3.{}", &version[1..]).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(claims: &[Claim]) -> String {
        let shown = claims.iter().map(|claim| {
            format!(
                "{}@{}={}",
                claim.python.value,
                claim.python.place().line.unwrap_or(0),
                claim.python.written()
            )
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_workflow_names_pythons_in_lists_matrices_and_inputs_each_at_its_line() {
        let text = "jobs:\n  é: 1\n  test:\n    strategy:\n      matrix:\n        python-version: [\"3.9\", 3.13t]\n        exclude:\n          - python-version: '3.7'\n    env:\n      A: '1'\n    steps:\n      - uses: actions/setup-python@v5\n        with:\n          python-version: '3.12'\n";
        let (claims, variables) = workflow(&TextFile::new("ci.yml", text));
        assert_eq!(check(&claims), "3.9@6=\"3.9\" 3.13t@6=3.13t 3.12@14='3.12'");
        assert_eq!((variables[0].0.as_str(), variables[0].1.value.as_str()), ("A", "1"));
    }

    #[test]
    fn an_expression_or_a_range_names_no_python() {
        let (claims, _) =
            workflow(&TextFile::new("ci.yml", "python-version: [\"${{ m.v }}\", 3.x, pypy3.11]\n"));
        assert_eq!(check(&claims), "");
    }

    #[test]
    fn version_files_and_tox_environments_name_minors() {
        assert_eq!(
            check(&version_file(&TextFile::new(".python-version", "3.12.1\n3.14.0t\nsystem\n"))),
            "3.12@1=3.12.1 3.14t@2=3.14.0t"
        );
        let marked = TextFile::new(".python-version", "\u{feff}3.12\r\n");
        assert_eq!(check(&version_file(&marked)), "3.12@1=3.12");
        let tox_of = |text: &str| check(&tox(&TextFile::new("tox.toml", text)));
        assert_eq!(
            tox_of("env_list = [\"py38\", \"3.13\", \"lint\", \"py\"]"),
            "3.8@1=\"py38\" 3.13@1=\"3.13\""
        );
    }
}
