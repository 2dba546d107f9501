//! How does the harness treat a server that it did not start? It uses it like its own, refuses it if it is not the
//! requested one, and leaves it as it was.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::{User, geteuid};
use postgres::{Client, NoTls};

use crate::harness::{Project, a_cell, alone, fixture, matrix, run_folder, shown, stderr, stdout, words};

const MAJOR: u16 = 16;
const PASSWORD: &str = "hush-hush";

/// A server that no harness started.
struct Other {
    server: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Other {
    fn start() -> Other {
        let bin = programs();
        let folder = tempfile::tempdir_in("/tmp").expect("a folder");
        let (data, password) = (folder.path().join("data"), folder.path().join("password"));
        std::fs::write(&password, PASSWORD).expect("written");
        let user = ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
        let user = user.filter(|_| geteuid().is_root());
        if let Some(user) = &user {
            for path in [folder.path(), &password] {
                std::os::unix::fs::chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()))
                    .expect("given");
            }
        }
        let command = |program: &str| {
            let mut command = Command::new(bin.join(program));
            if let Some(user) = &user {
                command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
            }
            command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let mut initdb = command("initdb");
        initdb.args(["--auth=scram-sha-256", "--username=postgres", "--no-sync", "--pwfile"]).arg(&password);
        assert!(initdb.arg("-D").arg(&data).status().expect("initdb starts").success());
        let log = folder.path().join("log");
        let serve = |port: u16| {
            let mut server = command("postgres");
            server.arg("-D").arg(&data).args(["-c", "fsync=off", "-c", "unix_socket_directories="]);
            server.stderr(std::fs::File::create(&log).expect("a log"));
            server.args(["-p", &port.to_string()]).spawn().expect("the server starts")
        };
        // Another program may take a port between the look for a free one and the server's own bind.
        let found = (0..5).find_map(|_| {
            let port = free_port();
            let mut server = serve(port);
            is_ready(&mut server, &data, &log).then_some((server, port))
        });
        let (server, port) = found.expect("a port that stays free");
        Other { server, port, _folder: folder }
    }

    fn dsn(&self, user: &str, password: &str) -> String {
        format!("postgresql://{user}:{password}@127.0.0.1:{}/postgres", self.port)
    }

    fn superuser(&self) -> String {
        self.dsn("postgres", PASSWORD)
    }

    fn connect(&self) -> Result<Client, postgres::Error> {
        Client::connect(&self.superuser(), NoTls)
    }

    /// Returns the roles and databases that a harness has made here.
    fn made(&self) -> Vec<String> {
        let names = "SELECT rolname::text FROM pg_roles UNION ALL SELECT datname::text FROM pg_database";
        let rows = self.connect().and_then(|mut client| client.query(names, &[])).expect("names");
        rows.iter().map(|row| row.get(0)).filter(|name: &String| name.starts_with("pyo3_matrix_")).collect()
    }

    /// Starts a harness that holds a database here until `file` is gone.
    fn held_while(&self, file: &Path) -> Child {
        std::fs::write(file, "").expect("written");
        let script = format!("while [ -e {} ]; do sleep 0.05; done", file.display());
        let before = self.made().len();
        let mut command = asking(MAJOR, &self.superuser());
        command.args(["postgres", "16", "--", "sh", "-c", &script]).stderr(Stdio::null());
        let mut harness = command.spawn().expect("the binary starts");
        wait_for("a database", || {
            assert_eq!(harness.try_wait().expect("a child"), None, "the harness ended");
            self.made().len() == before + 2
        });
        harness
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.server.id()).expect("a process id"));
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGQUIT);
        let _ = self.server.wait();
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0));
    listener.and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Waits until a server takes connections; false if it found its port taken.
