//! Is it told in words that a network cannot be reached, and by which program?

use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{checkout, copy, matrix, shown, words};

/// The command in a copy of an example, on a machine whose network is a closed port.
fn offline(folder: &Path, arguments: &[&str]) -> Output {
    copy(&checkout().join("examples/plus"), folder);
    let mut command: Command = matrix();
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, "http://127.0.0.1:9").env(name.to_uppercase(), "http://127.0.0.1:9");
    }
    command.env_remove("no_proxy").env_remove("NO_PROXY");
    // What the user's own settings offer instead is no part of this, and neither is what was fetched before.
    command.env("CARGO_HOME", folder.join("cargo")).env("CARGO_NET_RETRY", "0");
    command.env("XDG_CACHE_HOME", folder.join("cache"));
    command.env("PIP_CONFIG_FILE", "/dev/null").env("PIP_NO_CACHE_DIR", "1").env("PIP_RETRIES", "1");
    command.env_remove("PIP_FIND_LINKS").env_remove("PIP_NO_INDEX").env_remove("PIP_INDEX_URL");
    command.current_dir(folder).args(arguments).output().expect("the binary starts")
}

fn check(arguments: &[&str], said: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = offline(folder.path(), arguments);
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    for expected in said {
        assert!(words(&output).contains(expected), "{expected}: {}", shown(&output));
    }
}

#[test]
fn cargo_without_a_network_is_named_with_what_it_wanted_and_what_helps() {
    let said = ["error: cargo cannot reach https://", "/config.json: [7] ", "CARGO_NET_OFFLINE=true"];
    check(&["lock", "--upgrade"], &said);
}

#[test]
fn pip_without_a_network_is_named_with_what_it_wanted_and_what_helps() {
    let said =
        ["tools.txt: pip cannot reach its index of packages for ", ": Connection refused", "PIP_FIND_LINKS"];
    check(&["run"], &said);
}
