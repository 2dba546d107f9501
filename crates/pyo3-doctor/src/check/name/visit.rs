//! Where does a Rust file use a removed name? A syntax tree in, uses out.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, Ident, Item, ItemMod, ItemUse, Lit, Path, UseTree};

use super::Use;
use crate::pyo3::PYO3;
use crate::removed::{Kind, REMOVED};

/// What the prelude of some line brought, and a later one does not.
const PRELUDE: [&str; 3] = ["IntoPy", "ToPyObject", "PyObject"];

/// Every use of a removed name, by line.
pub fn uses(file: &syn::File) -> Vec<Use> {
    let mut names = Names::default();
    names.visit_file(file);
    let mut uses = Uses { found: BTreeMap::new(), names };
    uses.visit_file(file);
    uses.found.into_iter().map(|((line, row), times)| Use { line, row, times }).collect()
}

/// A module that a file declares under a `cfg`.
pub struct Gated {
    pub name: String,
    /// `#[path = "…"]`.
    pub path: Option<String>,
}

/// The modules that a file declares under a `cfg`.
pub fn gated(file: &syn::File) -> Vec<Gated> {
    let modules = file.items.iter().filter_map(|item| match item {
        Item::Mod(ItemMod { attrs, ident, content: None, .. }) if is_gated(attrs) => {
            Some(Gated { name: ident.to_string(), path: attrs.iter().find_map(path_of) })
        }
        _ => None,
    });
    modules.collect()
}

fn path_of(attribute: &Attribute) -> Option<String> {
    let value = &attribute.meta.require_name_value().ok().filter(|meta| meta.path.is_ident("path"))?.value;
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value else { return None };
    Some(text.value())
}

fn is_gated(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("cfg"))
}

/// What a file itself imports and declares, by the name it has there.
#[derive(Default)]
struct Names {
    own: BTreeSet<String>,
    /// Those of them that come from `pyo3`, under their own name.
    pyo3: BTreeSet<String>,
    prelude: bool,
    /// Whether a `*` may bring a name that the prelude has as well: `use pyo3::ffi::*` brings another `PyObject`.
    strange: bool,
    /// How many modules of the file the walk is in.
    depth: usize,
}

