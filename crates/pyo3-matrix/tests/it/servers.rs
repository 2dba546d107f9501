//! Is a throwaway server what it says? Its version, its login, its role's rights, and its end with the harness's.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::harness::matrix;

/// A harness that serves one major until this is dropped.
struct Server {
    harness: Child,
    env: BTreeMap<String, String>,
    /// The command under the harness ends when this is gone.
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

/// What every major must hold to; `creates` is that major's own rule for the schema `public`.
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
