//! What is this interpreter? A path in; the program's own answer out, or the reason why it cannot be used.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Context;
use crate::model::cell::Python;
use crate::process::{Command, Exit, Finished};

/// The program that an interpreter runs; it prints one line for each field of [`Answer`]. It works on any Python, and
/// imports only built-in modules: `sysconfig` would double the time.
const QUESTION: &str = "
import sys
v = sys.version_info
print('%d %d %d %s %d' % tuple(v))
print(getattr(getattr(sys, 'implementation', None), 'name', 'cpython'))
print(getattr(sys, 'abiflags', ''))
print(sys.executable if sys.prefix == getattr(sys, 'base_prefix', sys.prefix) else sys._base_executable)
import _imp
print(_imp.extension_suffixes()[0])
";

/// The answer of an interpreter about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub python: Python,
    /// `3.12.1`, or `3.15.0a2`.
    pub version: String,
    /// True if it is no alpha, no beta and no release candidate.
    pub released: bool,
    /// The path of the interpreter itself, not of a shim or a virtual environment that leads to it.
    pub path: PathBuf,
    /// `cpython-312-x86_64-linux-gnu`.
    pub soabi: String,
}

type Once = Arc<OnceLock<Result<Answer, String>>>;

/// The answers so far. If several searches find the same interpreter, it runs only once.
#[derive(Default)]
pub struct Probes(Mutex<HashMap<PathBuf, Once>>);

impl Probes {
    /// Runs `path`, unless it has been run before.
    pub fn ask(&self, path: &Path, context: &Context) -> Result<Answer, String> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let once = Arc::clone(answers.entry(path.to_owned()).or_default());
        drop(answers);
        once.get_or_init(|| run(path, context)).clone()
    }
}

fn run(path: &Path, context: &Context) -> Result<Answer, String> {
    let command = Command::new(path).args(["-I", "-S", "-c", QUESTION]).limit(context.config.budgets.probe);
    let Finished { exit, stdout, tail, .. } =
        command.run(context.processes).map_err(|error| error.to_string())?;
    let first = tail.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    match exit {
        Exit::Code(0) => read(&stdout).ok_or_else(|| format!("gave no answer that makes sense: {stdout:?}")),
        exit if first.is_empty() => Err(exit.to_string()),
        exit => Err(format!("{exit} ({first})")),
    }?
}

/// Reads the answer to [`QUESTION`]. None if the text is no answer; an inner error if that Python cannot be used
/// here.
fn read(text: &str) -> Option<Result<Answer, String>> {
    let mut lines = text.lines();
    let (version, implementation, flags, path, suffix) =
        (lines.next()?, lines.next()?, lines.next()?, lines.next()?, lines.next()?);
    let words: Vec<_> = version.split(' ').collect();
    let [major, minor, micro, level, serial] = words[..] else { return None };
    let suffix_of = |level| match level {
        "final" => Some(String::new()),
        "alpha" => Some(format!("a{serial}")),
        "beta" => Some(format!("b{serial}")),
        "candidate" => Some(format!("rc{serial}")),
        _ => None,
    };
    let version = format!("{major}.{minor}.{micro}{}", suffix_of(level)?);
    if implementation != "cpython" {
        return Some(Err(format!("is {implementation} {version}")));
    }
    if flags.contains('d') {
        return Some(Err(format!("is a debug build of {version}")));
    }
    let python =
        Python { major: major.parse().ok()?, minor: minor.parse().ok()?, free_threaded: flags.contains('t') };
    let soabi = suffix.trim_start_matches('.').trim_end_matches(".so").to_owned();
    Some(Ok(Answer { python, version, released: level == "final", path: path.into(), soabi }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &str = "3 12 1 final 0\ncpython\n\n/opt/bin/python3.12\n.cpython-312-x86_64-linux-gnu.so\n";

    #[test]
    fn an_answer_names_version_abi_and_path() {
        let answer = read(LINUX).expect("an answer").expect("usable");
        assert_eq!((answer.python.to_string(), answer.version.as_str()), ("3.12".into(), "3.12.1"));
        assert_eq!(answer.soabi, "cpython-312-x86_64-linux-gnu");
        assert!(answer.released);
    }

    #[test]
    fn a_release_candidate_of_a_free_threaded_build_is_told_from_a_release() {
        let text =
            LINUX.replace("3 12 1 final 0", "3 14 0 candidate 2").replace("cpython\n\n", "cpython\nt\n");
        let answer = read(&text).expect("an answer").expect("usable");
        assert_eq!((answer.python.to_string(), answer.version.as_str()), ("3.14t".into(), "3.14.0rc2"));
        assert!(!answer.released);
    }

    #[test]
    fn what_is_no_release_build_of_cpython_is_refused_with_its_name() {
        let refused = |text: &str| read(text).expect("an answer").expect_err("refused");
        assert_eq!(refused(&LINUX.replace("cpython\n\n", "pypy\n\n")), "is pypy 3.12.1");
        assert_eq!(refused(&LINUX.replace("cpython\n\n", "cpython\nd\n")), "is a debug build of 3.12.1");
        assert_eq!(read("3 12 1 final 0\n"), None);
    }
}
