//! How far is the build of a wheel? cargo's messages as they come in; crates done, of how many, out.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use fs_err as fs;
use serde::Deserialize;

use crate::build::artifacts::named;
use crate::model::cell::WheelId;
use crate::model::event::Event;
use crate::process::Command;
use crate::provision::Context;

/// How often cargo's messages are looked at.
const POLL: Duration = Duration::from_millis(300);

/// How long a build is silent at most.
const BEAT: Duration = Duration::from_secs(1);

/// How long cargo has to list the crates of a build. It answers at once.
const LIMIT: Duration = Duration::from_secs(20);

/// What follows the name of the file of messages: the file in which `cargo.sh` keeps the arguments of the build.
const ARGUMENTS: &str = "arguments";

/// A build whose progress is told.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    pub id: WheelId,
    /// Where cargo's messages are written.
    pub messages: &'a Path,
    /// The folder of the project that is built.
    pub folder: &'a Path,
}

/// Runs `build`, and tells meanwhile how far it is.
pub fn told<T>(watched: Watched<'_>, context: &Context<'_>, build: impl FnOnce() -> T) -> T {
    let crates = Crates::default();
    let watch = Watch { watched, context, begun: Instant::now(), crates, of: None };
    std::thread::scope(|scope| {
        let (ended, end) = channel::<()>();
        scope.spawn(move || watch.run(&end));
        let result = build();
        drop(ended);
        result
    })
}

/// A look at one build.
struct Watch<'a, 'p> {
    watched: Watched<'a>,
    context: &'a Context<'p>,
    begun: Instant,
    crates: Crates,
    /// How many crates the build has, once cargo has said it.
    of: Option<usize>,
}

impl Watch<'_, '_> {
    /// Looks until the build has ended.
    fn run(mut self, end: &Receiver<()>) {
        let (mut file, mut told) = (None, None::<Instant>);
        while end.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
            if file.is_none() {
                file = File::open(self.watched.messages).ok();
            }
            let Some(file) = &mut file else { continue };
            let is_new = self.crates.read(file);
            // Its first message says that all crates are there: to list them takes no network any more.
            if is_new && self.of.is_none() {
                self.of = self.count();
            }
            let is_due = is_new || told.is_none_or(|told| told.elapsed() >= BEAT);
            if is_due && self.crates.done() > 0 {
                self.tell();
                told = Some(Instant::now());
            }
        }
        let _ = fs::remove_file(self.arguments());
    }

    fn tell(&self) {
        let done = self.crates.done();
        // cargo's list and its messages are two answers: more is never done than there is.
        let of = self.of.map(|of| of.max(done));
        let (id, name, took) = (self.watched.id, self.crates.last.as_str(), self.begun.elapsed());
        (self.context.tell)(&Event::Compiling { id, done, of, name, took });
    }

    fn arguments(&self) -> PathBuf {
        self.watched.messages.with_extension(ARGUMENTS)
    }

    /// Asks cargo which crates the build has, for its target and its features. None where cargo does not say it.
    fn count(&self) -> Option<usize> {
        let arguments = fs::read_to_string(self.arguments()).ok()?;
        let tree = ["tree", "--offline", "--locked", "--edges", "normal,build", "--prefix", "none"];
        let command = Command::new("cargo").args(tree).args(["--format", "{p}"]).args(chosen(&arguments));
        let listed = command.folder(self.watched.folder).limit(LIMIT).check(self.context.processes).ok()?;
        Some(packages(&listed.stdout)).filter(|count| *count > 0)
    }
}

/// The crates that cargo has done so far.
#[derive(Default)]
struct Crates {
    /// The ids of their packages.
    ids: BTreeSet<String>,
    /// The name of the last one.
    last: String,
    /// The beginning of a message whose end is not written yet.
    rest: Vec<u8>,
}

/// A message of cargo. Only artifacts name a package and a target.
#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

