//! What was a kept wheel made from? The label beside it, its key, and which wheels an order may take.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::build::audit;
use crate::model::cell::{CellId, WheelId};
use crate::model::document;
use crate::model::fingerprint::Fingerprint;
use crate::model::stable::Stable;
use crate::provision::tools::Tools;

/// The name of a wheel's [`Label`].
pub const LABEL: &str = "wheel.json";

/// `wheel.json`, beside the wheel: everything that its key was made from.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Label {
    pub schema_version: u32,
    pub wheel: String,
    pub file: String,
    /// SHA-256 of the wheel's file when it was built.
    #[serde(default)]
    pub sha256: String,
    pub interpreter: String,
    pub soabi: String,
    pub toolchain: String,
    pub maturin: String,
    /// Environment variables that change a build: name → SHA-256 of the value.
    pub variables: BTreeMap<String, String>,
    pub sources: String,
    /// The crates that cargo compiled: name → version.
    #[serde(default)]
    pub compiled: BTreeMap<String, String>,
    /// What the audit of a wheel of the stable ABI said, or why there can be none. None where nothing looked at it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<String>,
}

impl Label {
    /// The key under which its wheel is kept: everything that can change a build.
    pub fn key(&self) -> String {
        let variables: Vec<_> = self.variables.iter().map(|(name, hash)| format!("{name} {hash}")).collect();
        let print = Fingerprint::default()
            .with("wheel", &self.wheel)
            .with("interpreter", &self.interpreter)
            .with("soabi", &self.soabi)
            .with("toolchain", &self.toolchain)
            .with("maturin", &self.maturin)
            .with("variables", variables.join("\n"))
            .with("sources", &self.sources);
        format!("{}-{}", self.wheel, &print.hex()[..16])
    }

    /// Whether it says what a wheel is made of, and that it was audited if its tag promises a stable ABI and `tools` can audit.
    pub fn is_whole(&self, tools: &Tools) -> bool {
        !self.compiled.is_empty() && (self.was_audited() || tools.version(audit::TOOL).is_none())
    }

    fn was_audited(&self) -> bool {
        self.audit.is_some() || self.stable().is_none()
    }

    /// The (Python, line) that built the wheel.
    pub fn builder(&self) -> Option<WheelId> {
        // An id without releases and choices.
        self.wheel.parse().ok().as_ref().map(CellId::wheel)
    }

    /// What the tag of the wheel promises.
    pub fn stable(&self) -> Option<Stable> {
        Stable::of_wheel(&self.file)
    }

    /// Whether a wheel with this label is as good as one that `order` would build on a newer Python than its own.
    pub fn serves(&self, order: &Label) -> bool {
        let parts = |label: &Label| {
            let Label { toolchain, maturin, variables, sources, .. } = label;
            (toolchain.clone(), maturin.clone(), variables.clone(), sources.clone())
        };
        let (Some(own), Some(asked)) = (self.builder(), order.builder()) else { return false };
        own.line == asked.line
            && own.python < asked.python
            && self.stable().is_some_and(|stable| stable.serves(asked.python))
            && parts(self) == parts(order)
    }
}

/// Returns the keys of the kept wheels that an order of this label may take, the best first: of those of the stable ABI the
/// one that the oldest Python built, and at last the order's own.
pub(super) fn acceptable(wheels: &Path, order: &Label) -> io::Result<Vec<String>> {
    let mut keys: Vec<(WheelId, String)> = Vec::new();
    if wheels.is_dir() {
        for entry in fs::read_dir(wheels)?.flatten() {
            let label = document::read::<Label>(&entry.path().join(LABEL)).ok().flatten();
            let Some(label) = label.filter(|label| label.serves(order)) else { continue };
            keys.extend(label.builder().map(|builder| (builder, label.key())));
        }
    }
    keys.sort();
    Ok(keys.into_iter().map(|(_, key)| key).chain([order.key()]).collect())
}

