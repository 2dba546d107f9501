//! Which names did a line of `PyO3` remove, and what replaces them? One table, and the ways to look a name up in it.
//!
//! Sources: the `#[deprecated]` attributes of the published crates, `PyO3`'s changelog and its migration guide. Every row is
//! held to the sources of both lines by a test that fetches them.

use crate::version::Line;

/// A name that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// The type that an associated function belongs to; empty for all others.
    pub owner: &'static str,
    pub name: &'static str,
    pub kind: Kind,
    /// The last line that has it, as its minor.
    last: u16,
    /// What a reader should use.
    pub instead: &'static str,
    /// The name to write in its stead, where nothing else has to change.
    pub renamed: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Type,
    Trait,
    /// A function of a module.
    Free,
    /// An associated function, called by its type's name.
    Function,
    Method,
    Macro,
}

/// A name that a line brought: what a source for a newer line asks an older one for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    pub name: &'static str,
    first: u16,
}

const fn gone(
    owner: &'static str,
    name: &'static str,
    kind: Kind,
    last: u16,
    instead: &'static str,
    renamed: Option<&'static str>,
) -> Removed {
    Removed { owner, name, kind, last, instead, renamed }
}

const fn came(name: &'static str, first: u16) -> Added {
    Added { name, first }
}

impl Removed {
    /// The line that removed it.
    #[must_use]
    pub fn by(&self) -> Line {
        Line { major: 0, minor: self.last + 1 }
    }

    /// `Python::with_gil`, or the name alone.
    #[must_use]
    pub fn shown(&self) -> String {
        if self.owner.is_empty() { self.name.to_owned() } else { format!("{}::{}", self.owner, self.name) }
    }

    /// Whether the name is so much PyO3's own that it needs no context to be known.
    #[must_use]
    pub fn is_distinct(&self) -> bool {
        !matches!(self.name, "downcast" | "is_valid" | "to_object" | "from_object" | "reference")
            && (self.owner.is_empty() || self.name.ends_with("_bound") || self.name.contains("gil"))
    }
}

impl Added {
    /// The line that brought it.
    #[must_use]
    pub fn by(&self) -> Line {
        Line { major: 0, minor: self.first }
    }
}

/// The row of a name; `owner` may be empty where it is not known.
#[must_use]
pub fn removed(owner: &str, name: &str) -> Option<&'static Removed> {
    let rows = || REMOVED.iter().filter(|row| row.name == name);
    let exact = rows().find(|row| row.owner == owner);
    // The same name on several types has one replacement, up to the type.
    exact
        .or_else(|| rows().find(|row| row.owner.is_empty()))
        .or_else(|| rows().next().filter(|_| owner.is_empty()))
}

/// The row of a name that a newer line brought.
#[must_use]
pub fn added(name: &str) -> Option<&'static Added> {
    ADDED.iter().find(|row| row.name == name)
}

/// Names of the newer lines that sources are written with.
const ADDED: &[Added] = &[
    came("IntoPyObject", 23),
    came("PyCallArgs", 24),
    came("attach", 26),
    came("try_attach", 26),
    came("detach", 26),
    came("PyOnceLock", 26),
    came("cast", 26),
    came("cast_into", 26),
    came("cast_exact", 26),
    came("CastError", 27),
    came("CastIntoError", 27),
    came("FromPyObjectOwned", 27),
    came("PyUntypedBuffer", 28),
    came("new_with_value", 29),
    came("PyContext", 30),
];