impl<'a> Visit<'a> for Names {
    fn visit_item(&mut self, item: &'a Item) {
        let name = match item {
            Item::Struct(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::Type(item) => Some(&item.ident),
            _ => None,
        };
        self.own.extend(name.map(Ident::to_string));
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        self.depth += 1;
        visit::visit_item_mod(self, item);
        self.depth -= 1;
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        for leaf in leaves(&item.tree) {
            if leaf.name.is_none() {
                self.prelude |= leaf.path.len() == 2 && leaf.path[0] == PYO3 && leaf.path[1] == "prelude";
                self.strange |= !leaf.is_of_pyo3() && !leaf.is_known(self.depth);
            }
            let of_pyo3 = leaf.is_of_pyo3() && leaf.renamed.is_none() && !is_gated(&item.attrs);
            self.pyo3.extend(leaf.name.filter(|_| of_pyo3).map(ToString::to_string));
            self.own.extend(leaf.renamed.or(leaf.name).map(ToString::to_string));
        }
    }
}

struct Uses {
    /// How often, by line and row of the table.
    found: BTreeMap<(usize, usize), usize>,
    names: Names,
}

impl Uses {
    fn note(&mut self, ident: &Ident, fits: impl Fn(&crate::removed::Removed) -> bool) {
        if let Some(row) = REMOVED.iter().position(|row| ident == row.name && fits(row)) {
            *self.found.entry((ident.span().start().line, row)).or_default() += 1;
        }
    }
}

impl<'a> Visit<'a> for Uses {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_gated(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'a syn::ImplItem) {
        let gated = match item {
            syn::ImplItem::Fn(item) => is_gated(&item.attrs),
            syn::ImplItem::Const(item) => is_gated(&item.attrs),
            syn::ImplItem::Type(item) => is_gated(&item.attrs),
            _ => false,
        };
        if !gated {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_local(&mut self, local: &'a syn::Local) {
        if !is_gated(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_expr_block(&mut self, block: &'a syn::ExprBlock) {
        if !is_gated(&block.attrs) {
            visit::visit_expr_block(self, block);
        }
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if is_gated(&item.attrs) {
            return;
        }
        for leaf in leaves(&item.tree) {
            if let Some(name) = leaf.name.filter(|_| leaf.is_of_pyo3()) {
                self.note(name, |row| {
                    matches!(row.kind, Kind::Type | Kind::Trait | Kind::Free | Kind::Macro)
                });
            }
        }
    }

    fn visit_path(&mut self, path: &'a Path) {
        let parts: Vec<&Ident> = path.segments.iter().map(|segment| &segment.ident).collect();
        match parts[..] {
            [first, ..] if self.names.pyo3.contains(&first.to_string()) => {
                self.note(first, |row| row.owner.is_empty() && row.kind != Kind::Method);
            }
            [one] => {
                let Names { own, prelude, strange, .. } = &self.names;
                let brought = *prelude && !strange && !own.contains(&one.to_string());
                if brought && PRELUDE.iter().any(|name| one == name) {
                    self.note(one, |row| row.owner.is_empty());
                }
            }
            [first, .., last] if first == PYO3 && !elsewhere(&parts) => {
                self.note(last, |row| {
                    matches!(row.kind, Kind::Type | Kind::Trait | Kind::Free | Kind::Macro)
                });
            }
            _ => {}
        }
        if let [.., owner, name] = parts[..] {
            self.note(name, |row| row.kind == Kind::Function && !row.owner.is_empty() && owner == row.owner);
        }
        visit::visit_path(self, path);
    }
}

/// Whether a path leads to a module that has something else under a removed name.
fn elsewhere(path: &[&Ident]) -> bool {
    path.iter().any(|part| *part == "ffi" || *part == "critical_section")
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// One name that a `use` brings in; no name for a glob.
struct Leaf<'a> {
    path: Vec<&'a Ident>,
    name: Option<&'a Ident>,
    renamed: Option<&'a Ident>,
}

impl Leaf<'_> {
    /// Whether the path leads to where `pyo3` had what it removed.
    fn is_of_pyo3(&self) -> bool {
        self.path.first().is_some_and(|first| *first == PYO3) && !elsewhere(&self.path)
    }

    /// Whether the path leads to what brings no other name of `pyo3`: the standard library, the variants of an enum, or,
    /// from a module that is `depth` modules deep in it, the file itself.
    fn is_known(&self, depth: usize) -> bool {
        let [first, .., last] = self.path[..] else {
            return self.path.first().is_some_and(|only| (*only == "super" && depth > 0) || is_type(only));
        };
        let above = self.path.len() <= depth && self.path.iter().all(|part| *part == "super");
        above || ["std", "core", "alloc"].iter().any(|name| first == name) || is_type(last)
    }
}

fn is_type(name: &Ident) -> bool {
    name.to_string().starts_with(char::is_uppercase)
}

fn leaves(tree: &UseTree) -> Vec<Leaf<'_>> {
    match tree {
        UseTree::Path(path) => {
            let mut below = leaves(&path.tree);
            for leaf in &mut below {
                leaf.path.insert(0, &path.ident);
            }
            below
        }
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
        UseTree::Name(name) => vec![Leaf { path: Vec::new(), name: Some(&name.ident), renamed: None }],
        UseTree::Rename(rename) => {
            vec![Leaf { path: Vec::new(), name: Some(&rename.ident), renamed: Some(&rename.rename) }]
        }
        UseTree::Glob(_) => vec![Leaf { path: Vec::new(), name: None, renamed: None }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Vec<String> {
        let found = uses(&syn::parse_file(text).expect("Rust"));
        found.iter().map(|found| format!("{}:{}", found.line, REMOVED[found.row].shown())).collect()
    }

    #[test]
    fn paths_that_lead_to_pyo3_are_certain() {
        assert_eq!(check("use pyo3::sync::{GILOnceCell as G, PyOnceLock};"), ["1:GILOnceCell"]);
        assert_eq!(
            check("use pyo3::sync::GILOnceCell;\nstatic A: GILOnceCell<u8> = GILOnceCell::new();"),
            ["1:GILOnceCell", "2:GILOnceCell",]
        );
        assert_eq!(
            check("fn f() { pyo3::prepare_freethreaded_python(); }"),
            ["1:prepare_freethreaded_python"]
        );
        assert_eq!(
            check("fn f() {\n Python::with_gil(|py| PyDict::new_bound(py));\n}"),
            ["2:PyDict::new_bound", "2:Python::with_gil"]
        );
        assert_eq!(
            check("use pyo3::prelude::*;\nimpl IntoPy<PyObject> for A {}"),
            ["2:IntoPy", "2:PyObject"]
        );
    }

    #[test]
    fn a_name_that_may_be_anothers_is_left_alone() {
        assert!(check("use crate::sync::GILOnceCell;").is_empty());
        assert!(check("fn f(b: Box<dyn Any>) { b.downcast::<u8>(); }").is_empty());
        assert!(check("use pyo3::prelude::*; use pyo3::ffi::PyObject; fn f(o: *mut PyObject) {}").is_empty());
        assert!(check("use pyo3::prelude::*; trait ToPyObject {} impl ToPyObject for A {}").is_empty());
        assert!(check("use pyo3::prelude::*; use pyo3::ffi::*; fn f(o: *mut PyObject) {}").is_empty());
        assert!(check("use pyo3::prelude::*; use super::*; fn f(o: PyObject) {}").is_empty());
        assert!(check("fn f() { Lua::with_gil(); }").is_empty());
        assert!(check("use pyo3::sync::critical_section::with_critical_section;").is_empty());
    }

    #[test]
    fn a_glob_of_what_is_known_leaves_the_prelude_certain() {
        for glob in ["std::io::prelude::*", "pyo3::types::*", "crate::Kind::*"] {
            let text = format!("use pyo3::prelude::*; use {glob}; fn f(o: PyObject) {{}}");
            assert_eq!(check(&text), ["1:PyObject"], "{glob}");
        }
        let tests = "use pyo3::prelude::*; mod tests { use super::*; fn f(o: PyObject) {} }";
        assert_eq!(check(tests), ["1:PyObject"]);
    }

    #[test]
    fn what_stands_under_a_cfg_is_left_alone() {
        assert!(check("#[cfg(old)] fn f() { Python::with_gil(|_| ()); }").is_empty());
        assert!(check("#[cfg(old)] use pyo3::sync::GILOnceCell;").is_empty());
        assert!(check("fn f() { #[cfg(old)] { Python::with_gil(|_| ()) } }").is_empty());
        let modules = gated(&syn::parse_file("#[cfg(old)] mod old; mod new;").expect("Rust"));
        assert_eq!(modules.iter().map(|module| module.name.as_str()).collect::<Vec<_>>(), ["old"]);
    }
}
