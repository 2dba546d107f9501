//! Which workspace is the extension built in? Its nearest root, which cargo finds as well, reduced to only the
//! extension.

use std::path::{Path, PathBuf};

use fs_err as fs;
use toml::{Table, Value};

use crate::config::Config;
use crate::model::fingerprint::naming;

/// The name of a manifest.
pub const MANIFEST: &str = "Cargo.toml";

/// The other files that cargo reads from a checkout: flags and profiles for every build in it.
const SETTINGS: [&str; 2] = [".cargo/config.toml", ".cargo/config"];

/// The workspace of the extension.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The place of its root manifest, relative to the checkout. Without a workspace it is the extension's own
    /// manifest.
    pub manifest: PathBuf,
    /// The content of that manifest. Its profiles, patches and lints also apply to a line's project.
    table: Table,
}

impl Workspace {
    /// Returns the nearest manifest with a `[workspace]`. It looks from the extension's own manifest upwards, but not
    /// above the checkout.
    pub fn of(config: &Config) -> std::io::Result<Workspace> {
        let own = &config.extension.manifest;
        for folder in config.extension.folder().ancestors() {
            let manifest = folder.join(MANIFEST);
            if config.root.join(&manifest).is_file() {
                let table = read(&config.root.join(&manifest))?;
                if table.contains_key("workspace") {
                    return Ok(Workspace { manifest, table });
                }
            }
        }
        Ok(Workspace { manifest: own.clone(), table: read(&config.root.join(own))? })
    }

    /// The folder that holds its root manifest and its lock, relative to the checkout.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new(""))
    }

    /// Returns the dependencies that its members can inherit.
    #[must_use]
    pub fn dependencies(&self) -> Option<&Table> {
        self.table.get("workspace")?.get("dependencies")?.as_table()
    }

    /// Returns the root manifest with `extension`, the folder of a crate, as its only member.
    #[must_use]
    pub fn reduced(&self, extension: &Path) -> String {
        let mut manifest = self.table.clone();
        let workspace = manifest.entry("workspace").or_insert_with(|| Value::Table(Table::new()));
        if let Some(workspace) = workspace.as_table_mut() {
            let member = extension.strip_prefix(self.folder()).unwrap_or(extension);
            // A crate at the root is a member without being named.
            let members = [member].into_iter().filter(|member| !member.as_os_str().is_empty());
            let members = members.map(|member| member.to_string_lossy().into_owned().into()).collect();
            workspace.insert("members".into(), Value::Array(members));
            workspace.remove("default-members");
        }
        manifest.to_string()
    }
}

/// Returns the cargo settings of the checkout. Settings above the checkout belong to the machine.
#[must_use]
pub fn settings(config: &Config) -> Vec<PathBuf> {
    SETTINGS.iter().map(PathBuf::from).filter(|path| config.root.join(path).is_file()).collect()
}

/// Reads a manifest.
pub fn read(path: &Path) -> std::io::Result<Table> {
    let invalid = |error: toml::de::Error| std::io::Error::new(std::io::ErrorKind::InvalidData, error);
    let text = fs::read_to_string(path)?;
    text.parse().map_err(invalid).map_err(|error| naming(&error, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::line::keep;

    /// The workspace of a checkout with these manifests, and the reduced root manifest.
    fn workspace(extension: &str, manifests: &[(&str, &str)]) -> (Workspace, Table) {
        let root = tempfile::tempdir().expect("a folder");
        let text = include_str!("../../../../matrix.toml");
        let config = Config::parse(text, "matrix.toml".as_ref(), root.path().into());
        let mut config = config.expect("a valid config");
        config.extension.manifest = extension.into();
        for (path, text) in manifests {
            keep(&root.path().join(path), text.as_bytes()).expect("written");
        }
        let workspace = Workspace::of(&config).expect("a workspace");
        let reduced = workspace.reduced(config.extension.folder()).parse().expect("TOML");
        (workspace, reduced)
    }

    const CRATE: &str = "[package]\nname = \"ours\"\n[profile.release]\nlto = true\n";

    #[test]
    fn a_crate_of_no_workspace_is_one_of_its_own() {
        let (found, reduced) = workspace("Cargo.toml", &[("Cargo.toml", CRATE)]);
        assert_eq!(found.folder(), Path::new(""));
        assert_eq!(reduced["workspace"]["members"].as_array().map(Vec::len), Some(0));
        assert_eq!(reduced["profile"]["release"]["lto"].as_bool(), Some(true));
    }

    #[test]
    fn a_crate_below_a_checkout_that_is_none_is_a_workspace_where_it_stands() {
        for others in [&[][..], &[("Cargo.toml", "[package]\nname = \"theirs\"\n")]] {
            let manifests: Vec<_> = [("rust/Cargo.toml", CRATE)].iter().chain(others).copied().collect();
            let (found, reduced) = workspace("rust/Cargo.toml", &manifests);
            assert_eq!(found.manifest, Path::new("rust/Cargo.toml"));
            assert_eq!(reduced["package"]["name"].as_str(), Some("ours"));
            assert!(reduced.contains_key("workspace"));
        }
    }

    #[test]
    fn a_member_stays_the_only_one_and_the_root_package_beside_other_members_names_none() {
        let root = "[workspace]\nmembers = [\"a\", \"b/c\"]\ndefault-members = [\"a\"]\n";
        let (found, reduced) =
            workspace("b/c/Cargo.toml", &[("Cargo.toml", root), ("b/c/Cargo.toml", CRATE)]);
        assert_eq!(found.manifest, Path::new("Cargo.toml"));
        assert_eq!(reduced["workspace"]["members"].as_array(), Some(&vec!["b/c".into()]));
        assert!(reduced["workspace"].get("default-members").is_none());
        let (_, reduced) = workspace("Cargo.toml", &[("Cargo.toml", &format!("{root}{CRATE}"))]);
        assert_eq!(reduced["workspace"]["members"].as_array().map(Vec::len), Some(0));
    }
}