#[rustfmt::skip]
/// Oldest line first.
pub const REMOVED: &[Removed] = &[
    gone("", "PyCell", Kind::Type, 22, "Bound", None),
    gone("", "PyNativeType", Kind::Type, 22, "Bound and its methods", None),
    gone("", "PyTryFrom", Kind::Type, 22, "Bound::downcast (`cast` from 0.26)", None),
    gone("", "PyTryInto", Kind::Type, 22, "Bound::downcast (`cast` from 0.26)", None),
    gone("", "FromPyPointer", Kind::Type, 22, "Bound::from_owned_ptr", None),
    gone("", "GILPool", Kind::Type, 22, "nothing: references no longer belong to a pool", None),
    gone("", "IntoPy", Kind::Trait, 24, "IntoPyObject", None),
    gone("", "ToPyObject", Kind::Trait, 24, "IntoPyObject", None),
    gone("", "AsPyPointer", Kind::Trait, 24, "`as_ptr` of Py, Bound and Borrowed", None),
    gone("", "PyLong", Kind::Type, 24, "PyInt", Some("PyInt")),
    gone("", "PyUnicode", Kind::Type, 24, "PyString", Some("PyString")),
    gone("PyBytes", "new_bound", Kind::Function, 24, "PyBytes::new", Some("new")),
    gone("PyBytes", "new_bound_with", Kind::Function, 24, "PyBytes::new_with", Some("new_with")),
    gone("PyBytes", "bound_from_ptr", Kind::Function, 24, "PyBytes::from_ptr", Some("from_ptr")),
    gone("PyByteArray", "new_bound", Kind::Function, 24, "PyByteArray::new", Some("new")),
    gone("PyByteArray", "new_bound_with", Kind::Function, 24, "PyByteArray::new_with", Some("new_with")),
    gone("PyByteArray", "from_bound", Kind::Function, 24, "PyByteArray::from", Some("from")),
    gone("PyCapsule", "new_bound", Kind::Function, 24, "PyCapsule::new", Some("new")),
    gone("PyCapsule", "new_bound_with_destructor", Kind::Function, 24, "PyCapsule::new_with_destructor", Some("new_with_destructor")),
    gone("PyComplex", "from_doubles_bound", Kind::Function, 24, "PyComplex::from_doubles", Some("from_doubles")),
    gone("PyDate", "new_bound", Kind::Function, 24, "PyDate::new", Some("new")),
    gone("PyDate", "from_timestamp_bound", Kind::Function, 24, "PyDate::from_timestamp", Some("from_timestamp")),
    gone("PyDateTime", "new_bound", Kind::Function, 24, "PyDateTime::new", Some("new")),
    gone("PyDateTime", "new_bound_with_fold", Kind::Function, 24, "PyDateTime::new_with_fold", Some("new_with_fold")),
    gone("PyDateTime", "from_timestamp_bound", Kind::Function, 24, "PyDateTime::from_timestamp", Some("from_timestamp")),
    gone("PyTime", "new_bound", Kind::Function, 24, "PyTime::new", Some("new")),
    gone("PyTime", "new_bound_with_fold", Kind::Function, 24, "PyTime::new_with_fold", Some("new_with_fold")),
    gone("PyDelta", "new_bound", Kind::Function, 24, "PyDelta::new", Some("new")),
    gone("PyDict", "new_bound", Kind::Function, 24, "PyDict::new", Some("new")),
    gone("PyDict", "from_sequence_bound", Kind::Function, 24, "PyDict::from_sequence", Some("from_sequence")),
    gone("PyEllipsis", "get_bound", Kind::Function, 24, "PyEllipsis::get", Some("get")),
    gone("PyNone", "get_bound", Kind::Function, 24, "PyNone::get", Some("get")),
    gone("PyNotImplemented", "get_bound", Kind::Function, 24, "PyNotImplemented::get", Some("get")),
    gone("PyFloat", "new_bound", Kind::Function, 24, "PyFloat::new", Some("new")),
    gone("PyFrozenSet", "empty_bound", Kind::Function, 24, "PyFrozenSet::empty", Some("empty")),
    gone("PySet", "empty_bound", Kind::Function, 24, "PySet::empty", Some("empty")),
    gone("PyFrozenSet", "new_bound", Kind::Function, 24, "PyFrozenSet::new", None),
    gone("PySet", "new_bound", Kind::Function, 24, "PySet::new", None),
    gone("PyFrozenSetBuilder", "finalize_bound", Kind::Function, 24, "PyFrozenSetBuilder::finalize", Some("finalize")),
    gone("PyCFunction", "new_with_keywords_bound", Kind::Function, 24, "PyCFunction::new_with_keywords", Some("new_with_keywords")),
    gone("PyCFunction", "new_bound", Kind::Function, 24, "PyCFunction::new", Some("new")),
    gone("PyCFunction", "new_closure_bound", Kind::Function, 24, "PyCFunction::new_closure", Some("new_closure")),
    gone("PyIterator", "from_bound_object", Kind::Function, 24, "PyIterator::from_object", Some("from_object")),
    gone("PyList", "empty_bound", Kind::Function, 24, "PyList::empty", Some("empty")),
    gone("PyTuple", "empty_bound", Kind::Function, 24, "PyTuple::empty", Some("empty")),
    gone("PyList", "new_bound", Kind::Function, 24, "PyList::new", None),
    gone("PyTuple", "new_bound", Kind::Function, 24, "PyTuple::new", None),
    gone("PyModule", "new_bound", Kind::Function, 24, "PyModule::new", Some("new")),
    gone("PyModule", "import_bound", Kind::Function, 24, "PyModule::import", Some("import")),
    gone("PyModule", "from_code_bound", Kind::Function, 24, "PyModule::from_code, which takes `&CStr`", None),
    gone("PySlice", "new_bound", Kind::Function, 24, "PySlice::new", Some("new")),
    gone("PySlice", "full_bound", Kind::Function, 24, "PySlice::full", Some("full")),
    gone("PyString", "new_bound", Kind::Function, 24, "PyString::new", Some("new")),
    gone("PyString", "intern_bound", Kind::Function, 24, "PyString::intern", Some("intern")),
    gone("PyString", "from_object_bound", Kind::Function, 24, "PyString::from_object", Some("from_object")),
    gone("PySuper", "new_bound", Kind::Function, 24, "PySuper::new", Some("new")),
    gone("PyType", "new_bound", Kind::Function, 24, "PyType::new", Some("new")),
    gone("PyWeakrefReference", "new_bound", Kind::Function, 24, "PyWeakrefReference::new", Some("new")),
    gone("PyWeakrefReference", "new_bound_with", Kind::Function, 24, "PyWeakrefReference::new_with", Some("new_with")),
    gone("PyWeakrefProxy", "new_bound", Kind::Function, 24, "PyWeakrefProxy::new", Some("new")),
    gone("PyWeakrefProxy", "new_bound_with", Kind::Function, 24, "PyWeakrefProxy::new_with", Some("new_with")),
    gone("PyMemoryView", "from_bound", Kind::Function, 24, "PyMemoryView::from", Some("from")),
    gone("PyErr", "from_type_bound", Kind::Function, 24, "PyErr::from_type", None),
    gone("PyErr", "from_value_bound", Kind::Function, 24, "PyErr::from_value", None),
    gone("PyErr", "new_type_bound", Kind::Function, 24, "PyErr::new_type", None),
    gone("PyErr", "warn_bound", Kind::Function, 24, "PyErr::warn", None),
    gone("PyErr", "warn_explicit_bound", Kind::Function, 24, "PyErr::warn_explicit", None),
    gone("Python", "eval_bound", Kind::Function, 24, "Python::eval", None),
    gone("Python", "run_bound", Kind::Function, 24, "Python::run", None),
    gone("Python", "get_type_bound", Kind::Function, 24, "Python::get_type", Some("get_type")),
    gone("Python", "import_bound", Kind::Function, 24, "Python::import", Some("import")),
    gone("PyUnicodeDecodeError", "new_bound", Kind::Function, 24, "PyUnicodeDecodeError::new", Some("new")),
    gone("PyUnicodeDecodeError", "new_utf8_bound", Kind::Function, 24, "PyUnicodeDecodeError::new_utf8", Some("new_utf8")),
    gone("PyTzInfoAccess", "get_tzinfo_bound", Kind::Method, 24, "get_tzinfo", Some("get_tzinfo")),
    gone("", "timezone_utc_bound", Kind::Function, 24, "timezone_utc", Some("timezone_utc")),
    gone("", "dumps_bound", Kind::Function, 24, "dumps", Some("dumps")),
    gone("", "loads_bound", Kind::Function, 24, "loads", Some("loads")),
    gone("", "call_bound", Kind::Method, 24, "call", None),
    gone("", "call_method_bound", Kind::Method, 24, "call_method", None),
    gone("", "into_py_dict_bound", Kind::Method, 24, "into_py_dict", None),
    gone("", "get_type_bound", Kind::Method, 24, "get_type", None),
    gone("", "is_instance_bound", Kind::Method, 24, "is_instance", None),
    gone("", "traceback_bound", Kind::Method, 24, "traceback", None),
    gone("", "value_bound", Kind::Method, 24, "value", None),
    gone("", "write_unraisable_bound", Kind::Method, 24, "write_unraisable", None),
    gone("", "type_object_bound", Kind::Method, 24, "type_object", None),
    gone("", "is_type_of_bound", Kind::Method, 24, "is_type_of", None),
    gone("", "is_exact_type_of_bound", Kind::Method, 24, "is_exact_type_of", None),
    gone("", "into_py", Kind::Method, 24, "into_pyobject, which may fail and needs IntoPyObject", None),
    gone("", "to_object", Kind::Method, 24, "into_pyobject, which may fail and needs IntoPyObject", None),
    gone("", "is_ellipsis", Kind::Method, 24, "`is(py.Ellipsis())`", None),
    gone("", "get_object", Kind::Method, 24, "upgrade", None),
    gone("", "wrap_pyfunction_bound", Kind::Macro, 24, "wrap_pyfunction", Some("wrap_pyfunction")),
    gone("", "FromPyObjectBound", Kind::Trait, 26, "FromPyObject, with its second lifetime", None),
    gone("", "extract_bound", Kind::Method, 26, "extract, which takes a Borrowed", None),
    gone("Python", "with_gil", Kind::Function, 27, "Python::attach", Some("attach")),
    gone("Python", "with_gil_unchecked", Kind::Function, 27, "Python::attach_unchecked", Some("attach_unchecked")),
    gone("Python", "assume_gil_acquired", Kind::Function, 27, "Python::assume_attached", Some("assume_attached")),
    gone("", "allow_threads", Kind::Method, 27, "detach", Some("detach")),
    gone("", "prepare_freethreaded_python", Kind::Free, 27, "Python::initialize", None),
    gone("", "GILOnceCell", Kind::Type, 27, "PyOnceLock", Some("PyOnceLock")),
    gone("", "GILProtected", Kind::Type, 27, "Mutex, with MutexExt to lock it", None),
    gone("", "PyObject", Kind::Type, 27, "Py<PyAny>", Some("Py<PyAny>")),
    gone("", "timezone_utc", Kind::Free, 27, "PyTzInfo::utc", None),
    gone("PyString", "from_object", Kind::Function, 27, "PyString::from_encoded_object", Some("from_encoded_object")),
    gone("", "DowncastError", Kind::Type, 28, "CastError", Some("CastError")),
    gone("", "DowncastIntoError", Kind::Type, 28, "CastIntoError", Some("CastIntoError")),
    gone("", "downcast", Kind::Method, 28, "cast", Some("cast")),
    gone("", "downcast_exact", Kind::Method, 28, "cast_exact", Some("cast_exact")),
    gone("", "downcast_into", Kind::Method, 28, "cast_into", Some("cast_into")),
    gone("", "downcast_into_exact", Kind::Method, 28, "cast_into_exact", Some("cast_into_exact")),
    gone("", "downcast_unchecked", Kind::Method, 28, "cast_unchecked", Some("cast_unchecked")),
    gone("", "downcast_into_unchecked", Kind::Method, 28, "cast_into_unchecked", Some("cast_into_unchecked")),
    gone("", "downcast_bound", Kind::Method, 28, "cast_bound", Some("cast_bound")),
    gone("", "downcast_bound_unchecked", Kind::Method, 28, "cast_bound_unchecked", Some("cast_bound_unchecked")),
    gone("", "import_exception_bound", Kind::Macro, 28, "import_exception", Some("import_exception")),
    gone("", "is_valid", Kind::Method, 28, "is_valid_checked, with the capsule's name", None),
    gone("Py", "from_owned_ptr", Kind::Function, 29, "Bound::from_owned_ptr", None),
    gone("Py", "from_owned_ptr_or_err", Kind::Function, 29, "Bound::from_owned_ptr_or_err", None),
    gone("Py", "from_owned_ptr_or_opt", Kind::Function, 29, "Bound::from_owned_ptr_or_opt", None),
    gone("Py", "from_borrowed_ptr", Kind::Function, 29, "Borrowed::from_borrowed_ptr", None),
    gone("Py", "from_borrowed_ptr_or_err", Kind::Function, 29, "Borrowed::from_borrowed_ptr_or_err", None),
    gone("Py", "from_borrowed_ptr_or_opt", Kind::Function, 29, "Borrowed::from_borrowed_ptr_or_opt", None),
    gone("", "with_critical_section", Kind::Free, 29, "pyo3::sync::critical_section::with_critical_section", None),
    gone("", "with_critical_section2", Kind::Free, 29, "pyo3::sync::critical_section::with_critical_section2", None),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn a_name_is_found_with_its_owner_and_without() {
        let instead = |owner, name| removed(owner, name).map(|row| (row.by().to_string(), row.instead));
        assert_eq!(instead("Python", "with_gil"), Some(("0.28".into(), "Python::attach")));
        assert_eq!(instead("", "with_gil"), Some(("0.28".into(), "Python::attach")));
        assert_eq!(instead("PyAny", "downcast"), Some(("0.29".into(), "cast")));
        assert_eq!(
            instead("PyString", "from_object"),
            Some(("0.28".into(), "PyString::from_encoded_object"))
        );
        assert_eq!(instead("PyIterator", "from_object"), None);
    }

    /// The sources of a `pyo3` of a line, where cargo keeps what it fetched.
    fn sources(minor: u16) -> Vec<String> {
        let home = std::env::home_dir().unwrap_or_default().join(".cargo");
        let home = std::env::var_os("CARGO_HOME").map_or(home, PathBuf::from);
        let pattern = home.join(format!("registry/src/*/pyo3-0.{minor}.*/src"));
        let found = glob::glob(&pattern.to_string_lossy()).expect("a pattern").flatten().last();
        let folder =
            found.unwrap_or_else(|| panic!("`cargo fetch` in a crate with pyo3 = \"0.{minor}\" is needed"));
        let mut texts = Vec::new();
        read(&folder, &mut texts);
        texts
    }

    fn read(folder: &Path, texts: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            match entry.path() {
                path if path.is_dir() => read(&path, texts),
                path => texts.push(std::fs::read_to_string(path).unwrap_or_default()),
            }
        }
    }

    /// How many public declarations of a name there are.
    fn declared(name: &str, kind: Kind, texts: &[String]) -> usize {
        let words: &[&str] = match kind {
            Kind::Type => &["pub struct", "pub type", "pub enum", "pub trait", "pub unsafe trait"],
            Kind::Trait => &["pub trait", "pub unsafe trait"],
            Kind::Free => &["pub fn", "pub unsafe fn"],
            Kind::Function | Kind::Method => &["fn"],
            Kind::Macro => &["macro_rules!"],
        };
        let of_line = |line: &str| {
            words.iter().any(|word| {
                let rest = line.split_once(&format!("{word} {name}")).map(|(_, rest)| rest);
                rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
            })
        };
        texts.iter().flat_map(|text| text.lines()).filter(|line| of_line(line)).count()
    }

    /// Needs nine releases of `pyo3` in cargo's cache, and so runs with `PYO3_MATRIX_SLOW=1` alone.
    #[test]
    fn every_row_is_what_the_sources_of_both_lines_say() {
        if std::env::var_os("PYO3_MATRIX_SLOW").is_none() {
            return;
        }
        let lines: BTreeMap<u16, Vec<String>> = (22..=30).map(|minor| (minor, sources(minor))).collect();
        for row in REMOVED {
            let count = |minor| declared(row.name, row.kind, &lines[&minor]);
            let (before, after) = (count(row.last), count(row.last + 1));
            assert!(after < before, "{}: {before} in 0.{}, {after} after it", row.shown(), row.last);
        }
        for row in ADDED.iter().filter(|row| row.first > 22) {
            let holds = |minor| lines[&minor].iter().any(|text| text.contains(&format!(" {}", row.name)));
            assert!(holds(row.first), "{} is not in 0.{}", row.name, row.first);
        }
    }
}