/// Removes wheels whose label still holds the values of variables, as labels once did: a token may be among them.
pub(super) fn forget_values(wheels: &Path) -> io::Result<()> {
    for entry in fs::read_dir(wheels)?.flatten() {
        let label = document::read::<serde_json::Value>(&entry.path().join(LABEL)).ok().flatten();
        if label.is_some_and(|label| label.get("flags").is_some()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_label() -> Label {
        Label {
            schema_version: 1,
            wheel: "py3.12-pyo3_0.30".into(),
            file: String::new(),
            sha256: String::new(),
            interpreter: "3.12.1".into(),
            soabi: "cpython-312".into(),
            toolchain: "rustc 1".into(),
            maturin: "1".into(),
            variables: BTreeMap::new(),
            sources: "abc".into(),
            compiled: BTreeMap::new(),
            audit: None,
        }
    }

    #[test]
    fn a_kept_wheel_whose_label_holds_values_is_removed_and_others_stay() {
        let wheels = tempfile::tempdir().expect("a folder");
        let old = r#"{"schema_version": 1, "flags": "MATURIN_PYPI_TOKEN=pypi-hush"}"#;
        let new = serde_json::to_string(&some_label()).expect("JSON");
        for (name, label) in [("old", old), ("new", &new), ("cut-short", "{")] {
            fs::create_dir(wheels.path().join(name)).expect("made");
            fs::write(wheels.path().join(name).join(LABEL), label).expect("written");
        }
        forget_values(wheels.path()).expect("forgotten");
        let there = |name: &str| wheels.path().join(name).exists();
        assert_eq!((there("old"), there("new"), there("cut-short")), (false, true, true));
    }

    /// Which of these the order of a wheel for Python 3.12 takes, each by builder and file.
    fn taken(kept: &[(&str, &str)]) -> Vec<String> {
        let wheels = tempfile::tempdir().expect("a folder");
        for (builder, file) in kept {
            let label = Label { wheel: (*builder).into(), file: (*file).into(), ..some_label() };
            fs::create_dir(wheels.path().join(label.key())).expect("made");
            document::write(&wheels.path().join(label.key()).join(LABEL), &label).expect("written");
        }
        let keys = acceptable(wheels.path(), &some_label()).expect("a list");
        keys.iter().map(|key| key.rsplit_once('-').expect("a key").0.to_owned()).collect()
    }

    #[test]
    fn an_order_takes_the_kept_wheel_of_the_stable_abi_that_the_oldest_python_built() {
        let abi3 = "x-1-cp310-abi3-linux_x86_64.whl";
        assert_eq!(taken(&[]), ["py3.12-pyo3_0.30"]);
        let kept = [("py3.11-pyo3_0.30", abi3), ("py3.10-pyo3_0.30", abi3)];
        assert_eq!(taken(&kept), ["py3.10-pyo3_0.30", "py3.11-pyo3_0.30", "py3.12-pyo3_0.30"]);
    }

    #[test]
    fn an_order_takes_no_kept_wheel_that_its_python_would_not_have_built_alike() {
        let others = [
            ("py3.11-pyo3_0.30", "x-1-cp311-cp311-linux_x86_64.whl"),
            ("py3.11-pyo3_0.29", "x-1-cp310-abi3-linux_x86_64.whl"),
            ("py3.13-pyo3_0.30", "x-1-cp310-abi3-linux_x86_64.whl"),
            ("py3.10-pyo3_0.30", "x-1-cp315-abi3-linux_x86_64.whl"),
        ];
        assert_eq!(taken(&others), ["py3.12-pyo3_0.30"]);
        let edits: [fn(&mut Label); 4] = [
            |l| l.toolchain.push('x'),
            |l| l.maturin.push('x'),
            |l| drop(l.variables.insert("RUSTFLAGS".into(), "x".into())),
            |l| l.sources.push('x'),
        ];
        let file = "x-1-cp310-abi3-linux_x86_64.whl";
        let mut kept = Label { wheel: "py3.11-pyo3_0.30".into(), file: file.into(), ..some_label() };
        assert!(kept.serves(&some_label()));
        for edit in edits {
            edit(&mut kept);
            assert!(!kept.serves(&some_label()), "{kept:?}");
            kept = Label { wheel: kept.wheel, file: kept.file, ..some_label() };
        }
    }

    #[test]
    fn a_wheel_of_the_stable_abi_that_was_never_audited_is_no_kept_wheel() {
        let compiled = BTreeMap::from([("pyo3".to_owned(), "0.30.1".to_owned())]);
        let plain = Label { file: "x-1-cp312-cp312-l.whl".into(), compiled, ..some_label() };
        assert!(plain.was_audited());
        let stable = Label { file: "x-1-cp312-abi3-l.whl".into(), ..plain };
        assert!(!stable.was_audited());
        assert!(Label { audit: Some("abi3audit found no violation".into()), ..stable }.was_audited());
    }

    #[test]
    fn every_part_of_the_label_that_goes_into_a_build_changes_the_key() {
        let base = some_label().key();
        let change = |edit: fn(&mut Label)| {
            let mut label = some_label();
            edit(&mut label);
            label.key()
        };
        let edits: [fn(&mut Label); 7] = [
            |l| l.wheel.push('x'),
            |l| l.interpreter.push('x'),
            |l| l.soabi.push('x'),
            |l| l.toolchain.push('x'),
            |l| l.maturin.push('x'),
            |l| drop(l.variables.insert("RUSTFLAGS".into(), "x".into())),
            |l| l.sources.push('x'),
        ];
        assert!(edits.into_iter().all(|edit| change(edit) != base));
        assert_eq!(change(|l| l.file.push('x')), base);
    }
}
