//! Is a throwaway server what it claims to be? Its version, its login, its role's rights, and its end together with
//! the harness.

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::external::programs;
use crate::harness::matrix;

/// A harness that serves one major until this is dropped.
struct Server {
    harness: Child,
    env: BTreeMap<String, String>,
    /// The command under the harness ends when this file is gone.
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(major: u16) -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let (part, file) = (folder.path().join("part"), folder.path().join("env"));
        let script = format!(
            "env | grep ^PG > {0}; mv {0} {1}; while [ -e {1} ]; do sleep 0.05; done",
            part.display(),
            file.display()
        );
        let mut command = matrix();
        command.args(["postgres", &major.to_string(), "--", "sh", "-c", &script]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut harness = command.spawn().expect("the binary starts");
        let begun = Instant::now();
        while !file.exists() {
            assert!(harness.try_wait().expect("a child").is_none(), "Postgres {major} was not served");
            assert!(begun.elapsed() < Duration::from_secs(400), "Postgres {major} did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        let text = std::fs::read_to_string(&file).expect("the variables");
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        let env = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Server { harness, env, file, _folder: folder }
    }

    fn port(&self) -> u16 {
        self.env["PGPORT"].parse().expect("a port")
    }

    fn connect(&self, password: &str) -> Result<Client, postgres::Error> {
        postgres::Config::new()
            .host(&self.env["PGHOST"])
            .port(self.port())
            .user(&self.env["PGUSER"])
            .password(password)
            .dbname(&self.env["PGDATABASE"])
            .connect(NoTls)
    }

    fn client(&self) -> Client {
        self.connect(&self.env["PGPASSWORD"]).expect("a connection")
    }

    fn listens(&self) -> bool {
        TcpStream::connect((self.env["PGHOST"].as_str(), self.port())).is_ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
        let _ = self.harness.wait();
    }
}

/// Checks what is true of every major; `creates` is the major's own rule for the schema `public`.
fn check(major: u16, creates: bool) {
    let server = Server::start(major);
    let mut client = server.client();
    let number: String = client.query_one("SHOW server_version_num", &[]).expect("a version").get(0);
    assert_eq!(number.parse::<u32>().expect("a number") / 10_000, u32::from(major));
    let question = "SELECT r.rolsuper OR r.rolcreatedb OR r.oid = d.datdba FROM pg_roles r, pg_database d \
                    WHERE r.rolname = current_user AND d.datname = current_database()";
    assert!(!client.query_one(question, &[]).expect("a role").get::<_, bool>(0), "the role has privileges");
    client.batch_execute("CREATE TEMP TABLE t (a int)").expect("a temporary table");
    assert_eq!(client.batch_execute("CREATE TABLE public.t (a int)").is_ok(), creates);
    assert!(server.connect("another").is_err(), "any password is good enough");
}

#[test]
fn postgres_13_asks_for_the_password_and_lets_a_role_create_in_public() {
    check(13, true);
}

#[test]
fn postgres_14_asks_for_the_password_and_lets_a_role_create_in_public() {
    check(14, true);
}

#[test]
fn postgres_15_asks_for_the_password_and_keeps_a_role_out_of_public() {
    check(15, false);
}

#[test]
fn postgres_16_asks_for_the_password_and_keeps_a_role_out_of_public() {
    check(16, false);
}

/// Programs that tell the test which port `postgres` is to take, and wait until the test has taken it, the first time.
fn programs_that_wait(folder: &Path) -> PathBuf {
    let bin = folder.join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    for program in ["initdb", "postgres"] {
        let real = programs().join(program);
        let wait = format!(
            "#!/bin/sh\nport=$(echo \"$*\" | sed -n 's/.* port=\\([0-9]*\\).*/\\1/p')\n\
             if [ -n \"$port\" ] && mkdir {0}/asked 2>/dev/null; then\n\
             echo $port > {0}/part; mv {0}/part {0}/port\n\
             while [ ! -e {0}/taken ]; do sleep 0.05; done\nfi\nexec {1} \"$@\"\n",
            folder.display(),
            real.display()
        );
        std::fs::write(bin.join(program), wait).expect("written");
    }
    for path in [folder, &bin, &bin.join("initdb"), &bin.join("postgres")] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o777)).expect("open to all");
    }
    bin
}

#[test]
fn a_port_that_another_program_takes_in_between_leads_to_another_port() {
    let folder = tempfile::tempdir_in("/tmp").expect("a folder");
    let mut command = matrix();
    command.env("PYO3_MATRIX_POSTGRES_16", programs_that_wait(folder.path()));
    command.args(["postgres", "16", "--", "sh", "-c", "echo $PGPORT"]).stdout(Stdio::piped());
    let mut harness = command.spawn().expect("the binary starts");
    let begun = Instant::now();
    let mut wait_for = |what: &mut dyn FnMut(&mut Child) -> bool| {
        while !what(&mut harness) {
            if begun.elapsed() > Duration::from_secs(60) {
                harness.kill().expect("killed");
                panic!("the harness still waits");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let port = folder.path().join("port");
    wait_for(&mut |_| port.exists());
    let port: u16 = std::fs::read_to_string(port).expect("a port").trim().parse().expect("a number");
    // It takes connections, and never says a word.
    let _taken = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    std::fs::write(folder.path().join("taken"), "").expect("written");
    wait_for(&mut |harness| harness.try_wait().expect("a child").is_some());
    let output = harness.wait_with_output().expect("an end");
    let served: u16 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("a port");
    assert_ne!(served, port);
}

#[test]
fn a_server_ends_with_a_killed_harness_while_it_is_busy() {
    let mut server = Server::start(16);
    let mut client = server.client();
    let busy =
        std::thread::spawn(move || client.batch_execute("SELECT count(*) FROM generate_series(1, 1e10)"));
    std::thread::sleep(Duration::from_millis(500));
    assert!(server.listens());
    server.harness.kill().expect("killed");
    let begun = Instant::now();
    while server.listens() || !busy.is_finished() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the server is still there");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(busy.join().expect("no panic").is_err(), "the query was not cut off");
}
