//! What does a `Cargo.toml` ask for? Its text in; package, dependencies, features and profiles with their places out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use semver::VersionReq;
use toml_edit::{Document, Item, TableLike};

use super::text::{At, TextFile};
use crate::pyo3;
use crate::version::Line;

/// A `Cargo.toml`, as far as it matters here.
#[derive(Debug)]
pub struct Manifest {
    pub file: Arc<TextFile>,
    /// None in a workspace's root that is no crate.
    pub package: Option<Package>,
    pub workspace: Option<WorkspaceTable>,
    pub dependencies: Vec<Dependency>,
    pub features: BTreeMap<String, Vec<At<String>>>,
    /// `panic` of each profile that sets it.
    pub panics: Vec<Panic>,
    /// Crates that `[patch]` replaces.
    pub patched: BTreeSet<String>,
}

#[derive(Debug)]
pub struct Package {
    pub name: String,
    pub rust_version: Option<At<String>>,
    pub cdylib: bool,
    /// Whether `cargo test` builds the library's own tests.
    pub test: bool,
}

#[derive(Debug)]
pub struct WorkspaceTable {
    pub members: Vec<String>,
    pub exclude: Vec<String>,
    dependencies: BTreeMap<String, Dependency>,
    rust_version: Option<At<String>>,
}

/// One entry of a dependency table.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The crate's own name, which `package` gives where the key is another.
    pub package: String,
    /// What the manifest calls it.
    pub key: String,
    pub version: Option<At<String>>,
    pub features: Vec<At<String>>,
    pub origin: Origin,
    /// Whether a feature has to turn it on.
    pub optional: bool,
    /// Where the entry stands.
    pub entry: At<()>,
    inherited: bool,
}

/// Where cargo takes a dependency from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Registry,
    Path(PathBuf),
    Git,
}

/// `panic = "…"` of one profile.
#[derive(Debug, Clone)]
pub struct Panic {
    pub profile: String,
    pub strategy: At<String>,
}

impl Manifest {
    /// Reads a manifest; the error is TOML's own, which names line and column.
    pub fn parse(file: Arc<TextFile>) -> Result<Self, toml_edit::TomlError> {
        let document = Document::parse(file.text.clone())?;
        let root = document.as_table();
        let workspace = root.get("workspace").and_then(Item::as_table_like);
        let patch = root.get("patch").and_then(Item::as_table_like);
        let sources = patch.into_iter().flat_map(|patch| patch.iter());
        Ok(Manifest {
            package: root.get("package").and_then(Item::as_table_like).map(|_| package(root, &file)),
            workspace: workspace.map(|table| workspace_table(table, &file)),
            dependencies: dependencies(root, &file),
            features: features(root, &file),
            panics: panics(root, &file),
            patched: sources
                .flat_map(|(_, crates)| entries(crates).map(|(key, item)| renamed(key, item)))
                .collect(),
            file,
        })
    }

    /// Takes over what the workspace's root says for `workspace = true`. Its paths start in its own `folder`.
    pub fn inherit(&mut self, root: &Manifest, folder: &Path) {
        let Some(workspace) = &root.workspace else { return };
        for dependency in self.dependencies.iter_mut().filter(|dependency| dependency.inherited) {
            let Some(shared) = workspace.dependencies.get(&dependency.key) else { continue };
            dependency.package.clone_from(&shared.package);
            dependency.version.clone_from(&shared.version);
            dependency.origin = match &shared.origin {
                Origin::Path(path) => Origin::Path(folder.join(path)),
                other => other.clone(),
            };
            dependency.features.extend(shared.features.iter().cloned());
        }
        if let Some(package) = &mut self.package {
            let inherits = package.rust_version.as_ref().is_some_and(|at| at.value == INHERITED);
            if inherits {
                package.rust_version.clone_from(&workspace.rust_version);
            }
        }
    }

