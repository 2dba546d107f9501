//! The only place that starts processes: a command in, what became of it out.
//!
//! Every child leads its own session. The guardian knows it before its program starts. A child is ended with its
//! whole tree when its time is up, when the harness is interrupted, and when the harness is killed.

#![expect(clippy::disallowed_types, reason = "this is the place that starts processes")]

pub mod browser;
mod environment;
mod exit;
mod folder;
mod guardian;
mod offline;
mod output;
mod tree;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

pub use exit::{Exit, signal_name};
pub use folder::Folder;
pub use guardian::{Ended, Processes, before_abrupt_end, guard, guardian_token};
pub use offline::Offline;
use output::Capture;

/// How often a waiting thread checks whether its child has ended.
const POLL: Duration = Duration::from_millis(10);

/// A user without privileges, for programs that refuse to run as root.
#[derive(Debug, Clone)]
pub struct Unprivileged {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

/// A program to start. Built up by value, then ended with [`Command::run`], [`Command::daemon`] or
/// [`Command::foreground`].
#[derive(Debug, Clone)]
pub struct Command {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    log: Option<PathBuf>,
    limit: Option<Duration>,
    user: Option<Unprivileged>,
}

/// A child that has ended, with its output.
#[derive(Debug)]
pub struct Finished {
    pub exit: Exit,
    /// Standard output alone, with secrets replaced.
    pub stdout: String,
    /// The last lines of both streams, in the order in which they came, with secrets replaced.
    pub tail: String,
    pub command: String,
}

/// A program that could not be started, or that failed. It prints the exact command and the end of its output.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("cannot start `{command}`: {source}")]
    Start { command: String, source: io::Error },
    #[error("`{command}` {exit}{}", indented(tail))]
    Failed { command: String, exit: Exit, tail: String },
    /// The program said why: what it wrote besides says nothing more.
    #[error("{offline}\n    `{command}` {exit}\nhint: {}", offline.hint())]
    Offline { command: String, exit: Exit, offline: Box<Offline> },
    #[error("interrupted")]
    Interrupted,
}

/// A child that runs until its guard is dropped: a server.
#[derive(Debug)]
pub struct Daemon<'p> {
    child: Child,
    processes: &'p Processes,
    stop: Signal,
}

impl Command {
    /// Makes a command that runs `program`, which is looked for on PATH unless it is a path.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Command {
            program: program.as_ref().into(),
            args: Vec::new(),
            env: Vec::new(),
            folder: None,
            log: None,
            limit: None,
            user: None,
        }
    }

    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().into());
        self
    }

    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|a| a.as_ref().into()));
        self
    }

    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((key.as_ref().into(), value.as_ref().into()));
        self
    }

    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Appends both streams, line by line, to the file at `log`.
    #[must_use]
    pub fn log(mut self, log: &Path) -> Self {
        self.log = Some(log.into());
        self
    }

    /// Ends the child and its tree after `limit` on the wall clock.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Runs as `user`; with none, as the user of the harness.
    #[must_use]
    pub fn user(mut self, user: Option<&Unprivileged>) -> Self {
        self.user = user.cloned();
        self
    }

    /// Runs the command to its end, whatever its exit is.
    pub fn run(self, processes: &Processes) -> Result<Finished, ProcessError> {
        let token = processes.token();
        let mut child = self.spawn(processes, &token)?;
        let capture = Capture::start(&mut child, self.log.as_deref(), processes.redact());
        // A child whose output is lost cannot be judged: it is ended at once.
        let exit = capture.is_ok().then(|| self.wait(&mut child, processes));
        tree::kill(&child, &token);
        processes.release(child.id());
        let capture = capture.map_err(|source| self.cannot_start(source))?;
        let exit = exit.unwrap_or(Exit::Interrupted);
        let (stdout, tail) = capture.finish();
        Ok(Finished { exit, stdout, tail, command: self.to_string() })
    }

    /// Runs the command to its end. Every end except exit code 0 is an error.
    pub fn check(self, processes: &Processes) -> Result<Finished, ProcessError> {
        self.run(processes)?.check()
    }

    /// Starts a server that lives until the guard is dropped; dropping it sends the server `stop`.
    pub fn daemon(self, processes: &Processes, stop: Signal) -> Result<Daemon<'_>, ProcessError> {
        let log = self.log.clone().unwrap_or_else(|| "/dev/null".into());
        let (out, err) = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .and_then(|file| Ok((file.try_clone()?, file)))
            .map_err(|source| self.cannot_start(source))?;
        let mut command = self.command(processes, &processes.token(), Some(stop));
        command.stdout(out).stderr(err);
        let child = self.start(&mut command, processes)?;
        Ok(Daemon { child, processes, stop })
    }

    /// Gives the terminal to the child: it shares our streams and our process group, and it receives Ctrl-C itself.
    pub fn foreground(self, processes: &Processes) -> Result<Exit, ProcessError> {
        let token = processes.token();
        let mut command = self.bare(&token);
        let pipe = processes.pipe();
        before_exec(&mut command, move || guardian::announce(pipe, None));
        processes.yield_terminal(true);
        let child = self.start(&mut command, processes);
        let exit = child.map(|mut child| {
            let exit = self.wait(&mut child, processes);
            tree::stop_alone(&mut child, Signal::SIGHUP);
            if exit == Exit::Interrupted {
                tree::sweep(&token);
            }
            processes.release(child.id());
            exit
        });
        processes.yield_terminal(false);
        exit
    }

    fn spawn(&self, processes: &Processes, token: &str) -> Result<Child, ProcessError> {
        let mut command = self.command(processes, token, Some(Signal::SIGKILL));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.start(&mut command, processes)
    }

    fn start(
        &self,
        command: &mut std::process::Command,
        processes: &Processes,
    ) -> Result<Child, ProcessError> {
        command.spawn().map_err(|source| {
            processes.release_the_dead();
            self.cannot_start(source)
        })
    }

    /// Makes a child in its own session, which the guardian ends with `stop`. Without `stop` the guardian does not
    /// end it.
    fn command(&self, processes: &Processes, token: &str, stop: Option<Signal>) -> std::process::Command {
        let mut command = self.bare(token);
        command.stdin(Stdio::null());
        // Another user could not write there.
        if let Some(folder) = processes.temporary().filter(|_| self.user.is_none()) {
            command.env("TMPDIR", folder);
        }
        let pipe: Option<RawFd> = stop.map(|_| processes.pipe());
        before_exec(&mut command, move || {
            nix::unistd::setsid()?;
            pipe.map_or(Ok(()), |pipe| guardian::announce(pipe, stop))
        });
        command
    }

    /// Sets program, arguments, folder, user and environment. The environment has no variables that `cargo run` or an
    /// active virtual environment added to ours.
    fn bare(&self, token: &str) -> std::process::Command {
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.args);
        environment::scrub(&mut command);
        command.env(tree::TOKEN, token);
        command.envs(self.env.iter().map(|(k, v)| (k, v)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid).env("HOME", "/nonexistent").env("USER", &user.name);
        }
        command
    }

    fn wait(&self, child: &mut Child, processes: &Processes) -> Exit {
        let started = Instant::now();
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Exit::from(status),
                Ok(None) => {}
                Err(_) => return Exit::Signal(Signal::SIGKILL as i32),
            }
            if processes.interrupted() {
                return Exit::Interrupted;
            }
            if let Some(limit) = self.limit.filter(|limit| started.elapsed() >= *limit) {
                return Exit::TimedOut(limit);
            }
            std::thread::sleep(POLL);
        }
    }

    fn cannot_start(&self, source: io::Error) -> ProcessError {
        ProcessError::Start { command: self.to_string(), source }
    }
}

