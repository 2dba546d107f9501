//! How does a server run for as long as it is needed? Programs in, a cluster on a free port out, gone when dropped.

use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::binaries::Binaries;
use super::database::{Database, fresh_name, new_password};
use super::spec::{Auth, PostgresSpec};
use super::superuser::{Superuser, reason};
use super::user;
use crate::process::{Command, Daemon, Folder, Unprivileged};
use crate::provision::{Context, ProvisionError, cache};
use crate::service::log;
use crate::service::port::{self, HOST};

const SUPERUSER: &str = "postgres";
const POLL: Duration = Duration::from_millis(20);
const LOG_LINES: usize = 25;

/// A throwaway cluster loses its data anyway, so nothing waits for the disk; and it listens nowhere but on `HOST`.
const SETTINGS: [&str; 12] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=200",
    "shared_buffers=64MB",
    "timezone=UTC",
    "log_timezone=UTC",
    // The cells of a server share its log: each line names its database.
    "log_line_prefix=%m [%p] %q%d ",
];

/// A running server with its data. Dropped: the server is stopped, and its folder removed.
pub struct Cluster<'p> {
    // Dropped in this order.
    _server: Daemon<'p>,
    folder: Folder,
    superuser: Superuser,
}

/// What it takes to start a server, and to say why it did not.
struct Start<'a> {
    binaries: &'a Binaries,
    auth: Auth,
    user: Option<Unprivileged>,
    folder: PathBuf,
    context: &'a Context<'a>,
}

/// Why a server that was started is not ready.
enum Unready {
    PortTaken,
    Failed(ProvisionError),
}

impl<'p> Cluster<'p> {
    /// Makes a new cluster, and waits until it takes connections.
    pub fn start(
        binaries: &Binaries,
        spec: &PostgresSpec,
        context: &Context<'p>,
    ) -> Result<Self, ProvisionError> {
        let user = user();
        let base = cache::temporary(user.as_ref());
        let folder = context.processes.folder(&format!("pyo3-matrix-pg{}-", spec.major), &base);
        let folder = folder.map_err(ProvisionError::disk("cannot make a folder in", &base))?;
        let start =
            Start { binaries, auth: spec.settings.auth, user, folder: folder.path().to_owned(), context };
        let password = start.initdb()?;
        let (server, database) = start.server(password, context.processes)?;
        let limit = context.config.budgets.server;
        let superuser = Superuser { database, major: spec.major, auth: spec.settings.auth, limit };
        let cluster = Cluster { _server: server, folder, superuser };
        let mut client = cluster.superuser.connect()?;
        cluster.superuser.assert_method(&mut client, SUPERUSER)?;
        Ok(cluster)
    }

    /// A new database, and a role without privileges that may connect to it.
    pub fn fresh_database(&self, name: &str) -> Result<Database, ProvisionError> {
        let name = fresh_name(name)?;
        let made = self.superuser.make(name.clone());
        if made.is_err() {
            // Why it could not be made says more than why it could not be removed.
            let _ = self.remove(&name);
        }
        made
    }

    /// Keeps the end of the server's log as the file `to`.
    pub fn keep_log(&self, to: &Path) -> io::Result<()> {
        log::keep(&log_of(self.folder.path()), to)
    }

    /// Removes a database with its role, or says why not; the rest goes with the cluster.
    pub fn remove(&self, name: &str) -> Result<(), String> {
        self.superuser.remove(name).map_err(|error| error.to_string())
    }
}

