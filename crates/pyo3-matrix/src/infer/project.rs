//! What is built here? A folder in; the root of the checkout, its pyproject, the crate and the module out.

use std::path::{Component, Path, PathBuf};

use fs_err as fs;
use pyo3_doctor::metadata::{Backend, Metadata, metadata};
use toml::{Table, Value};
use walkdir::WalkDir;

use super::{Fact, InferError};
use crate::build::workspace::read;

/// How deep below a checkout's root a project is looked for.
const DEPTH: usize = 3;

/// A project that builds a crate for Python.
#[derive(Debug)]
pub struct Project {
    /// The folder that holds everything of it.
    pub root: PathBuf,
    /// The folder of its `pyproject.toml`, relative to the root.
    pub folder: PathBuf,
    /// The manifest of its crate, relative to the root.
    pub manifest: PathBuf,
    pub module: Fact,
    pub metadata: Metadata,
    /// Its `pyproject.toml`.
    pub pyproject: Table,
    /// The manifest of its crate.
    pub cargo: Table,
}

impl Project {
    /// Finds the project in `here`, else above it, else the only one below.
    pub fn find(here: &Path, toplevel: Option<&Path>) -> Result<Project, InferError> {
        let above = here.ancestors().take_while(|folder| toplevel.is_none_or(|top| folder.starts_with(top)));
        for folder in above {
            if let Some(found) = metadata(folder)? {
                return Project::of(folder, found, toplevel);
            }
        }
        let mut below = Vec::new();
        for folder in folders(here) {
            // One that cannot be read is not the one that was meant, as long as another can.
            below.extend(metadata(&folder).ok().flatten().map(|found| (folder, found)));
        }
        match below.len() {
            0 => Err(InferError::NoProject(here.to_owned())),
            1 => below.pop().map_or_else(
                || Err(InferError::NoProject(here.to_owned())),
                |(folder, found)| Project::of(&folder, found, toplevel),
            ),
            _ => {
                let shown = |folder: &Path| folder.strip_prefix(here).unwrap_or(folder).display().to_string();
                Err(InferError::Several(below.iter().map(|(folder, _)| shown(folder)).collect()))
            }
        }
    }

    fn of(folder: &Path, metadata: Metadata, toplevel: Option<&Path>) -> Result<Project, InferError> {
        let folder = folder.canonicalize()?;
        let root = root(&folder, &metadata.manifest, toplevel)?;
        let pyproject = read(&folder.join("pyproject.toml"))?;
        let cargo = read(&metadata.manifest)?;
        let relative = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_owned();
        let (manifest, folder) = (relative(&metadata.manifest), relative(&folder));
        let module = module(&root, &folder, &manifest, &pyproject, &cargo, metadata.backend);
        Ok(Project { root, folder, manifest, module, metadata, pyproject, cargo })
    }

    /// The path of its `pyproject.toml`, relative to the root.
    pub fn pyproject_path(&self) -> PathBuf {
        self.folder.join("pyproject.toml")
    }

    pub fn facts(&self) -> Vec<Fact> {
        let backend = match self.metadata.backend {
            Backend::Maturin => "maturin",
            Backend::SetuptoolsRust => "setuptools-rust",
        };
        let pyproject = self.pyproject_path().display().to_string();
        let manifest = self.manifest.display().to_string();
        vec![
            Fact::new("backend", backend, format!("{pyproject}, [build-system]")),
            Fact::new("manifest", manifest, format!("{pyproject}, or where {backend} looks")),
            self.module.clone(),
            Fact::new(
                "sources",
                "all files of the checkout",
                "git ls-files, or without git the ignore rules",
            ),
        ]
    }
}

/// The folders below that may hold a project.
fn folders(here: &Path) -> Vec<PathBuf> {
    let hidden =
        |name: &str| name.starts_with('.') || matches!(name, "target" | "node_modules" | "vendor" | "venv");
    let walk = WalkDir::new(here).min_depth(1).max_depth(DEPTH).sort_by_file_name().into_iter();
    let walk = walk.filter_entry(|entry| !hidden(&entry.file_name().to_string_lossy()));
    let folders = walk.filter_map(|entry| Some(entry.ok()?.into_path()).filter(|path| path.is_dir()));
    folders.filter(|folder| folder.join("pyproject.toml").is_file()).collect()
}

