//! Where may an interpreter be? The places that a machine keeps Pythons in → candidates in the order of preference.

use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use super::{Context, Tried};
use crate::model::cell::Python;

/// Where an interpreter comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Environment,
    Path,
    Pyenv,
    Uv,
    Manylinux,
    Fetched,
}

/// A program that may be the requested interpreter. Only running it shows whether it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub path: PathBuf,
    pub source: Source,
}

/// The places that this machine's environment names.
#[derive(Debug, Default)]
pub struct Places {
    path: Vec<PathBuf>,
    /// Folders of installations named after their version, each with a `bin`.
    versions: Vec<(Source, PathBuf)>,
    manylinux: PathBuf,
}

impl Places {
    pub fn of(context: &Context) -> Self {
        let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let named = |variable: &str| env::var_os(variable).filter(|v| !v.is_empty()).map(PathBuf::from);
        let data = named("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"));
        let pyenv = named("PYENV_ROOT").unwrap_or_else(|| home.join(".pyenv"));
        let uv = named("UV_PYTHON_INSTALL_DIR").unwrap_or_else(|| data.join("uv/python"));
        Places {
            path: env::split_paths(&env::var_os("PATH").unwrap_or_default())
                .filter(|folder| folder.is_absolute())
                .collect(),
            versions: vec![
                (Source::Pyenv, pyenv.join("versions")),
                (Source::Uv, uv),
                (Source::Fetched, own(context)),
            ],
            manylinux: "/opt/python".into(),
        }
    }

    /// Returns the candidates for `python`, the preferred one first and each program once, and the places that have
    /// none.
    pub fn candidates(&self, python: Python) -> (Vec<Candidate>, Vec<Tried>) {
        let (mut found, mut empty) = (Vec::new(), Vec::new());
        let mut take = |source: Source, paths: Vec<PathBuf>, place: &Path| {
            if paths.is_empty() {
                empty.push(Tried::new(source, format_args!("no {python} in {}", place.display())));
            }
            found.extend(paths.into_iter().map(|path| Candidate { path: real(path), source }));
        };
        take(Source::Path, self.on_path(&names(python)), Path::new("its folders"));
        for (source, folder) in &self.versions {
            take(*source, installed(folder, python), folder);
        }
        take(Source::Manylinux, existing(self.manylinux_bin(python)), &self.manylinux);
        (once_each(found), empty)
    }

    /// Returns the `python3` and `python` programs on PATH, of any version.
    pub fn unversioned(&self) -> Vec<Candidate> {
        let names = ["python3".into(), "python".into()];
        let candidate = |path| Candidate { path: real(path), source: Source::Path };
        once_each(self.on_path(&names).into_iter().map(candidate).collect())
    }

    fn on_path(&self, names: &[String]) -> Vec<PathBuf> {
        let of_name = |name| self.path.iter().map(move |folder| folder.join(name));
        names.iter().flat_map(of_name).filter(|path| path.is_file()).collect()
    }

    fn manylinux_bin(&self, python: Python) -> PathBuf {
        let tag = format!("cp{}{}", python.major, python.minor);
        let threads = if python.free_threaded { "t" } else { "" };
        self.manylinux.join(format!("{tag}-{tag}{threads}/bin/python"))
    }
}

/// Returns the folder where the harness installs the interpreters that it fetches.
pub fn own(context: &Context) -> PathBuf {
    context.config.target().join("pythons")
}

/// `PYO3_MATRIX_PYTHON_3_12`.
pub fn variable(python: Python) -> String {
    format!("PYO3_MATRIX_PYTHON_{}", python.to_string().replace('.', "_").to_uppercase())
}

fn names(python: Python) -> Vec<String> {
    let Python { major, minor, .. } = python;
    let mut names = vec![format!("python{python}"), format!("python{major}.{minor}")];
    names.dedup();
    names.extend(["python3".into(), "python".into()]);
    names
}

fn existing(path: PathBuf) -> Vec<PathBuf> {
    if path.is_file() { vec![path] } else { Vec::new() }
}

/// Returns the interpreters in `folder/<version>/bin`: releases before pre-releases, and the newest patch first.
fn installed(folder: &Path, python: Python) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .filter_map(|entry| Some((rank(&entry.as_ref().ok()?.file_name(), python)?, entry.ok()?.path())))
        .collect();
    found.sort_by(|(a, path_a), (b, path_b)| b.cmp(a).then(path_a.cmp(path_b)));
    let program = |(_, folder): (_, PathBuf)| {
        names(python).iter().map(|name| folder.join("bin").join(name)).find(|path| path.is_file())
    };
    found.into_iter().filter_map(program).collect()
}

