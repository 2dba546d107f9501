//! Who cleans up when the harness is killed? A second process that holds the other end of a pipe.
//!
//! Each child writes its own process id into the pipe between fork and exec, so there is no moment at which it runs
//! unknown. When the pipe closes for any reason, the guardian ends the children that are still listed and removes the
//! temporary folders. This works on every operating system. It also reaches processes that a parent-death signal does
//! not reach: children of children, and children whose spawning thread has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::folder::Folder;
use super::output::Redact;
use super::{before_exec, borrowed, descriptor, tree};

/// The hidden subcommand under which the harness starts itself as its guardian.
pub const SUBCOMMAND: &str = "__guardian";

/// How long the guardian waits after a polite stop before it kills. A database server needs the longer time: told to
/// stop at once, it kills its own stuck backends after five seconds. Killed before that, it would leave such a backend
/// behind.
const PATIENCE: Duration = Duration::from_secs(7);

/// The harness's side of the guardian, which every start of a process needs.
#[derive(Debug)]
pub struct Processes {
    pipe: ChildStdin,
    guardian: Child,
    /// The token in the environment of every started process, so that a child that left its group is still found.
    token: String,
    started: AtomicUsize,
    interrupted: Arc<AtomicBool>,
    /// Whether a child has the terminal. Then Ctrl-C is meant for the child, and reaches it directly.
    foreground: Arc<AtomicBool>,
    redact: Redact,
    /// What children call their temporary folder: one that is killed removes nothing of its own. Where none can be made,
    /// they use the harness's.
    temporary: Option<Folder>,
}

impl Processes {
    /// Starts the guardian, and from here on takes SIGINT, SIGTERM and SIGHUP as the wish to stop; a second one ends
    /// the harness at once, and the guardian cleans up. What children write goes through `redact`.
    pub fn start(redact: Redact) -> io::Result<Self> {
        let (interrupted, foreground) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        watch_signals(Arc::clone(&interrupted), Arc::clone(&foreground))?;
        // Random: a process id alone comes again, and a sweep would then end the processes of another harness.
        let token = format!("{}.{:016x}", std::process::id(), getrandom::u64()?);
        let mut command = std::process::Command::new(std::env::current_exe()?);
        command.arg(SUBCOMMAND).arg(&token).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // This harness may run inside a cell of another harness. Its guardian must outlive the outer harness's sweep,
        // to clean up after it.
        command.env_remove(tree::TOKEN);
        before_exec(&mut command, || nix::unistd::setsid().map(drop).map_err(io::Error::from));
        let mut guardian = command.spawn()?;
        let pipe = guardian.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let started = AtomicUsize::new(0);
        let mut processes =
            Processes { pipe, guardian, token, started, interrupted, foreground, redact, temporary: None };
        processes.temporary =
            processes.folder("pyo3-matrix-", &std::env::temp_dir()).and_then(Folder::passable).ok();
        Ok(processes)
    }

    /// Whether the harness was told to stop.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Makes a temporary folder in `base`, which is removed however the harness ends.
    pub fn folder(&self, prefix: &str, base: &Path) -> io::Result<Folder> {
        Folder::make(prefix, base, self)
    }

    /// Has `folder` removed if the harness is killed. A guard removes it in every other case.
    pub(super) fn adopt(&self, folder: &Path) {
        self.tell(&format!("t{}\n", folder.display()));
    }

    /// The folder for the temporary files of children.
    pub(super) fn temporary(&self) -> Option<&Path> {
        self.temporary.as_ref().map(Folder::path)
    }

    pub(super) fn yield_terminal(&self, yielded: bool) {
        self.foreground.store(yielded, Ordering::Relaxed);
    }

    pub(super) fn token(&self) -> String {
        format!("{}.{}", self.token, self.started.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn redact(&self) -> Redact {
        self.redact
    }

    pub(super) fn pipe(&self) -> RawFd {
        descriptor(&self.pipe)
    }

    pub(super) fn release(&self, child: u32) {
        self.tell(&format!("-{child}\n"));
    }

    /// Tells the guardian to forget a child that could not be started. The child had announced its id, which only the
    /// guardian knows.
    pub(super) fn release_the_dead(&self) {
        self.tell("x\n");
    }

    fn tell(&self, line: &str) {
        // If the guardian is gone, it cannot be told anything; the guards of this process still work.
        let _ = nix::unistd::write(borrowed(self.pipe()), line.as_bytes());
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // The guardian removes this folder only until it is told to quit, so the folder is removed before that.
        drop(self.temporary.take());
        self.tell("q\n");
        let _ = self.guardian.wait();
    }
}

/// What is done before the harness ends at once.
static LEAVE: OnceLock<fn()> = OnceLock::new();

/// Has `leave` called where a second signal ends the harness: no guard is dropped there.
pub fn before_abrupt_end(leave: fn()) {
    let _ = LEAVE.set(leave);
}

fn watch_signals(interrupted: Arc<AtomicBool>, foreground: Arc<AtomicBool>) -> io::Result<()> {
    let (int, term, hup) = (Signal::SIGINT as i32, Signal::SIGTERM as i32, Signal::SIGHUP as i32);
    let mut signals = signal_hook::iterator::Signals::new([int, term, hup])?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if signal == int && foreground.load(Ordering::Relaxed) {
                continue;
            }
            if interrupted.swap(true, Ordering::Relaxed) {
                if let Some(leave) = LEAVE.get() {
                    leave();
                }
                std::process::exit(130);
            }
        }
    });
    Ok(())
}