    /// The folder of the manifest.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.file.path.parent().unwrap_or(Path::new(""))
    }

    /// The dependencies on a crate, renamed ones included.
    pub fn on<'a>(&'a self, package: &'a str) -> impl Iterator<Item = &'a Dependency> {
        self.dependencies.iter().filter(move |dependency| dependency.package == package)
    }

    /// Whether this is a crate of `PyO3`'s own, such as one that is vendored.
    #[must_use]
    pub fn is_pyo3_itself(&self) -> bool {
        self.package.as_ref().is_some_and(|package| pyo3::OWN.contains(&package.name.as_str()))
    }

    /// Whether an interpreter loads what this crate builds.
    #[must_use]
    pub fn is_extension(&self) -> bool {
        self.package.as_ref().is_some_and(|package| package.cdylib) && self.on(pyo3::PYO3).next().is_some()
    }

    /// The features of `pyo3` that are on: those of the dependency itself, and what the default features and `asked` lead
    /// to.
    #[must_use]
    pub fn pyo3_features(&self, asked: &[At<String>]) -> Vec<At<String>> {
        let mut found: Vec<At<String>> =
            self.on(pyo3::PYO3).flat_map(|dependency| dependency.features.iter().cloned()).collect();
        found.extend(self.led_to(asked));
        found
    }

    /// Whether a feature that is off by default leads to a feature of `pyo3` that begins so.
    #[must_use]
    pub fn may_turn_on(&self, prefix: &str) -> bool {
        let on = self.led_to(&[]);
        let every: Vec<At<String>> = self.features.values().flatten().cloned().collect();
        let could = self.led_to(&every).into_iter().filter(|feature| feature.value.starts_with(prefix));
        could.into_iter().any(|feature| !on.contains(&feature))
    }

    /// The features of `pyo3` that the default features and `asked` lead to.
    #[must_use]
    pub fn led_to(&self, asked: &[At<String>]) -> Vec<At<String>> {
        let mut found = Vec::new();
        let names: BTreeSet<&str> = self.on(pyo3::PYO3).map(|dependency| dependency.key.as_str()).collect();
        let mut open: Vec<At<String>> = self.features.get("default").into_iter().flatten().cloned().collect();
        open.extend(asked.iter().cloned());
        let mut seen = BTreeSet::from(["default".to_owned()]);
        while let Some(feature) = open.pop() {
            if let Some((of, name)) = feature.value.split_once('/') {
                if names.contains(of.trim_end_matches('?')) {
                    found.push(At { value: name.to_owned(), ..feature });
                }
            } else if seen.insert(feature.value.clone()) {
                open.extend(self.features.get(&feature.value).into_iter().flatten().cloned());
            }
        }
        found
    }
}

impl Dependency {
    /// The lines that the requirement lets in; None where it says nothing, or another source decides.
    #[must_use]
    pub fn lines(&self) -> Option<BTreeSet<Line>> {
        if self.origin != Origin::Registry {
            return None;
        }
        self.requirement().map(|requirement| pyo3::lines_of(&requirement))
    }

    #[must_use]
    pub fn requirement(&self) -> Option<VersionReq> {
        self.version.as_ref()?.value.parse().ok()
    }
}

/// Stands for `rust-version.workspace = true` until the root is known.
const INHERITED: &str = "workspace";

fn package(root: &dyn TableLike, file: &Arc<TextFile>) -> Package {
    let table = root.get("package").and_then(Item::as_table_like);
    let lib = root.get("lib").and_then(Item::as_table_like);
    let kinds = lib.and_then(|lib| lib.get("crate-type").or_else(|| lib.get("crate_type")));
    let kinds = kinds.map(|kinds| strings(kinds, file)).unwrap_or_default();
    let rust_version = table.and_then(|table| table.get("rust-version")).and_then(|item| {
        let inherited =
            item.as_table_like().map(|_| At::new(INHERITED.to_owned(), file, item.span().unwrap_or(0..0)));
        string(item, file).or(inherited)
    });
    Package {
        name: table.and_then(|table| table.get("name")).and_then(Item::as_str).unwrap_or_default().to_owned(),
        rust_version,
        cdylib: kinds.iter().any(|kind| kind.value == "cdylib"),
        test: lib.and_then(|lib| lib.get("test")).and_then(Item::as_bool).unwrap_or(true),
    }
}

