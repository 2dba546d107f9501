//! Which files are a project's own? A folder in; what git tracks and what it would track, or without git what the ignore rules
//! leave, out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ignore::WalkBuilder;

use crate::model::fingerprint::is_built;
use crate::process::{Command, Exit, Processes};

/// The limit for asking git.
const LIMIT: Duration = Duration::from_secs(60);

/// What git tracks, submodules included.
const TRACKED: [&str; 4] = ["ls-files", "-z", "--cached", "--recurse-submodules"];

/// What git does not track, and does not ignore.
const OTHERS: [&str; 4] = ["ls-files", "-z", "--others", "--exclude-standard"];

/// Files that mark a cache, and a virtual environment: no file below is a project's own.
const MARKS: [&str; 2] = ["CACHEDIR.TAG", "pyvenv.cfg"];

/// Returns the files of the project in `root`, relative to it, in order. What a build left behind counts only where git tracks
/// it, and what the harness itself keeps in the folder `kept` never does, also where no rule ignores it.
pub fn files(root: &Path, kept: &Path, processes: &Processes) -> Vec<PathBuf> {
    let mut files = match git(root, &TRACKED, processes) {
        Some(tracked) => {
            let others = git(root, &OTHERS, processes).unwrap_or_default();
            tracked.into_iter().chain(others.into_iter().filter(|file| !leftover(file))).collect()
        }
        None => walked(root, kept),
    };
    // git lists what was removed and not committed yet, and a link to a folder as one file.
    files.retain(|file| !root.join(file).starts_with(kept) && root.join(file).exists());
    files.sort();
    files.dedup();
    files
}

/// The folder of the git checkout that holds `folder`.
#[must_use]
pub fn toplevel(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|above| above.join(".git").exists())
}

/// What git answers; none where there is no git, no checkout of it, or none of whose files are tracked: a source distribution
/// may lie below some other checkout, which ignores it.
fn git(root: &Path, question: &[&str], processes: &Processes) -> Option<Vec<PathBuf>> {
    toplevel(root)?;
    let asked = Command::new("git").args(question).folder(root).limit(LIMIT).run(processes).ok()?;
    let listed = asked.stdout.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from);
    let listed: Vec<PathBuf> = listed.collect();
    (asked.exit == Exit::Code(0) && (question != TRACKED || !listed.is_empty())).then_some(listed)
}

fn walked(root: &Path, kept: &Path) -> Vec<PathBuf> {
    let mut walk = WalkBuilder::new(root);
    // As git reads its rules; other tools' rules, and those above the project, are none of it.
    let walk = walk.hidden(false).ignore(false).parents(false).require_git(false).follow_links(true);
    let kept = kept.to_owned();
    let own = move |folder: &Path| {
        folder != kept && folder.file_name().is_none_or(|name| name != ".git") && !is_marked(folder)
    };
    let walk = walk.filter_entry(move |entry| entry.depth() == 0 || own(entry.path()));
    let mut found = Vec::new();
    for entry in walk.build() {
        // A link may lead nowhere, or round in a circle.
        let Ok(entry) = entry else { continue };
        let path = entry.path().strip_prefix(root).unwrap_or(entry.path());
        if entry.path().is_file() && !leftover(path) {
            found.push(path.to_owned());
        }
    }
    found
}

fn is_marked(folder: &Path) -> bool {
    MARKS.iter().any(|mark| folder.join(mark).is_file())
}

fn leftover(file: &Path) -> bool {
    file.components().any(|part| is_built(Path::new(part.as_os_str())))
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (file, text) in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        root
    }

    const FILES: [(&str, &str); 7] = [
        (".gitignore", "/made\n*.tmp\n"),
        ("src/lib.rs", ""),
        ("made/a.txt", ""),
        ("tests/data.tmp", ""),
        ("pkg/_native.cpython-312-x86_64-linux-gnu.so", ""),
        ("env/pyvenv.cfg", ""),
        ("env/lib/a.py", ""),
    ];

    #[test]
    fn without_git_the_ignore_rules_decide() {
        let root = project(&FILES);
        std::os::unix::fs::symlink("nowhere", root.path().join("dangling")).expect("a link");
        std::os::unix::fs::symlink(".", root.path().join("round")).expect("a link");
        fs::create_dir_all(root.path().join("target/matrix")).expect("made");
        fs::write(root.path().join("target/matrix/kept.txt"), "").expect("written");
        let found = walked(root.path(), &root.path().join("target/matrix"));
        let mut found: Vec<_> = found.iter().map(|file| file.display().to_string()).collect();
        found.sort();
        assert_eq!(found, [".gitignore", "src/lib.rs"]);
    }
}