impl Finished {
    /// Returns this child if it exited with code 0, else an error.
    pub fn check(self) -> Result<Finished, ProcessError> {
        match self.exit {
            Exit::Code(0) => Ok(self),
            Exit::Interrupted => Err(ProcessError::Interrupted),
            exit => Err(ProcessError::failed(self.command, exit, self.tail)),
        }
    }
}

impl ProcessError {
    /// The failure of a command, by the end of its output.
    #[must_use]
    pub fn failed(command: String, exit: Exit, tail: String) -> ProcessError {
        match Offline::found(&tail) {
            Some(offline) => ProcessError::Offline { command, exit, offline: Box::new(offline) },
            None => ProcessError::Failed { command, exit, tail },
        }
    }
}

impl Daemon<'_> {
    /// Returns how the child ended, if it has.
    pub fn ended(&mut self) -> Option<Exit> {
        self.child.try_wait().ok().flatten().map(Exit::from)
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        tree::stop(&mut self.child, self.stop);
        self.processes.release(self.child.id());
    }
}

/// The command as one would type it.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = quoted(self.program.as_os_str());
        for arg in &self.args {
            line.push(' ');
            line.push_str(&quoted(arg));
        }
        f.write_str(&line)
    }
}

/// `word` as a shell takes it for one. A word with a NUL byte is none that a shell can take, and is shown as it is.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    shlex::try_quote(&word).unwrap_or(std::borrow::Cow::Borrowed(&word)).into_owned()
}

/// What another program said, each line under the line that tells of it.
#[must_use]
pub fn indented(tail: &str) -> String {
    tail.lines().flat_map(|line| ["\n    ", line]).collect()
}

/// Runs `hook` in the child between fork and exec.
fn before_exec(
    command: &mut std::process::Command,
    hook: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
) {
    // SAFETY: every hook given here makes only system calls on integers and on its own stack, and allocates nothing.
    // So it cannot meet a lock that another thread of the parent held at the fork.
    #[expect(unsafe_code, reason = "std offers no other way to leave the session before exec")]
    unsafe {
        command.pre_exec(hook);
    }
}

/// Borrows a descriptor that outlives the process's children.
fn borrowed(descriptor: RawFd) -> BorrowedFd<'static> {
    // SAFETY: the guardian's pipe is opened once and never closed before the process ends.
    #[expect(unsafe_code, reason = "a hook after fork may hold a plain integer only")]
    unsafe {
        BorrowedFd::borrow_raw(descriptor)
    }
}

fn descriptor(file: &impl AsRawFd) -> RawFd {
    file.as_raw_fd()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_printed_so_that_a_shell_reads_the_same_words_back() {
        let words =
            ["no such'prog", "--option=a b", "", "plain/path_1.2", "new\nline", "$HOME", "\"two\" 'three'"];
        let printed = Command::new(words[0]).args(&words[1..]).to_string();
        assert_eq!(shlex::split(&printed), Some(words.map(str::to_owned).to_vec()), "{printed}");
    }
}
