//! Which files does a wheel install? The wheel in, path → SHA-256 out; a cell has to find exactly these files.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use fs_err::File;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::model::fingerprint::hex;

/// Reads a wheel. Two kinds of files are left out: the list of files, which every installer writes again, and files
/// that installers put outside of the packages (scripts, headers, data).
pub fn read(wheel: &Path) -> io::Result<BTreeMap<String, String>> {
    let broken = |error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", wheel.display()))
    };
    let mut archive = ZipArchive::new(File::open(wheel)?).map_err(|error| broken(&error))?;
    let mut members = BTreeMap::new();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).map_err(|error| broken(&error))?;
        let Some(path) = installed(member.name()).filter(|_| member.is_file()).map(str::to_owned) else {
            continue;
        };
        let mut hash = Sha256::new();
        io::copy(&mut member, &mut hash).map_err(|error| broken(&error))?;
        members.insert(path, hex(&hash.finalize()));
    }
    Ok(members)
}

/// Where a member is installed, beside the packages; none where it is not.
/// The folders are those of the binary distribution format:
/// <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>.
fn installed(member: &str) -> Option<&str> {
    let (top, rest) = member.split_once('/').unwrap_or(("", member));
    if top.ends_with(".dist-info") && ["RECORD", "RECORD.jws", "RECORD.p7s"].contains(&rest) {
        return None;
    }
    if Path::new(top).extension().is_none_or(|suffix| suffix != "data") {
        return Some(member);
    }
    ["purelib/", "platlib/"].iter().find_map(|library| rest.strip_prefix(library))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn wheel(members: &[&str]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut writer = zip::ZipWriter::new(file.reopen().expect("the file"));
        writer.add_directory("ours/", SimpleFileOptions::default()).expect("added");
        for name in members {
            writer.start_file(*name, SimpleFileOptions::default()).expect("begun");
            writer.write_all(b"abc").expect("written");
        }
        writer.finish().expect("finished");
        file
    }

    #[test]
    fn the_members_of_a_wheel_are_those_that_a_cell_finds_beside_its_packages() {
        let file = wheel(&[
            "ours/_x.so",
            "top.py",
            "ours-1.dist-info/METADATA",
            "ours-1.dist-info/RECORD",
            "ours-1.data/platlib/ours/y.py",
            "ours-1.data/purelib/z.py",
            "ours-1.data/scripts/run",
        ]);
        let members = read(file.path()).expect("a wheel");
        let names: Vec<&str> = members.keys().map(String::as_str).collect();
        assert_eq!(names, ["ours-1.dist-info/METADATA", "ours/_x.so", "ours/y.py", "top.py", "z.py"]);
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(members.values().all(|hash| hash == sha256), "of `abc`, as FIPS 180-2 has it");
    }

    #[test]
    fn a_wheel_that_is_cut_short_is_named() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs_err::write(file.path(), "PK").expect("written");
        let message = read(file.path()).expect_err("no wheel").to_string();
        assert!(message.contains(&file.path().display().to_string()), "{message}");
    }
}
