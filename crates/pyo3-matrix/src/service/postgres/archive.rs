//! Is this tarball the pinned one, and what is in it? It is checked first, then unpacked, and no file lands outside
//! its folder.

use std::fs::{File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha512};
use tar::{Archive, EntryType};

use crate::provision::ProvisionError;
use crate::provision::cache::make_open;

/// The folder of the server programs inside the package.
const INNER: &str = "package/native";

/// npm keeps no symbolic links; this file of the package lists them.
const LINKS: &str = "pg-symlinks.json";

#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Compares `tarball` with npm's integrity value, and removes it if they differ.
pub fn verify(tarball: &Path, expected: &str, what: &str) -> Result<(), ProvisionError> {
    let got = integrity(tarball).map_err(ProvisionError::disk("cannot read", tarball))?;
    if got == expected {
        return Ok(());
    }
    std::fs::remove_file(tarball).map_err(ProvisionError::disk("cannot remove", tarball))?;
    Err(ProvisionError::Checksum { what: what.into(), expected: expected.into(), got })
}

fn integrity(file: &Path) -> io::Result<String> {
    let mut digest = Sha512::new();
    let mut file = File::open(file)?;
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(format!("sha512-{}", STANDARD.encode(digest.finalize()))),
            read => digest.update(&block[..read]),
        }
    }
}

/// Unpacks the server programs of `tarball` into the new folder `into`, readable by every user.
pub fn unpack(tarball: &Path, into: &Path, what: &str) -> Result<(), ProvisionError> {
    let unreadable = ProvisionError::disk("cannot unpack", tarball);
    let refused = |reason| ProvisionError::Archive { what: what.into(), reason };
    make_open(into)?;
    match extract(tarball, into).and_then(|()| restore_links(into)) {
        Ok(()) => Ok(()),
        Err(Unpack::Disk(error)) => Err(unreadable(error)),
        Err(Unpack::Refused(reason)) => Err(refused(reason)),
    }
}

enum Unpack {
    Disk(io::Error),
    Refused(String),
}

impl From<io::Error> for Unpack {
    fn from(error: io::Error) -> Self {
        Unpack::Disk(error)
    }
}

fn extract(tarball: &Path, into: &Path) -> Result<(), Unpack> {
    let mut archive = Archive::new(GzDecoder::new(File::open(tarball)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let refused = |why: &str| Unpack::Refused(format!("`{}` {why}", path.display()));
        let inside = plain(&path).ok_or_else(|| refused("leads outside of the package"))?;
        let Ok(inside) = inside.strip_prefix(INNER) else { continue };
        let target = into.join(inside);
        match entry.header().entry_type() {
            EntryType::Directory => make_folder(&target)?,
            EntryType::Regular => {
                make_folder(target.parent().unwrap_or(into))?;
                io::copy(&mut entry, &mut File::create_new(&target)?)?;
                let runs = entry.header().mode()? & 0o111 != 0 || inside.starts_with("bin");
                std::fs::set_permissions(&target, Permissions::from_mode(if runs { 0o755 } else { 0o644 }))?;
            }
            _ => return Err(refused("is neither a file nor a folder")),
        }
    }
    Ok(())
}

fn make_folder(folder: &Path) -> Result<(), Unpack> {
    make_open(folder).map_err(|error| match error {
        ProvisionError::Disk { source, .. } => Unpack::Disk(source),
        other => Unpack::Refused(other.to_string()),
    })
}

fn restore_links(into: &Path) -> Result<(), Unpack> {
    let file = into.join(LINKS);
    if !file.is_file() {
        return Ok(());
    }
    let broken = |error: serde_json::Error| Unpack::Refused(format!("{LINKS}: {error}"));
    let links: Vec<Link> = serde_json::from_str(&std::fs::read_to_string(file)?).map_err(broken)?;
    for Link { source, target } in links {
        let inside = |path: &Path| Some(plain(path)?.strip_prefix("native").ok()?.to_owned());
        let (Some(source), Some(target)) = (inside(&source), inside(&target)) else {
            return Err(Unpack::Refused(format!("{LINKS}: a link leads outside of the package")));
        };
        let up: PathBuf = target.components().skip(1).map(|_| Component::ParentDir).collect();
        match symlink(up.join(&source), into.join(&target)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Returns `path` if it only goes down; None if it is absolute or climbs.
fn plain(path: &Path) -> Option<&Path> {
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// Makes a tarball of regular files. The names are written as given, however wrong they are.
    fn tarball(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
        let path = folder.join("x.tgz");
        let mut archive =
            tar::Builder::new(GzEncoder::new(File::create(&path).expect("a file"), Compression::fast()));
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(text.len() as u64);
            header.set_mode(0o600);
            header.set_entry_type(EntryType::Regular);
            header.set_cksum();
            archive.append(&header, text.as_bytes()).expect("an entry");
        }
        archive.into_inner().and_then(GzEncoder::finish).expect("an archive");
        path
    }

    fn check(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<(), String>) {
        let root = tempfile::tempdir().expect("a folder");
        let done = unpack(&tarball(root.path(), files), &root.path().join("a/server"), "it");
        (root, done.map_err(|error| error.to_string()))
    }

    #[test]
    fn a_server_is_unpacked_with_its_links_and_can_be_read_by_everyone() {
        let links = r#"[{"source":"native/lib/libpq.so.5.16","target":"native/lib/libpq.so"}]"#;
        let (root, done) = check(&[
            ("package/package.json", "{}"),
            ("package/native/bin/postgres", "#!"),
            ("package/native/lib/libpq.so.5.16", "elf"),
            ("package/native/pg-symlinks.json", links),
        ]);
        assert_eq!(done, Ok(()));
        let server = root.path().join("a/server");
        let mode = |path: &str| server.join(path).metadata().expect(path).permissions().mode() & 0o777;
        assert_eq!((mode("bin/postgres"), mode("lib"), mode("lib/libpq.so.5.16")), (0o755, 0o755, 0o644));
        assert_eq!(std::fs::read_to_string(server.join("lib/libpq.so")).expect("a link"), "elf");
    }

    #[test]
    fn a_path_that_leads_outside_is_refused() {
        for name in ["package/native/../../../evil", "/evil", "../evil"] {
            let (root, done) = check(&[(name, "x")]);
            assert_eq!(
                done,
                Err(format!("it is not a package as expected: `{name}` leads outside of the package"))
            );
            assert!(!root.path().join("evil").exists());
        }
    }

    #[test]
    fn a_link_that_leads_outside_is_refused() {
        let links = r#"[{"source":"native/../../evil","target":"native/lib/x"}]"#;
        let (_root, done) = check(&[("package/native/pg-symlinks.json", links)]);
        assert!(done.expect_err("refused").contains("a link leads outside"));
    }

    #[test]
    fn a_tarball_with_another_checksum_is_removed_and_both_are_named() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("x");
        std::fs::write(&path, "abc").expect("a file");
        let right =
            "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
        verify(&path, right, "it").expect("the right one");
        let text = verify(&path, "sha512-AAAA", "it").expect_err("the wrong one").to_string();
        assert!(text.contains("expected sha512-AAAA\n") && text.contains(right), "{text}");
        assert!(!path.exists());
    }
}