fn is_ready(server: &mut Child, data: &Path, log: &Path) -> bool {
    let text = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    while !text(&data.join("postmaster.pid")).contains("\nready") {
        if let Some(ended) = server.try_wait().expect("a child") {
            let log = text(log);
            assert!(log.contains("could not bind"), "{ended}: {log}");
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

/// The folder of the server programs that the harness itself would use.
pub fn programs() -> PathBuf {
    let mut command = matrix();
    command.env_remove(variable(MAJOR)).args(["postgres", "16", "--", "sh", "-c"]);
    let output = command
        .arg("IFS=:; for folder in $PATH; do [ -x $folder/initdb ] && echo $folder; done | tail -n 1")
        .output()
        .expect("the binary starts");
    stdout(&output).trim().into()
}

fn variable(major: u16) -> String {
    format!("PYO3_MATRIX_POSTGRES_{major}")
}

/// Returns the command of a harness that uses `dsn` for `major`.
fn asking(major: u16, dsn: &str) -> Command {
    let mut command = matrix();
    command.env(variable(major), dsn).stdin(Stdio::null());
    command
}

fn wait_for(what: &str, mut reached: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !reached() {
        assert!(begun.elapsed() < Duration::from_secs(30), "no {what} after 30 s");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_command_gets_a_database_of_its_own_and_no_address_of_the_superuser() {
    let other = Other::start();
    let mut command = asking(MAJOR, &other.superuser());
    let output = command.args(["postgres", "16", "--", "env"]).output().expect("the binary starts");
    let env = stdout(&output);
    assert!(output.status.success(), "{}", shown(&output));
    assert!(env.contains(&format!("PGPORT={}\n", other.port)), "{env}");
    assert!(env.contains("PGUSER=pyo3_matrix_") && env.contains("PGDATABASE=pyo3_matrix_"), "{env}");
    assert!(!env.contains(PASSWORD), "{env}");
    assert_eq!(other.made(), [""; 0], "left behind");
}

#[test]
fn a_server_is_named_by_libpqs_keywords_as_well_and_the_command_does_not_see_them() {
    let other = Other::start();
    let address =
        format!("host=127.0.0.1 port={} user=postgres password='{PASSWORD}' dbname=postgres", other.port);
    let mut command = asking(MAJOR, &address);
    let output = command.args(["postgres", "16", "--", "env"]).output().expect("the binary starts");
    let env = stdout(&output);
    assert!(output.status.success(), "{}", shown(&output));
    assert!(env.contains(&format!("PGPORT={}\n", other.port)) && !env.contains(PASSWORD), "{env}");
}

#[test]
fn a_cell_runs_on_it_and_records_what_it_ran_on() {
    let _alone = alone();
    let other = Other::start();
    let project = Project::testing(&fixture("passes"));
    let mut command = asking(MAJOR, &other.superuser());
    command.current_dir(project.path()).args(["run", "--cell", &a_cell(), "--benchmarks", "off"]);
    let output = command.output().expect("the binary starts");
    assert!(output.status.success(), "{}", shown(&output));
    let place = format!("external: postgres:***@127.0.0.1:{}/postgres", other.port);
    assert!(stderr(&output).contains(&place), "{}", shown(&output));
    assert_eq!(other.made(), [""; 0], "left behind");
}

#[test]
fn what_is_not_asked_for_is_refused_with_its_reason_and_without_the_password() {
    let other = Other::start();
    other
        .connect()
        .and_then(|mut c| c.batch_execute("CREATE ROLE weak LOGIN PASSWORD 'hush'"))
        .expect("a role");
    let check = |major: u16, dsn: &str, expected: &str| {
        let mut command = asking(major, dsn);
        let output: Output =
            command.args(["postgres", &major.to_string(), "--", "true"]).output().expect("the binary starts");
        let text = words(&output);
        assert_eq!(output.status.code(), Some(3), "{text}");
        assert!(text.contains(&variable(major)) && text.contains("hint: "), "{text}");
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("hush"), "{text}");
    };
    check(15, &other.superuser(), "expected Postgres 15, got 16.");
    check(16, &other.dsn("postgres", "hush"), "password authentication failed");
    check(16, &other.dsn("weak", "hush"), "weak is no superuser");
    check(16, "postgresql://postgres:hush@127.0.0.1:1/postgres", "Connection refused");
    check(16, "postgresql://postgres@127.0.0.1/postgres", "holds no password");
    assert_eq!(other.made(), [""; 0], "left behind");
}

#[test]
fn a_killed_harness_leaves_nothing_there_and_another_one_keeps_its_own() {
    let other = Other::start();
    let folder = tempfile::tempdir().expect("a folder");
    let (kept, killed) = (folder.path().join("kept"), folder.path().join("killed"));
    let mut keeps = other.held_while(&kept);
    let own = other.made();
    let mut dies = other.held_while(&killed);
    dies.kill().expect("killed");
    dies.wait().expect("reaped");
    wait_for("clean server", || other.made() == own);
    std::fs::remove_file(&kept).expect("removed");
    assert!(keeps.wait().expect("an end").success());
    assert_eq!(other.made(), [""; 0], "left behind");
}

#[test]
fn a_harness_whose_session_is_ended_opens_another_and_keeps_its_database_from_others() {
    let other = Other::start();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kept");
    let mut keeps = other.held_while(&file);
    let own = other.made();
    let sessions = "FROM pg_stat_activity WHERE application_name LIKE 'pyo3-matrix %'";
    let count = |what: &str| {
        let rows =
            other.connect().and_then(|mut client| client.query(&format!("SELECT {what} {sessions}"), &[]));
        rows.expect("sessions").len()
    };
    for _ in 0..2 {
        assert_eq!(count("pg_terminate_backend(pid)"), 1);
        let mut command = asking(MAJOR, &other.superuser());
        let output = command.args(["postgres", "16", "--", "true"]).output().expect("the binary starts");
        assert!(output.status.success(), "{}", shown(&output));
        assert_eq!(other.made(), own, "another harness removed what is in use");
        wait_for("session", || count("pid") == 1);
    }
    std::fs::remove_file(&file).expect("removed");
    assert!(keeps.wait().expect("an end").success());
    assert_eq!(other.made(), [""; 0], "left behind");
}

#[test]
fn a_red_cell_whose_database_was_taken_away_is_lost() {
    let _alone = alone();
    let other = Other::start();
    let (project, cell) = (Project::testing(&fixture("loses_its_database")), a_cell());
    let mut command = asking(MAJOR, &other.superuser());
    command.current_dir(project.path()).args(["run", "--cell", &cell, "--benchmarks", "off"]);
    let mut harness =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary starts");
    let waiting = "SELECT datname::text FROM pg_stat_activity WHERE application_name = 'a cell that waits'";
    // The harness may have to build a wheel first.
    let name: String = loop {
        let mut client = other.connect().expect("a connection");
        if let Some(row) = client.query_opt(waiting, &[]).expect("a session") {
            break row.get(0);
        }
        assert_eq!(harness.try_wait().expect("a child"), None, "the harness ended");
        std::thread::sleep(Duration::from_millis(100));
    };
    let mut client = other.connect().expect("a connection");
    client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).expect("dropped");
    let output = harness.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    let record = run_folder(&output).join("cells").join(&cell).join("record.json");
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(record).expect("a record")).expect("JSON");
    assert_eq!(record["outcome"], "Lost", "{record}");
    assert!(record["reason"].as_str().is_some_and(|reason| reason.contains("is gone")), "{record}");
    let tests = record["tests"].as_object().expect("tests");
    assert!(tests.values().any(|result| result == "failed"), "its tests stay in the record: {record}");
}

#[test]
fn what_a_lost_machine_left_is_removed_by_the_next_harness() {
    let other = Other::start();
    let mut client = other.connect().expect("a connection");
    for statement in ["CREATE ROLE pyo3_matrix_0123abcd_x", "CREATE DATABASE pyo3_matrix_0123abcd_x"] {
        client.batch_execute(statement).expect("made");
    }
    let mut command = asking(MAJOR, &other.superuser());
    let output = command.args(["postgres", "16", "--", "true"]).output().expect("the binary starts");
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(other.made(), [""; 0], "left behind");
}

#[test]
fn a_password_is_stored_by_the_method_that_is_asked_for_whatever_the_server_prefers() {
    let other = Other::start();
    let prefer = "ALTER SYSTEM SET password_encryption = 'md5'";
    for statement in [prefer, "SELECT pg_reload_conf()"] {
        other.connect().and_then(|mut client| client.batch_execute(statement)).expect("set");
    }
    let mut command = asking(MAJOR, &other.superuser());
    let output = command.args(["postgres", "16", "--", "true"]).output().expect("the binary starts");
    assert!(output.status.success(), "{}", shown(&output));
}
