//! Will this project's wheels be of the stable ABI? Its manifests and `[tool.maturin]` in, the promises of their tags out.
//! Nothing is built: the tag of the wheel that was built has the last word.

use pyo3_doctor::pyo3_features;

use crate::config::Config;
use crate::model::stable::Stable;

/// Foretells the promises. A project that cannot be read promises nothing; its build will say why.
#[must_use]
pub fn foretell(config: &Config) -> Vec<Stable> {
    let pyproject = config.root.join(&config.extension.pyproject);
    let Some(folder) = pyproject.parent() else { return Vec::new() };
    let features = pyo3_features(folder, &config.root.join(&config.extension.manifest)).unwrap_or_default();
    Stable::of_features(&features)
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;

    /// What a project with this dependency, these features and these features of maturin promises.
    fn check(dependency: &str, features: &str, maturin: &str) -> Vec<String> {
        let root = tempfile::tempdir().expect("a folder");
        let text = include_str!("../../../../examples/hello/matrix.toml");
        let config = Config::parse(text, "matrix.toml".as_ref(), root.path().into()).expect("a valid config");
        let manifest = format!(
            "[workspace]\n[package]\nname = \"ours\"\nversion = \"0.1.0\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
             [features]\n{features}\n[dependencies]\npyo3 = {dependency}\n"
        );
        fs::create_dir(root.path().join("src")).expect("made");
        fs::write(root.path().join("src/lib.rs"), "").expect("written");
        fs::write(root.path().join("Cargo.toml"), manifest).expect("written");
        let pyproject = format!(
            "[build-system]\nrequires = [\"maturin\"]\nbuild-backend = \"maturin\"\n[project]\nname = \"ours\"\n\
             [tool.maturin]\nfeatures = [{maturin}]\n"
        );
        fs::write(root.path().join("pyproject.toml"), pyproject).expect("written");
        foretell(&config).iter().map(Stable::to_string).collect()
    }

    #[test]
    fn the_stable_abi_is_seen_wherever_a_build_turns_it_on() {
        let plain = "\"0.30\"";
        let abi3 = "{ version = \"0.30\", features = [\"abi3-py311\"] }";
        assert_eq!(check(abi3, "", ""), ["cp311-abi3"]);
        assert_eq!(check(plain, "", "\"pyo3/abi3-py312\""), ["cp312-abi3"]);
        assert_eq!(check(plain, "stable = [\"pyo3/abi3\"]", "\"stable\""), ["abi3"]);
        assert_eq!(check(plain, "default = [\"stable\"]\nstable = [\"pyo3/abi3\"]", ""), ["abi3"]);
        assert_eq!(check(plain, "stable = [\"pyo3/abi3\"]", ""), [""; 0], "nothing turns it on");
    }

    #[test]
    fn a_project_that_cannot_be_read_promises_nothing() {
        let text = include_str!("../../../../examples/hello/matrix.toml");
        let root = tempfile::tempdir().expect("a folder");
        let config = Config::parse(text, "matrix.toml".as_ref(), root.path().into()).expect("a valid config");
        assert_eq!(foretell(&config), []);
    }
}
