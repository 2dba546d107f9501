//! How does a program run for as long as it is needed? A spec in, a program that is ready out, gone when dropped.

use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fs_err as fs;
use nix::sys::signal::Signal;

use super::spec::{ProgramSpec, Ready};
use super::template::{self, Values};
use crate::process::{Command, Daemon, Exit, Folder, Processes, Unprivileged};
use crate::provision::{ProvisionError, cache};
use crate::service::log;
use crate::service::port::{self, HOST};

const POLL: Duration = Duration::from_millis(20);
const LOG_LINES: usize = 25;

/// For how long a program has to live on after something answered on its port: it may be another program that answered,
/// and this one is about to end.
const SETTLED: Duration = Duration::from_millis(100);

/// How long one try of the command that says whether it is ready may take.
const TRY: Duration = Duration::from_secs(5);

/// What it takes to start a program.
pub struct Start<'p> {
    /// `NATS 2.10`
    pub title: String,
    pub name: String,
    pub spec: ProgramSpec,
    /// The program that `run` names first.
    pub program: PathBuf,
    /// The user that the program runs as, where it is not the user of the harness.
    pub user: Option<Unprivileged>,
    /// `2.10`
    pub release: Option<String>,
    /// Where relative paths begin.
    pub root: PathBuf,
    /// How long it may take to be ready.
    pub limit: Duration,
    pub processes: &'p Processes,
}

/// A running program. Dropped: it is stopped, and its folder removed.
pub struct Instance<'p> {
    // Dropped in this order.
    daemon: Mutex<Daemon<'p>>,
    folder: Folder,
    /// What the tests get.
    pub env: Vec<(String, String)>,
    /// The command by which its version is seen.
    pub observe: Option<Vec<String>>,
    title: String,
}

/// Why a program that was started is not ready.
enum Unready {
    PortTaken,
    Failed(ProvisionError),
}

