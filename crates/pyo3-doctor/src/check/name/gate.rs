//! Which files are modules under a `cfg`? Sources in, the paths that such modules have by their declarations out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::visit;
use crate::text::TextFile;

/// The modules that a file of `sources` declares under a `cfg`, each by its path without the `.rs`.
pub fn modules(sources: &[Arc<TextFile>]) -> BTreeSet<PathBuf> {
    let may = sources.iter().filter(|source| source.text.contains("cfg("));
    let parsed = may.filter_map(|source| Some((source, syn::parse_file(&source.text).ok()?)));
    parsed.flat_map(|(source, file)| declared(&source.path, &file)).collect()
}

/// Whether a source is one of the modules, or lies below one.
pub fn holds(source: &TextFile, gated: &BTreeSet<PathBuf>) -> bool {
    source.path.with_extension("").ancestors().any(|path| gated.contains(path))
}

fn declared(path: &Path, file: &syn::File) -> Vec<PathBuf> {
    let beside = path.parent().unwrap_or(Path::new(""));
    let below = folder(path);
    let module = |module: visit::Gated| match module.path {
        Some(named) => beside.join(named).with_extension(""),
        None => below.join(module.name),
    };
    visit::gated(file).into_iter().map(module).collect()
}

/// The folder that the modules of a file are in: its own for the root of a crate and for `mod.rs`, else one of its name.
/// Each file that lies directly in `tests` or `bin` is the root of a crate.
fn folder(path: &Path) -> PathBuf {
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let beside = path.parent().unwrap_or(Path::new(""));
    let root = matches!(name(path).as_str(), "lib" | "main" | "mod");
    if root || matches!(name(beside).as_str(), "tests" | "bin") {
        return beside.to_owned();
    }
    path.with_extension("")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `other` is left out where `declaring` holds `text`.
    fn leaves_out(declaring: &str, text: &str, other: &str) -> bool {
        holds(&TextFile::new(other, ""), &modules(&[TextFile::new(declaring, text)]))
    }

    #[test]
    fn a_module_is_a_file_or_a_folder_beside_the_root_that_declares_it() {
        for (root, folder) in [
            ("src/lib.rs", "src"),
            ("src/main.rs", "src"),
            ("src/a/mod.rs", "src/a"),
            ("src/a.rs", "src/a"),
            ("src/bin/a.rs", "src/bin"),
            ("tests/a.rs", "tests"),
        ] {
            for file in ["old.rs", "old/mod.rs", "old/deep/er.rs"] {
                let other = format!("{folder}/{file}");
                assert!(leaves_out(root, "#[cfg(old)] mod old;", &other), "{root}: {other}");
            }
        }
    }

    #[test]
    fn a_folder_that_is_called_like_a_module_is_left_in() {
        let tests = "#[cfg(test)] mod tests;";
        for other in ["tests/k/src/lib.rs", "tests/k.rs", "src/a/tests.rs", "k/tests/src/lib.rs"] {
            assert!(!leaves_out("src/lib.rs", tests, other), "{other}");
        }
        assert!(!leaves_out("src/a.rs", tests, "src/tests.rs"));
        assert!(!leaves_out("tests/k/src/lib.rs", tests, "tests/k/src/lib.rs"));
    }

    #[test]
    fn a_module_with_a_path_is_the_file_that_it_names() {
        let text = "#[cfg(test)] #[path = \"compat/a.rs\"] mod old;";
        assert!(leaves_out("src/lib.rs", text, "src/compat/a.rs"));
        assert!(!leaves_out("src/lib.rs", text, "src/old.rs"));
    }
}
