//! How does a server run for as long as it is needed? Programs in, a cluster on a free port out, gone when dropped.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::database::{Database, fresh_name, new_password};
use super::postgres::Binaries;
use super::superuser::{Superuser, reason};
use crate::config::{Auth, PostgresSpec};
use crate::process::{Command, Daemon, Unprivileged};
use crate::provision::{Context, ProvisionError, cache, unprivileged};

const HOST: &str = "127.0.0.1";
const SUPERUSER: &str = "postgres";
const POLL: Duration = Duration::from_millis(20);
const LOG_LINES: usize = 25;

/// How often another port is tried when somebody took the one that was free a moment ago.
const PORTS: usize = 5;

/// A throwaway cluster loses its data anyway, so nothing waits for the disk; and it listens nowhere but on `HOST`.
const SETTINGS: [&str; 11] = [
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
];

/// A running server with its data. Dropped: the server is stopped, and its folder removed.
pub struct Cluster<'p> {
    // Dropped in this order.
    _server: Daemon<'p>,
    _folder: TempDir,
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
        let user = unprivileged();
        let base = cache::temporary(user.as_ref());
        let folder =
            tempfile::Builder::new().prefix(&format!("pyo3-matrix-pg{}-", spec.major)).tempdir_in(&base);
        let folder = folder.map_err(ProvisionError::disk("cannot make a folder in", &base))?;
        context.processes.adopt_folder(folder.path());
        let start = Start { binaries, auth: spec.auth, user, folder: folder.path().to_owned(), context };
        let password = start.initdb()?;
        let (server, database) = start.server(password, context.processes)?;
        let limit = context.config.budgets.server;
        let superuser = Superuser { database, major: spec.major, auth: spec.auth, limit };
        let cluster = Cluster { _server: server, _folder: folder, superuser };
        let mut client = cluster.superuser.connect()?;
        cluster.superuser.assert_method(&mut client, SUPERUSER)?;
        Ok(cluster)
    }

    /// A new database, and a role without privileges that may connect to it.
    pub fn fresh_database(&self, name: &str) -> Result<Database, ProvisionError> {
        self.superuser.make(fresh_name(name)?)
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
        for _ in 0..PORTS {
            database.port = free_port().map_err(ProvisionError::disk("no free port on", Path::new(HOST)))?;
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
        Err(self.failed(format!("found its port taken {PORTS} times")))
    }

    fn command(&self, port: u16) -> Command {
        let mut command = Command::new(self.binaries.bin.join("postgres")).arg("-D").arg(self.data());
        for setting in SETTINGS {
            command = command.args(["-c", setting]);
        }
        command
            .args(["-c", &format!("port={port}"), "-c", &format!("password_encryption={}", self.auth)])
            .folder(&self.folder)
            .log(&self.log())
            .user(self.user.as_ref())
    }

    fn wait(&self, server: &mut Daemon, database: &Database) -> Result<(), Unready> {
        let (started, limit) = (Instant::now(), self.context.config.budgets.server);
        loop {
            self.context.not_interrupted().map_err(Unready::Failed)?;
            let refusal = match database.connect(Duration::from_secs(2)) {
                Ok(_) => return Ok(()),
                Err(error) => reason(&error),
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

    fn failed(&self, reason: String) -> ProvisionError {
        ProvisionError::Server {
            major: self.binaries.major,
            reason,
            tail: self.tail(),
            hint: "the last lines of its log say why; `server` under [budgets] in matrix.toml is how long it may take",
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn tail(&self) -> String {
        let text = std::fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((HOST, 0))?.local_addr()?.port())
}