/// The folder that holds the pyproject, the crate's workspace, and the crates that it takes from a path. Nothing above the
/// checkout is a part of it.
fn root(folder: &Path, manifest: &Path, toplevel: Option<&Path>) -> Result<PathBuf, InferError> {
    let crate_folder = manifest.parent().unwrap_or(folder);
    let mut all = vec![crate_folder.to_owned()];
    // Without git nothing says where the checkout ends, but a crate that inherits has a workspace above it.
    let inherits =
        fs::read_to_string(manifest)?.lines().any(|line| line.replace(' ', "").contains("workspace=true"));
    let whole = folder.ancestors().last().filter(|_| inherits).unwrap_or(folder);
    let top = toplevel.unwrap_or(whole);
    for above in crate_folder.ancestors().take_while(|above| above.starts_with(top)) {
        let manifest = above.join("Cargo.toml");
        if manifest.is_file() && read(&manifest)?.contains_key("workspace") {
            all.push(above.to_owned());
            break;
        }
    }
    let table = read(manifest)?;
    let tables =
        ["dependencies", "build-dependencies"].iter().filter_map(|name| table.get(*name)?.as_table());
    let paths = tables.flat_map(Table::values).filter_map(|asked| asked.get("path")?.as_str());
    all.extend(paths.map(|path| lexical(&crate_folder.join(path))));
    let inside = all.iter().filter(|path| path.starts_with(top));
    Ok(inside.fold(folder.to_owned(), |root, path| common(&root, path)))
}

/// The path without `..`.
fn lexical(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut done, part| {
        match part {
            Component::ParentDir => drop(done.pop()),
            Component::CurDir => {}
            part => done.push(part),
        }
        done
    })
}

fn common(one: &Path, two: &Path) -> PathBuf {
    one.components().zip(two.components()).take_while(|(one, two)| one == two).map(|(part, _)| part).collect()
}

/// The module that the wheel holds, and what says so.
fn module(
    root: &Path,
    folder: &Path,
    manifest: &Path,
    pyproject: &Table,
    cargo: &Table,
    backend: Backend,
) -> Fact {
    let shown = folder.join("pyproject.toml").display().to_string();
    let of_backend = match backend {
        Backend::Maturin => {
            let name = at(pyproject, &["tool", "maturin", "module-name"]).and_then(Value::as_str);
            name.map(|name| (name.to_owned(), format!("{shown}, [tool.maturin] module-name")))
        }
        Backend::SetuptoolsRust => {
            let modules =
                at(pyproject, &["tool", "setuptools-rust", "ext-modules"]).and_then(Value::as_array);
            let first = modules.and_then(|modules| modules.first()?.get("target")?.as_str());
            let of_table =
                first.map(|name| (name.to_owned(), format!("{shown}, [[tool.setuptools-rust.ext-modules]]")));
            of_table.or_else(|| {
                let script = fs::read_to_string(root.join(folder).join("setup.py")).ok()?;
                Some((of_script(&script)?, folder.join("setup.py").display().to_string()))
            })
        }
    };
    let (name, source) = of_backend.unwrap_or_else(|| {
        let name =
            at(cargo, &["lib", "name"]).or_else(|| at(cargo, &["package", "name"])).and_then(Value::as_str);
        (name.unwrap_or_default().replace('-', "_"), format!("{}, the library's name", manifest.display()))
    });
    Fact::new("module", name, source)
}

/// `a.b` of `RustExtension("a.b", …)` or `RustExtension(target="a.b")`.
fn of_script(script: &str) -> Option<String> {
    let call = &script[script.find("RustExtension(")?..];
    call.split(['"', '\'']).nth(1).map(str::to_owned)
}

/// A value below a table.
pub fn at<'t>(table: &'t Table, path: &[&str]) -> Option<&'t Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root of a project in `a/b` of a folder with these manifests, relative to that folder.
    fn check(manifests: &[(&str, &str)], in_git: bool) -> String {
        let checkout = tempfile::tempdir().expect("a folder");
        let top = checkout.path().canonicalize().expect("a path");
        for (path, text) in manifests {
            fs::create_dir_all(top.join(path)).expect("made");
            fs::write(top.join(path).join("Cargo.toml"), text).expect("written");
        }
        let folder = top.join("a/b");
        let root =
            root(&folder, &folder.join("Cargo.toml"), in_git.then_some(top.as_path())).expect("a root");
        root.strip_prefix(&top).expect("below").display().to_string()
    }

    const PLAIN: &str = "[package]\nname = \"ours\"\n";

    #[test]
    fn the_root_holds_the_workspace_and_what_is_taken_by_a_path() {
        let inherits = format!("{PLAIN}[dependencies]\npyo3 = {{ workspace = true }}\n");
        let member = [("", "[workspace]\nmembers = [\"a/b\"]\n"), ("a/b", inherits.as_str())];
        assert_eq!((check(&member, true), check(&member, false)), (String::new(), String::new()));
        let beside = format!("{PLAIN}[dependencies]\ncore = {{ path = \"../core\" }}\n");
        assert_eq!(check(&[("a/b", &beside)], true), "a");
        assert_eq!(check(&[("a/b", &beside)], false), "a/b", "nothing says that it is of this project");
        assert_eq!(check(&[("a/b", PLAIN)], true), "a/b");
    }

    #[test]
    fn a_setup_script_names_the_module_first() {
        assert_eq!(of_script("RustExtension(\"a.b\", path='c')").as_deref(), Some("a.b"));
        assert_eq!(of_script("x = RustExtension(\n  target='a.b')").as_deref(), Some("a.b"));
        assert_eq!(of_script("setup()"), None);
    }
}