impl Start<'_> {
    /// Makes the data folder, and returns the superuser's password.
    fn initdb(&self) -> Result<String, ProvisionError> {
        let password = new_password()?;
        let file = self.folder.join("password");
        let written = std::fs::write(&file, &password).and_then(|()| {
            let Some(user) = &self.user else { return Ok(()) };
            let own = |path: &Path| chown(path, Some(user.uid), Some(user.gid));
            own(&file).and_then(|()| own(&self.folder))
        });
        written.map_err(ProvisionError::disk("cannot write", &file))?;
        let method = &self.auth.to_string();
        let command = Command::new(self.binaries.bin.join("initdb"))
            .args(["--auth", method, "--auth-local", method, "--auth-host", method])
            .args(["--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C", "--no-sync"])
            .args(["--pwfile".as_ref(), file.as_os_str(), "--pgdata".as_ref(), self.data().as_os_str()]);
        let done = command
            .folder(&self.folder)
            .user(self.user.as_ref())
            .limit(self.context.config.budgets.server)
            .check(self.context.processes);
        done.map_err(ProvisionError::failed(
            format!("cannot make a cluster of Postgres {}", self.binaries.major),
            "the last lines say why; Postgres needs about 60 MB in the temporary folder (TMPDIR)",
        ))?;
        std::fs::remove_file(&file).map_err(ProvisionError::disk("cannot remove", &file))?;
        Ok(password)
    }

    /// Starts the server on a port that was free just before, and on another if it no longer is.
    fn server<'p>(
        &self,
        password: String,
        processes: &'p crate::process::Processes,
    ) -> Result<(Daemon<'p>, Database), ProvisionError> {
        let mut database = Database {
            host: HOST.into(),
            port: 0,
            user: SUPERUSER.into(),
            password,
            name: "postgres".into(),
        };
        for _ in 0..port::TRIES {
            // What an earlier try said of its port is no word on this one.
            let _ = std::fs::remove_file(log_of(&self.folder));
            database.port = port::free().map_err(ProvisionError::disk("no free port on", Path::new(HOST)))?;
            let mut server = self.command(database.port).daemon(processes, Signal::SIGQUIT).map_err(
                ProvisionError::failed(
                    format!("cannot start Postgres {}", self.binaries.major),
                    "is that program made for this machine?",
                ),
            )?;
            match self.wait(&mut server, &database) {
                Ok(()) => return Ok((server, database)),
                Err(Unready::PortTaken) => {}
                Err(Unready::Failed(error)) => return Err(error),
            }
        }
        Err(self.failed(format!("found its port taken {} times", port::TRIES)))
    }

    fn command(&self, port: u16) -> Command {
        let mut command = Command::new(self.binaries.bin.join("postgres")).arg("-D").arg(self.data());
        for setting in SETTINGS {
            command = command.args(["-c", setting]);
        }
        command
            .args(["-c", &format!("port={port}"), "-c", &format!("password_encryption={}", self.auth)])
            .folder(&self.folder)
            .log(&log_of(&self.folder))
            .user(self.user.as_ref())
    }

    fn wait(&self, server: &mut Daemon, database: &Database) -> Result<(), Unready> {
        let (started, limit) = (Instant::now(), self.context.config.budgets.server);
        loop {
            self.context.not_interrupted().map_err(Unready::Failed)?;
            let refusal = if self.is_ready(database.port) {
                match database.connect(Duration::from_secs(2)) {
                    Ok(_) => return Ok(()),
                    Err(error) => reason(&error),
                }
            } else {
                "it does not say that it is ready".to_owned()
            };
            if let Some(exit) = server.ended() {
                if self.tail().contains("could not bind") {
                    return Err(Unready::PortTaken);
                }
                return Err(Unready::Failed(self.failed(format!("{exit} instead of starting"))));
            }
            if started.elapsed() >= limit {
                let reason = format!("was not ready after {} s ({refusal})", limit.as_secs());
                return Err(Unready::Failed(self.failed(reason)));
            }
            std::thread::sleep(POLL);
        }
    }

    /// Whether this server itself says that it takes connections on `port`: another program may have taken the port
    /// before it, and must not be taken for it, nor asked, since it may never answer.
    fn is_ready(&self, port: u16) -> bool {
        let text = std::fs::read_to_string(self.data().join("postmaster.pid"));
        text.is_ok_and(|text| says_ready(&text, port))
    }

    fn failed(&self, reason: String) -> ProvisionError {
        ProvisionError::Server {
            what: format!("Postgres {}", self.binaries.major),
            reason,
            tail: self.tail(),
            hint: "the last lines of its log say why; `server` under [budgets] in matrix.toml is how long it may take",
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn tail(&self) -> String {
        log::tail(&log_of(&self.folder), LOG_LINES)
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

/// Whether the server of a `postmaster.pid` is ready on `port`: the fourth and the eighth line say so.
fn says_ready(text: &str, port: u16) -> bool {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.get(3).is_some_and(|line| *line == port.to_string()) && lines.get(7) == Some(&"ready")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_ready_when_it_says_so_of_this_port() {
        let text = |status: &str| {
            format!("42\n/tmp/data\n1700000000\n5433\n\n127.0.0.1\n  5433001   32768\n{status}\n")
        };
        assert!(says_ready(&text("ready   "), 5433));
        assert!(!says_ready(&text("ready   "), 5434));
        assert!(!says_ready(&text("starting"), 5433));
        assert!(!says_ready("42\n/tmp/data\n", 5433) && !says_ready("", 5433));
    }
}