fn workspace_table(table: &dyn TableLike, file: &Arc<TextFile>) -> WorkspaceTable {
    let list = |key: &str| -> Vec<String> {
        let entries = table.get(key).map(|item| strings(item, file)).unwrap_or_default();
        entries.into_iter().map(|entry| entry.value).collect()
    };
    let shared = table.get("dependencies").map(|item| read_table(item, file)).unwrap_or_default();
    let package = table.get("package").and_then(Item::as_table_like);
    WorkspaceTable {
        members: list("members"),
        exclude: list("exclude"),
        dependencies: shared.into_iter().map(|dependency| (dependency.key.clone(), dependency)).collect(),
        rust_version: package
            .and_then(|package| package.get("rust-version"))
            .and_then(|item| string(item, file)),
    }
}

/// Every dependency table of the manifest, those of one target included.
fn dependencies(root: &dyn TableLike, file: &Arc<TextFile>) -> Vec<Dependency> {
    const TABLES: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];
    let of = |table: &dyn TableLike| -> Vec<Dependency> {
        TABLES.iter().filter_map(|name| table.get(name)).flat_map(|item| read_table(item, file)).collect()
    };
    let mut all = of(root);
    let targets = root.get("target").into_iter().flat_map(entries);
    all.extend(targets.filter_map(|(_, target)| target.as_table_like().map(of)).flatten());
    all
}

fn read_table(item: &Item, file: &Arc<TextFile>) -> Vec<Dependency> {
    entries(item).map(|(key, item)| dependency(key, item, file)).collect()
}

fn dependency(key: &str, item: &Item, file: &Arc<TextFile>) -> Dependency {
    let table = item.as_table_like();
    let field = |name: &str| table.and_then(|table| table.get(name));
    let origin = match (field("path"), field("git")) {
        (Some(path), _) => Origin::Path(path.as_str().unwrap_or_default().into()),
        (None, Some(_)) => Origin::Git,
        (None, None) => Origin::Registry,
    };
    Dependency {
        package: renamed(key, item),
        key: key.to_owned(),
        version: string(item, file).or_else(|| field("version").and_then(|item| string(item, file))),
        features: field("features").map(|item| strings(item, file)).unwrap_or_default(),
        origin,
        optional: field("optional").and_then(Item::as_bool).unwrap_or(false),
        entry: At::new((), file, item.span().unwrap_or(0..0)),
        inherited: field("workspace").and_then(Item::as_bool).unwrap_or(false),
    }
}

fn renamed(key: &str, item: &Item) -> String {
    let package = item.as_table_like().and_then(|table| table.get("package")).and_then(Item::as_str);
    package.unwrap_or(key).to_owned()
}

fn features(root: &dyn TableLike, file: &Arc<TextFile>) -> BTreeMap<String, Vec<At<String>>> {
    let table = root.get("features").into_iter().flat_map(entries);
    table.map(|(name, list)| (name.to_owned(), strings(list, file))).collect()
}

/// `panic` of each profile of a manifest or a cargo configuration.
pub fn panics(root: &dyn TableLike, file: &Arc<TextFile>) -> Vec<Panic> {
    let profiles = root.get("profile").into_iter().flat_map(entries);
    profiles
        .filter_map(|(name, profile)| {
            let strategy = profile.as_table_like()?.get("panic").and_then(|item| string(item, file))?;
            Some(Panic { profile: name.to_owned(), strategy })
        })
        .collect()
}

/// The entries of a table; none for anything else.
pub fn entries(item: &Item) -> impl Iterator<Item = (&str, &Item)> {
    item.as_table_like().into_iter().flat_map(TableLike::iter)
}

/// A string with its place.
pub fn string(item: &Item, file: &Arc<TextFile>) -> Option<At<String>> {
    item.as_str().map(|text| At::new(text.to_owned(), file, item.span().unwrap_or(0..0)))
}

/// The strings of a list, each with its place.
pub fn strings(item: &Item, file: &Arc<TextFile>) -> Vec<At<String>> {
    let values = item.as_array().into_iter().flatten();
    values
        .filter_map(|value| {
            value.as_str().map(|text| At::new(text.to_owned(), file, value.span().unwrap_or(0..0)))
        })
        .collect()
}