/// Returns the rank of a folder such as `3.12.1`, `3.13-dev` or `cpython-3.12.1-linux-x86_64-gnu` among the folders
/// of `python`: whether it is a release, then its patch. None for a folder of another Python.
fn rank(name: &OsStr, python: Python) -> Option<(bool, u32)> {
    let name = name.to_str()?;
    let rest = name.strip_prefix("cpython-").unwrap_or(name);
    let rest = rest.strip_prefix(&format!("{}.{}", python.major, python.minor))?;
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let patch = rest.strip_prefix('.').unwrap_or_default();
    let digits = patch.find(|c: char| !c.is_ascii_digit()).unwrap_or(patch.len());
    let pre = patch[digits..].starts_with(['a', 'b', 'r']) || rest.starts_with("-dev");
    Some((!pre, patch[..digits].parse().unwrap_or(0)))
}

/// Returns the program that a link leads to. Some version managers have shims, which choose what to run by the name
/// of the link. Then the target's name is not Python's, and the link itself is returned.
fn real(path: PathBuf) -> PathBuf {
    let called_python = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().to_lowercase().starts_with("python"))
    };
    path.canonicalize().ok().filter(called_python).unwrap_or(path)
}

fn once_each(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let mut seen = std::collections::HashSet::new();
    candidates.into_iter().filter(|candidate| seen.insert(candidate.path.clone())).collect()
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Environment => "environment",
            Source::Path => "PATH",
            Source::Pyenv => "pyenv",
            Source::Uv => "uv",
            Source::Manylinux => "/opt/python",
            Source::Fetched => "fetched by uv",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&str], python: &str, expected: &[&str]) {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path().canonicalize().expect("a real path");
        for file in files {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, "").expect("a file");
        }
        let places = Places {
            path: vec![root.join("path")],
            versions: vec![(Source::Pyenv, root.join("pyenv")), (Source::Uv, root.join("uv"))],
            manylinux: root.join("many"),
        };
        let (found, _) = places.candidates(python.parse().expect("a version"));
        let found: Vec<_> = found.iter().map(|c| c.path.strip_prefix(&root).expect("inside")).collect();
        assert_eq!(found, expected.iter().map(Path::new).collect::<Vec<_>>());
    }

    #[test]
    fn path_comes_before_pyenv_before_uv_before_manylinux() {
        let many = "many/cp312-cp312/bin/python";
        let uv = "uv/cpython-3.12.9-linux-x86_64-gnu/bin/python3.12";
        let files = ["path/python3", "path/python3.12", "pyenv/3.12.1/bin/python", uv, many];
        let expected = ["path/python3.12", "path/python3", "pyenv/3.12.1/bin/python", uv, many];
        check(&files, "3.12", &expected);
    }

    #[test]
    fn the_newest_release_comes_first_and_pre_releases_last() {
        let [dev, nine, ten, rc] =
            ["3.12-dev", "3.12.9", "3.12.10", "3.12.11rc1"].map(|v| format!("pyenv/{v}/bin/python"));
        check(&[&dev, &nine, &ten, &rc], "3.12", &[&ten, &nine, &rc, &dev]);
    }

    #[test]
    fn another_minor_that_begins_alike_is_no_candidate() {
        check(&["pyenv/3.10.2/bin/python", "many/cp310-cp310/bin/python"], "3.1", &[]);
    }

    #[test]
    fn a_free_threaded_build_is_looked_for_under_its_own_name() {
        let many = "many/cp314-cp314t/bin/python";
        check(
            &["path/python3.14", "path/python3.14t", many],
            "3.14t",
            &["path/python3.14t", "path/python3.14", many],
        );
    }

    #[test]
    fn a_link_to_a_dispatcher_is_kept_and_a_link_to_a_python_followed() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path().canonicalize().expect("a real path");
        for (target, link) in [("python3.12", "python3"), ("manager", "python")] {
            std::fs::write(root.join(target), "").expect("a file");
            std::os::unix::fs::symlink(target, root.join(link)).expect("a link");
        }
        assert_eq!(real(root.join("python3")), root.join("python3.12"));
        assert_eq!(real(root.join("python")), root.join("python"));
    }
}
