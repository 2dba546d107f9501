//! How do a project's own recipes call pytest? Workflows, nox and tox files in; the arguments that decide what is tested, with their
//! place, out. What only decides how the outcome is shown is left out.

use std::path::{Path, PathBuf};

use fs_err as fs;
use regex::Regex;

use super::tox;

/// Options that decide what is run, with a value of their own.
const WITH_VALUE: [&str; 8] = ["-k", "-m", "-p", "-o", "-W", "--ignore", "--deselect", "--import-mode"];

/// Settings behind `-o` that decide only what is kept or shown.
const SHOWN: [&str; 4] = ["junit", "log", "cache", "console"];

/// Options that decide it by themselves.
const ALONE: [&str; 3] = ["--pyargs", "--strict-markers", "--strict-config"];

/// tox's own file, whose environments say which variables they pass on.
const TOX: &str = "tox.ini";

/// What ends a command.
const ENDS: [&str; 7] = ["&&", "||", "|", ";", ">", ">>", "2>&1"];

/// A call of pytest.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    pub arguments: Vec<String>,
    /// `.github/workflows/ci.yml:95`
    pub source: String,
    /// The variables of the user's shell that its environment passes on, and the place that says so.
    pub passes: Option<(Vec<String>, String)>,
}

/// Returns the first call in a recipe of `root` that names something that is there.
pub fn call(root: &Path) -> Option<Call> {
    let mut files = workflows(root);
    files.extend(["noxfile.py", TOX, "tox.toml", "Makefile", "justfile"].map(|name| root.join(name)));
    files.iter().find_map(|file| {
        let text = fs::read_to_string(file).ok()?;
        let shown = file.strip_prefix(root).unwrap_or(file).display().to_string();
        let calls = if is_python(&shown) { of_script(&text) } else { of_shell(&text) };
        calls.into_iter().find_map(|(line, words)| {
            let (arguments, names) = what_runs(&words, root);
            let passes = || {
                let (names, line) = tox::passed(&text, line).filter(|_| shown == TOX)?;
                Some((names, format!("{shown}:{line}")))
            };
            names.then(|| Call { arguments, source: format!("{shown}:{line}"), passes: passes() })
        })
    })
}

fn workflows(root: &Path) -> Vec<PathBuf> {
    let folder = fs::read_dir(root.join(".github/workflows"));
    let files = folder.into_iter().flatten().flatten().map(|entry| entry.path());
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|suffix| suffix == "yml" || suffix == "yaml");
    let mut files: Vec<PathBuf> = files.filter(is_yaml).collect();
    files.sort();
    files
}

/// The words behind `pytest` in lines of a shell, each with its line. A line that ends in `\` goes on.
fn of_shell(text: &str) -> Vec<(usize, Vec<String>)> {
    let (mut found, mut open) = (Vec::new(), None::<(usize, String)>);
    for (at, line) in text.lines().enumerate() {
        let (first, before) = open.take().unwrap_or((at + 1, String::new()));
        let joined = before + line;
        if let Some(unfinished) = joined.strip_suffix('\\') {
            open = Some((first, unfinished.to_owned()));
            continue;
        }
        let plain = joined.trim().trim_start_matches("- ").trim_start_matches("run: ");
        let words = shlex::split(plain).unwrap_or_default();
        let after = words.iter().position(|word| is_pytest(word)).map(|at| words[at + 1..].to_vec());
        found.extend(after.map(|words| (first, words)));
    }
    found
}

fn is_pytest(word: &str) -> bool {
    word == "pytest" || word == "py.test" || word.ends_with("/pytest")
}

