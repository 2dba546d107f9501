//! Can `cargo test` link? M2.
//!
//! A test binary holds what its tests reach: tests of plain Rust link without an interpreter, with any features.
//! Where a default feature of the crate turns `extension-module` on, `cargo test --no-default-features` turns it off, as
//! PyO3's own guide had it for years: no finding for a project that says so somewhere.

use syn::visit::{self, Visit};
use syn::{Attribute, ItemFn, ItemMod, Path};

use crate::finding::{Finding, Id, Step};
use crate::manifest::Manifest;
use crate::project::{Project, Workspace};
use crate::pyo3::PYO3;
use crate::text::{At, TextFile};

pub fn check(project: &Project) -> Vec<Finding> {
    let of = |workspace: &Workspace| {
        let found = workspace.extensions().filter_map(|manifest| {
            let feature = always_on(manifest)
                .or_else(|| by_default(manifest).filter(|_| !project.tests_without_defaults))?;
            is_tested(manifest, workspace).then(|| finding(&feature))
        });
        found.collect::<Vec<_>>()
    };
    project.workspaces.iter().flat_map(of).collect()
}

/// The feature where no command can leave it out: at a dependency that is always there.
fn always_on(manifest: &Manifest) -> Option<At<String>> {
    let always = manifest.on(PYO3).filter(|dependency| !dependency.optional);
    always.flat_map(|dependency| dependency.features.iter().cloned()).find(is_extension_module)
}

fn by_default(manifest: &Manifest) -> Option<At<String>> {
    manifest.led_to(&[]).into_iter().find(is_extension_module)
}

fn is_extension_module(feature: &At<String>) -> bool {
    feature.value == "extension-module"
}

/// Whether the crate has tests that `cargo test` would link and that call the interpreter.
fn is_tested(manifest: &Manifest, workspace: &Workspace) -> bool {
    let tests = manifest.folder().join("tests");
    let harness = manifest.package.as_ref().is_some_and(|package| package.test);
    workspace.sources.iter().any(|source| {
        let of_crate = source.path.starts_with(manifest.folder());
        of_crate && (harness || source.path.starts_with(&tests)) && calls_python(source)
    })
}

fn calls_python(source: &TextFile) -> bool {
    let may = ENTRIES.iter().any(|entry| source.text.contains(entry)) && source.text.contains("#[test]");
    let file = may.then(|| syn::parse_file(&source.text).ok()).flatten();
    file.is_some_and(|file| {
        let mut calls = Calls::default();
        calls.visit_file(&file);
        calls.found
    })
}

/// How Rust comes to an interpreter: a function of `Python`, or the one that starts it.
const ENTRIES: [&str; 2] = ["Python::", "prepare_freethreaded_python"];

/// Looks for an entry in the tests of a file.
#[derive(Default)]
struct Calls {
    in_test: bool,
    found: bool,
}

impl Calls {
    fn within(&mut self, test: bool, walk: impl FnOnce(&mut Self)) {
        let outside = self.in_test;
        self.in_test |= test;
        walk(self);
        self.in_test = outside;
    }
}

impl<'a> Visit<'a> for Calls {
    fn visit_item_fn(&mut self, item: &'a ItemFn) {
        let test = item.attrs.iter().any(|attribute| attribute.path().is_ident("test"));
        self.within(test, |calls| visit::visit_item_fn(calls, item));
    }

    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        self.within(item.attrs.iter().any(is_cfg_test), |calls| visit::visit_item_mod(calls, item));
    }

    fn visit_path(&mut self, path: &'a Path) {
        let called = path.segments.len() > 1 && path.segments[path.segments.len() - 2].ident == "Python";
        let starts = path.segments.last().is_some_and(|last| last.ident == ENTRIES[1]);
        self.found |= self.in_test && (called || starts);
        visit::visit_path(self, path);
    }
}

fn is_cfg_test(attribute: &Attribute) -> bool {
    let named =
        |attribute: &Attribute| attribute.parse_args::<Path>().is_ok_and(|path| path.is_ident("test"));
    attribute.path().is_ident("cfg") && named(attribute)
}

fn finding(feature: &At<String>) -> Finding {
    let found = "extension-module is on unless a command turns it off, and tests in Rust call Python";
    let why = "with it nothing links against libpython, because an interpreter brings its symbols; a test binary has \
               no interpreter around it";
    let step = Step::advise(
        "take it out here, make a feature `extension-module = [\"pyo3/extension-module\"]` that is not a default, and \
         turn it on in pyproject.toml: `tool.maturin.features = [\"extension-module\"]`",
    );
    Finding::new(Id::M2, feature.place(), found, why).says("undefined symbol: Py").mend([step])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> bool {
        calls_python(&TextFile::new("src/lib.rs", text))
    }

    #[test]
    fn tests_call_python_where_they_reach_for_an_interpreter() {
        assert!(check("#[test] fn a() { pyo3::Python::attach(|_| ()) }"));
        assert!(check(
            "#[cfg(test)] mod tests { fn b() { Python::with_gil(|_| ()) } #[test] fn a() { b() } }"
        ));
        assert!(check("#[test] fn a() { pyo3::prepare_freethreaded_python() }"));
    }

    #[test]
    fn tests_of_plain_rust_link_beside_code_that_calls_python() {
        assert!(!check("fn b() { Python::attach(|_| ()) } #[test] fn a() { assert!(true) }"));
        assert!(!check("#[cfg(not(test))] mod c { fn b() { Python::attach(|_| ()) } #[test] fn a() {} }"));
    }
}