impl Crates {
    /// Reads what was written since the last time. Returns whether a crate is done since.
    fn read(&mut self, from: &mut impl Read) -> bool {
        let before = self.ids.len();
        // What cannot be read now is read the next time.
        let _ = from.read_to_end(&mut self.rest);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.add(&line);
        }
        self.ids.len() > before
    }

    fn add(&mut self, line: &[u8]) {
        let Ok(message) = serde_json::from_slice::<Message>(line) else { return };
        // A build script is compiled before its crate.
        let is_script =
            message.target.is_some_and(|target| target.kind.iter().any(|kind| kind == "custom-build"));
        if message.reason != "compiler-artifact" || is_script {
            return;
        }
        if let Some(id) = message.package_id {
            named(&id).map_or("", |(name, _)| name).clone_into(&mut self.last);
            self.ids.insert(id);
        }
    }

    fn done(&self) -> usize {
        self.ids.len()
    }
}

/// Those of a build's arguments, one per line, that decide which crates it has.
fn chosen(arguments: &str) -> Vec<&str> {
    const PAIRS: [&str; 3] = ["--manifest-path", "--features", "--target"];
    const ALONE: [&str; 2] = ["--no-default-features", "--all-features"];
    // What follows is for rustc.
    let mut arguments = arguments.lines().take_while(|argument| *argument != "--");
    let mut chosen = Vec::new();
    while let Some(argument) = arguments.next() {
        let name = argument.split('=').next().unwrap_or_default();
        if PAIRS.contains(&argument) {
            chosen.push(argument);
            chosen.extend(arguments.next());
        } else if ALONE.contains(&argument) || PAIRS.contains(&name) {
            chosen.push(argument);
        }
    }
    chosen
}

/// Counts the packages of `cargo tree`, which names one as often as it is needed.
fn packages(tree: &str) -> usize {
    let packages = tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty());
    packages.collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(id: &str, kind: &str) -> String {
        format!(
            "{{\"reason\":\"compiler-artifact\",\"package_id\":\"registry+https://example.org/index#{id}\",\
             \"target\":{{\"kind\":[\"{kind}\"],\"name\":\"x\"}}}}\n"
        )
    }

    #[test]
    fn a_crate_is_done_with_its_library_and_counts_once() {
        let mut crates = Crates::default();
        assert!(!crates.read(&mut artifact("libc@0.2.1", "custom-build").as_bytes()));
        assert!(crates.read(&mut artifact("libc@0.2.1", "lib").as_bytes()));
        // For the machine that builds, and for the one that is built for.
        assert!(!crates.read(&mut artifact("libc@0.2.1", "lib").as_bytes()));
        assert!(crates.read(&mut artifact("pyo3-macros@0.30.1", "proc-macro").as_bytes()));
        assert_eq!((crates.done(), crates.last.as_str()), (2, "pyo3-macros"));
    }

    #[test]
    fn a_message_that_comes_in_two_pieces_is_one() {
        let (mut crates, text) = (Crates::default(), artifact("tokio@1.54.1", "lib"));
        let (first, second) = text.split_at(40);
        assert!(!crates.read(&mut first.as_bytes()));
        assert!(crates.read(&mut second.as_bytes()));
        assert_eq!((crates.done(), crates.last.as_str()), (1, "tokio"));
    }

    #[test]
    fn what_decides_which_crates_there_are_is_handed_on() {
        let arguments = "rustc\n--profile\nrelease\n--features\na,b\n--manifest-path\n/p/Cargo.toml\n--features=c\n\
                         --no-default-features\n--lib\n--\n--features\nd\n";
        let expected = [
            "--features",
            "a,b",
            "--manifest-path",
            "/p/Cargo.toml",
            "--features=c",
            "--no-default-features",
        ];
        assert_eq!(chosen(arguments), expected);
    }

    #[test]
    fn a_package_that_is_needed_twice_is_one() {
        assert_eq!(packages("x v0.1.0 (/p/x)\nsyn v2.0.9\nlibc v0.2.1\nsyn v2.0.9 (*)\n\nsyn v1.0.1\n"), 4);
    }
}