impl<'p> Start<'p> {
    /// Starts it, with the variables of the services before it, and waits until it is ready.
    pub fn start(&self, variables: &[(String, String)]) -> Result<Instance<'p>, ProvisionError> {
        let base = cache::temporary(self.user.as_ref());
        for _ in 0..port::TRIES {
            let folder = self.processes.folder(&format!("pyo3-matrix-{}-", self.name), &base);
            let folder = folder.map_err(ProvisionError::disk("cannot make a folder in", &base))?;
            match self.once(folder, variables) {
                Ok(instance) => return Ok(instance),
                Err(Unready::PortTaken) => {}
                Err(Unready::Failed(error)) => return Err(error),
            }
        }
        Err(self.failed(format!("found its port taken {} times", port::TRIES), String::new()))
    }

    fn once(&self, folder: Folder, variables: &[(String, String)]) -> Result<Instance<'p>, Unready> {
        let port = port::free().map_err(ProvisionError::disk("no free port on", Path::new(HOST)))?;
        let values = self.values(port, folder.path(), variables);
        self.write_files(folder.path(), &values)?;
        let env = self.spec.env.iter().map(|(name, text)| Ok((name.clone(), self.fill(text, &values)?)));
        let env = env.collect::<Result<Vec<_>, ProvisionError>>()?;
        let observe = self.spec.observe.as_ref().map(|command| self.words(command, &values)).transpose()?;
        let words = self.words(&self.spec.run, &values)?;
        let command = Command::new(&self.program).args(&words[1..]).folder(&self.root);
        let command = variables.iter().fold(command, |command, (name, value)| command.env(name, value));
        let command = command.log(&log_of(folder.path())).user(self.user.as_ref());
        let daemon = command.daemon(self.processes, Signal::SIGTERM).map_err(ProvisionError::failed(
            format!("cannot start {}", self.title),
            "is that program made for this machine?",
        ))?;
        let mut instance =
            Instance { daemon: Mutex::new(daemon), folder, env, observe, title: self.title.clone() };
        self.wait(&mut instance, port, &values)?;
        Ok(instance)
    }

    fn values(&self, port: u16, folder: &Path, variables: &[(String, String)]) -> Values {
        let mut values: Values = variables.iter().cloned().collect();
        values.insert("port".into(), port.to_string());
        values.insert("folder".into(), folder.display().to_string());
        values.extend(self.release.iter().map(|release| ("version".to_owned(), release.clone())));
        values
    }

    fn fill(&self, text: &str, values: &Values) -> Result<String, ProvisionError> {
        template::fill(text, values).map_err(|name| {
            let reason =
                format!("needs {{{name}}}, and no service before it in matrix.toml sets that variable");
            self.failed(reason, String::new())
        })
    }

    /// The words of a command. A value is never more than a part of one word.
    fn words(&self, command: &str, values: &Values) -> Result<Vec<String>, ProvisionError> {
        let words = shlex::split(command).unwrap_or_default();
        words.iter().map(|word| self.fill(word, values)).collect()
    }

    fn write_files(&self, folder: &Path, values: &Values) -> Result<(), ProvisionError> {
        let own = |path: &Path| match &self.user {
            Some(user) => chown(path, Some(user.uid), Some(user.gid)),
            None => Ok(()),
        };
        let failed = ProvisionError::disk("cannot write in", folder);
        let write = || {
            for (name, text) in &self.spec.files {
                let path = folder.join(name);
                match self.fill(text, values) {
                    Ok(text) => fs::write(&path, text)?,
                    Err(error) => return Ok(Err(error)),
                }
                own(&path)?;
            }
            own(folder).map(Ok)
        };
        write().map_err(failed)?
    }

    fn wait(&self, instance: &mut Instance<'_>, port: u16, values: &Values) -> Result<(), Unready> {
        let started = Instant::now();
        loop {
            if self.processes.interrupted() {
                return Err(Unready::Failed(ProvisionError::Interrupted));
            }
            if let Some(exit) = instance.ended() {
                if port::is_taken(port) {
                    return Err(Unready::PortTaken);
                }
                let reason = format!("{exit} before it was ready");
                return Err(Unready::Failed(self.failed(reason, instance.tail())));
            }
            if self.is_ready(instance, port, values)? {
                return Ok(());
            }
            if started.elapsed() >= self.limit {
                let reason = format!("was not ready after {} s: {}", self.limit.as_secs(), self.awaited());
                return Err(Unready::Failed(self.failed(reason, instance.tail())));
            }
            std::thread::sleep(POLL);
        }
    }

    fn is_ready(
        &self,
        instance: &mut Instance<'_>,
        port: u16,
        values: &Values,
    ) -> Result<bool, ProvisionError> {
        match self.spec.ready.as_ref().unwrap_or(&Ready::Port) {
            Ready::Port => {
                let answers = TcpStream::connect((HOST, port)).is_ok();
                if answers {
                    std::thread::sleep(SETTLED);
                }
                Ok(answers && instance.ended().is_none())
            }
            Ready::Output(pattern) => {
                Ok(log::tail(&instance.log(), usize::MAX).lines().any(|line| pattern.0.is_match(line)))
            }
            Ready::Command(command) => {
                let words = self.words(command, values)?;
                let command = Command::new(&words[0]).args(&words[1..]).folder(&self.root).limit(TRY);
                let command =
                    instance.env.iter().fold(command, |command, (name, value)| command.env(name, value));
                match command.run(self.processes) {
                    Ok(finished) => Ok(finished.exit == Exit::Code(0)),
                    Err(error) => Err(ProvisionError::failed(
                        format!("cannot ask whether {} is ready", self.title),
                        "correct `ready` of the service in matrix.toml",
                    )(error)),
                }
            }
        }
    }

    fn awaited(&self) -> String {
        match self.spec.ready.as_ref().unwrap_or(&Ready::Port) {
            Ready::Port => "nothing listens on its port".to_owned(),
            Ready::Output(pattern) => format!("no line of its output matches `{}`", pattern.0),
            Ready::Command(command) => format!("`{command}` does not succeed"),
        }
    }

    /// An error of this program.
    pub fn failed(&self, reason: String, tail: String) -> ProvisionError {
        ProvisionError::Server {
            what: self.title.clone(),
            reason,
            tail,
            hint: "the last lines of its output say why; `run` and `ready` of the service in matrix.toml say how it is started, `server` under [budgets] how long it may take",
        }
    }
}

impl Instance<'_> {
    fn ended(&mut self) -> Option<Exit> {
        self.daemon.get_mut().unwrap_or_else(PoisonError::into_inner).ended()
    }

    /// How it ended, if it has, though nothing told it to.
    pub fn gone(&self) -> Option<String> {
        let exit = self.daemon.lock().unwrap_or_else(PoisonError::into_inner).ended();
        exit.map(|exit| format!("{} {exit} beside the cell", self.title))
    }

    /// The file that both of its streams are written to.
    pub fn log(&self) -> PathBuf {
        log_of(self.folder.path())
    }

    fn tail(&self) -> String {
        log::tail(&self.log(), LOG_LINES)
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("output.log")
}

impl From<ProvisionError> for Unready {
    fn from(error: ProvisionError) -> Self {
        Unready::Failed(error)
    }
}