/// The words behind `"pytest"` in calls of a script.
fn of_script(text: &str) -> Vec<(usize, Vec<String>)> {
    let quoted = Regex::new(r#"["']([^"'\n]*)["']|\)"#).unwrap_or_else(|_| unreachable!("a fixed pattern"));
    let mut found = Vec::new();
    for begun in text.match_indices("\"pytest\"").chain(text.match_indices("'pytest'")) {
        let rest = &text[begun.0 + begun.1.len()..];
        let words = quoted.captures_iter(rest).map_while(|found| Some(found.get(1)?.as_str().to_owned()));
        found.push((text[..begun.0].matches('\n').count() + 1, words.collect()));
    }
    found.sort();
    found
}

/// The arguments that decide what is run, and whether they name a file or folder that is there.
fn what_runs(words: &[String], root: &Path) -> (Vec<String>, bool) {
    let (mut kept, mut names, mut words) = (Vec::new(), false, words.iter());
    while let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or_default();
        if ENDS.contains(&word.as_str()) {
            break;
        } else if word.contains('$') || word.contains('{') {
            // What a variable stands for is not known here.
        } else if WITH_VALUE.contains(&word.as_str()) {
            let value = words
                .next()
                .filter(|value| !SHOWN.iter().any(|shown| word == "-o" && value.starts_with(shown)));
            kept.extend(value.into_iter().flat_map(|value| [word.clone(), value.clone()]));
        } else if (name.len() < word.len() && WITH_VALUE.contains(&name)) || ALONE.contains(&word.as_str()) {
            kept.push(word.clone());
        } else if !word.starts_with('-') && is_there(word, root) {
            names = true;
            kept.push(word.clone());
        }
    }
    (kept, names)
}

fn is_python(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|suffix| suffix == "py")
}

fn is_there(word: &str, root: &Path) -> bool {
    let path = word.split("::").next().unwrap_or_default();
    let holds_tests = is_python(path) || root.join(path).is_dir();
    !path.is_empty() && path != "." && holds_tests && root.join(path).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, text: &str) -> Option<String> {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join(file);
        for folder in [path.parent().expect("a folder"), &root.path().join("python/tests")] {
            fs::create_dir_all(folder).expect("made");
        }
        fs::write(path, text).expect("written");
        call(root.path()).map(|call| format!("{} {}", call.source, call.arguments.join(" ")))
    }

    #[test]
    fn a_workflow_says_what_is_tested_and_not_how_it_is_shown() {
        let text = "steps:\n  - run: pytest ${{ matrix.args }}\n  - run: |\n      uv run -- pytest -vv python/tests --cov x \\\n        --junitxml=junit.xml -o junit_family=legacy -m 'not slow' && echo done\n";
        let found = check(".github/workflows/test.yml", text);
        assert_eq!(found.as_deref(), Some(".github/workflows/test.yml:4 python/tests -m not slow"));
    }

    #[test]
    fn a_nox_session_names_them_as_quoted_words() {
        let text = "def tests(session):\n    session.run('pytest', TESTS)\n    session.run(\n        \"coverage\", \"run\", \"-m\", \"pytest\", \"python/tests\", \"--pyargs\", *session.posargs)\n";
        assert_eq!(check("noxfile.py", text).as_deref(), Some("noxfile.py:4 python/tests --pyargs"));
    }

    #[test]
    fn an_environment_of_tox_says_which_variables_its_tests_see() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir(root.path().join("tests")).expect("made");
        let text = "[testenv]\npassenv = NATS_URL\ncommands = pytest tests\n";
        fs::write(root.path().join("tox.ini"), text).expect("written");
        let passes = call(root.path()).expect("a call").passes;
        assert_eq!(passes, Some((vec!["NATS_URL".to_owned()], "tox.ini:2".to_owned())));
    }

    #[test]
    fn a_call_that_names_nothing_that_is_there_says_nothing() {
        assert_eq!(check("tox.ini", "[testenv]\ncommands = pytest other {posargs}\n"), None);
        assert_eq!(
            check("tox.ini", "commands = python -m pytest python/tests\n").as_deref(),
            Some("tox.ini:1 python/tests")
        );
    }
}