/// Tells the guardian our process id and the signal that ends us. A child calls it between fork and exec, so it
/// allocates nothing. Without a signal only the process itself is listed, not its group.
pub(super) fn announce(pipe: RawFd, stop: Option<Signal>) -> io::Result<()> {
    let mut line = [0_u8; 32];
    let mut at = line.len();
    let mut push = |byte: u8| {
        at -= 1;
        line[at] = byte;
    };
    push(b'\n');
    digits(stop.map_or(0, |s| s as i32).unsigned_abs(), &mut push);
    push(b' ');
    digits(std::process::id(), &mut push);
    push(b'+');
    nix::unistd::write(borrowed(pipe), &line[at..])?;
    Ok(())
}

/// Pushes the decimal digits of `number`, the last one first.
fn digits(mut number: u32, push: &mut impl FnMut(u8)) {
    loop {
        push(b'0' + u8::try_from(number % 10).unwrap_or(0));
        number /= 10;
        if number == 0 {
            return;
        }
    }
}

/// The processes and folders that the guardian was told of and must clean up.
#[derive(Default)]
struct Guarded {
    children: BTreeMap<i32, Option<Signal>>,
    folders: BTreeSet<PathBuf>,
}

/// Returns the token to guard if `arguments` are those of a guardian. This is checked before any flag is parsed.
#[must_use]
pub fn guardian_token(arguments: &[OsString]) -> Option<String> {
    let [_, subcommand, token, ..] = arguments else { return None };
    (subcommand == SUBCOMMAND).then(|| token.to_str().map(str::to_owned))?
}

/// How the harness of a guardian ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The harness cleaned up by itself, and said so.
    ByItself,
    Killed,
}

/// The guardian's whole life: it reads until the pipe closes, then cleans up. It returns when no process or folder is
/// left.
pub fn guard(token: &str) -> Ended {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let _ = signal_hook::flag::register(signal as i32, Arc::new(AtomicBool::new(false)));
    }
    let mut guarded = Guarded::default();
    for line in BufReader::new(io::stdin()).lines().map_while(Result::ok) {
        if line == "q" {
            return Ended::ByItself;
        }
        guarded.learn(&line);
    }
    guarded.end(token);
    Ended::Killed
}

impl Guarded {
    fn learn(&mut self, line: &str) {
        match line.split_at_checked(1) {
            Some(("+", rest)) => {
                let mut words = rest.split(' ').filter_map(|word| word.parse::<i32>().ok());
                if let (Some(child), Some(signal)) = (words.next(), words.next()) {
                    self.children.insert(child, Signal::try_from(signal).ok());
                }
            }
            Some(("-", child)) => {
                child.parse().ok().and_then(|child: i32| self.children.remove(&child));
            }
            Some(("x", _)) => self.children.retain(|child, _| tree::is_alive(*child)),
            Some(("t", folder)) => {
                self.folders.insert(folder.into());
            }
            _ => {}
        }
    }

    fn end(&self, token: &str) {
        tree::end_all(&self.children, PATIENCE);
        // What is still ending may write into a folder that is being removed.
        tree::end_marked(token, PATIENCE);
        for folder in &self.folders {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guardian_forgets_a_child_that_has_ended() {
        let mut guarded = Guarded::default();
        for line in ["+12 9", "+7 3", "+8 0", "-12", "t/tmp/a folder", "nonsense"] {
            guarded.learn(line);
        }
        assert_eq!(guarded.children, BTreeMap::from([(7, Some(Signal::SIGQUIT)), (8, None)]));
        assert_eq!(guarded.folders, BTreeSet::from(["/tmp/a folder".into()]));
    }

    #[test]
    fn the_guardian_forgets_a_child_that_could_not_be_started() {
        let mut dead = std::process::Command::new("true").spawn().expect("a child");
        dead.wait().expect("an end");
        let own = std::process::id();
        let mut guarded = Guarded::default();
        for line in [format!("+{} 9", dead.id()), format!("+{own} 9"), "x".to_owned()] {
            guarded.learn(&line);
        }
        let own = i32::try_from(own).expect("an id");
        assert_eq!(guarded.children, BTreeMap::from([(own, Some(Signal::SIGKILL))]));
    }

    #[test]
    fn what_a_killed_harness_adopted_is_removed_and_stays_removed() {
        let base = tempfile::tempdir().expect("a folder");
        let (adopted, other) = (base.path().join("adopted"), base.path().join("other"));
        std::fs::create_dir(&other).expect("a folder");
        // Left its group, and makes the folder again as long as it runs.
        let script = ["-c", "while :; do mkdir -p \"$0\"; : > \"$0/file\"; done"];
        let mut writer = std::process::Command::new("sh");
        let token = format!("test.{:016x}", getrandom::u64().expect("a number"));
        let mut writer = writer.args(script).arg(&adopted).env(tree::TOKEN, &token).spawn().expect("a child");
        while !adopted.join("file").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut guarded = Guarded::default();
        guarded.learn(&format!("t{}", adopted.display()));
        guarded.end(&token);
        let ended = writer.try_wait();
        writer.kill().and_then(|()| writer.wait()).expect("the end");
        assert!(ended.is_ok_and(|status| status.is_some()), "it still runs");
        assert_eq!((adopted.exists(), other.exists()), (false, true));
    }

    #[test]
    fn digits_come_last_first() {
        let mut text = Vec::new();
        digits(1203, &mut |byte| text.push(byte));
        assert_eq!(text, b"3021");
    }
}
