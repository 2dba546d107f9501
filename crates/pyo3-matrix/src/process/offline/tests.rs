//! The texts are those of cargo 1.95, pip 24.2, uv 0.13, npm 11 and maturin 1.16: behind a proxy or an index on a closed port,
//! behind a name that nobody has, told to stay offline, and refused by a server or a proxy.

use super::*;

fn check(output: &str, expected: &str) {
    let found = Offline::found(output).map(|offline| offline.to_string());
    assert_eq!(found.as_deref(), Some(expected), "{output}");
}

fn check_not(output: &str) {
    assert_eq!(Offline::found(output), None, "{output}");
}

const CARGO_INDEX: &str = "    Updating crates.io index
warning: spurious network error (1 try remaining): [7] Could not connect to server (Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server)
error: failed to get `pyo3` as a dependency of package `plus v0.1.0 (/p/plus)`

Caused by:
  download of config.json failed

Caused by:
  failed to download from `https://index.example.org/config.json`

Caused by:
  [7] Could not connect to server (Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server)
";

const PIP_END: &str =
    "ERROR: Could not find a version that satisfies the requirement iniconfig==2.0.0 (from versions: none)
ERROR: No matching distribution found for iniconfig==2.0.0
";

fn pip_retrying(error: &str) -> String {
    format!(
        "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
         '{error}': /simple/iniconfig/\n{PIP_END}"
    )
}

#[test]
fn cargo_that_reaches_no_index_names_it() {
    let expected = "cargo cannot reach https://index.example.org/config.json: [7] Could not connect to server (Failed to connect \
                    to 127.0.0.1 port 9 after 0 ms: Could not connect to server)";
    check(CARGO_INDEX, expected);
    let maturin = "💥 maturin failed\n  Caused by: Cargo metadata failed. Does your crate compile with `cargo build`?\n  \
                   Caused by: `cargo metadata` exited with an error: \n";
    check(&format!("{CARGO_INDEX}{maturin}"), expected);
}

#[test]
fn cargo_that_cannot_download_a_crate_names_its_address() {
    check(
        " Downloading crates ...
error: failed to download from `https://static.example.org/crates/pyo3/0.30.1/download`

Caused by:
  [6] Could not resolve host: static.example.org (Could not resolve host: static.example.org)
",
        "cargo cannot reach https://static.example.org/crates/pyo3/0.30.1/download: [6] Could not resolve host: static.example.org \
         (Could not resolve host: static.example.org)",
    );
}

#[test]
fn cargo_that_was_told_to_stay_offline_names_the_crate() {
    check(
        "error: failed to download `pyo3 v0.30.1`

Caused by:
  attempting to make an HTTP request, but --offline was specified
",
        "cargo cannot reach the registry of crates for pyo3 v0.30.1: attempting to make an HTTP request, but --offline was \
         specified",
    );
    check(
        "error: no matching package named `pyo3` found
location searched: crates.io index
required by package `plus v0.1.0 (/p/plus)`
As a reminder, you're using offline mode (--offline) which can sometimes cause surprising resolution failures, if this error is too confusing you may wish to retry without `--offline`.
",
        "cargo cannot reach the registry of crates for pyo3: cargo was told to stay offline (CARGO_NET_OFFLINE, or its \
         configuration)",
    );
}

#[test]
fn pip_that_reaches_no_index_names_the_package() {
    let connection = "NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f5dc6112850>: Failed to \
                      establish a new connection: [Errno 111] Connection refused')";
    let expected = |cause| format!("pip cannot reach its index of packages for iniconfig: {cause}");
    check(&pip_retrying(connection), &expected("Connection refused"));
    let proxy = format!("ProxyError('Cannot connect to proxy.', {connection})");
    check(&pip_retrying(&proxy), &expected("Connection refused"));
    let name = connection.replace("[Errno 111] Connection refused", "[Errno -2] Name or service not known");
    check(&pip_retrying(&name), &expected("Name or service not known"));
}

#[test]
fn uv_that_reaches_no_server_names_the_address() {
    check(
        "error: Failed to install cpython-3.10.2-linux-x86_64-gnu
  cause: Request failed after 3 retries in 6.6s
  cause: Failed to download `https://github.com/astral-sh/python-build-standalone/releases/x.tar.gz`
  cause: error sending request for url (https://github.com/astral-sh/python-build-standalone/releases/x.tar.gz)
  cause: client error (Connect)
  cause: tunnel error: failed to create underlying connection
  cause: tcp connect error
  cause: Connection refused (os error 111)
",
        "uv cannot reach https://github.com/astral-sh/python-build-standalone/releases/x.tar.gz: Connection refused (os error \
         111)",
    );
    check(
        "error: Request failed after 3 retries in 8.7s
  cause: Failed to fetch: https://nowhere.invalid/simple/iniconfig/
  cause: error sending request for url (https://nowhere.invalid/simple/iniconfig/)
  cause: client error (Connect)
  cause: dns error
  cause: error resolving DNS
  cause: failed to lookup address information: Name or service not known
",
        "uv cannot reach https://nowhere.invalid/simple/iniconfig/: failed to lookup address information: Name or service not \
         known",
    );
    check(
        "error: No solution found when resolving dependencies
  cause: Because iniconfig was not found in the cache and you require iniconfig==2.0.0, we can conclude that your requirements are unsatisfiable.

hint: Packages were unavailable because the network was disabled. When the network is disabled, registry packages may only be read from the cache.
",
        "uv cannot reach its index: uv was told to stay offline (UV_OFFLINE)",
    );
}

#[test]
fn npm_that_reaches_no_registry_names_the_address() {
    check(
        "npm error code ECONNREFUSED
npm error syscall connect
npm error errno ECONNREFUSED
npm error FetchError: request to https://npm.example.org/left-pad failed, reason: connect ECONNREFUSED 127.0.0.1:9
npm error     at ClientRequest.<anonymous> (/usr/lib/node_modules/npm/node_modules/minipass-fetch/lib/index.js:130:14)
npm error   code: 'ECONNREFUSED',
npm error }
npm error
npm error If you are behind a proxy, please make sure that the 'proxy' config is set properly.  See: 'npm help config'
",
        "npm cannot reach https://npm.example.org/left-pad: connect ECONNREFUSED 127.0.0.1:9",
    );
    check(
        "npm error code ENOTFOUND
npm error syscall getaddrinfo
npm error errno ENOTFOUND
npm error network request to https://nowhere.invalid/left-pad failed, reason: getaddrinfo ENOTFOUND nowhere.invalid
npm error network This is a problem related to network connectivity.
",
        "npm cannot reach https://nowhere.invalid/left-pad: getaddrinfo ENOTFOUND nowhere.invalid",
    );
    check(
        "npm error code ENOTCACHED
npm error request to https://npm.example.org/left-pad failed: cache mode is 'only-if-cached' but no cached response is available.
",
        "npm cannot reach https://npm.example.org/left-pad: npm was told to stay offline, and has not fetched it before",
    );
}

#[test]
fn a_server_that_answers_is_none() {
    check_not("npm error code E404\nnpm error 404 Not Found - GET https://npm.example.org/no-such-package\n");
    check_not("npm error code E401\nnpm error 401 Unauthorized - GET http://127.0.0.1:8701/left-pad\n");
    check_not("npm error code EINTEGRITY\nnpm error sha512-a integrity checksum failed when using sha512\n");
    check_not(PIP_END);
    check_not(&PIP_END.replace("none", "1.1.0, 2.1.0"));
    check_not(
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions\n",
    );
    check_not(
        "error: No solution found when resolving dependencies\n\nhint: An index URL (http://127.0.0.1:8701/simple) could not be \
         queried due to a lack of valid authentication credentials (401 Unauthorized)\n",
    );
    check_not(
        "error: failed to download from `https://static.example.org/crates/pyo3/0.30.1/download`\n\nCaused by:\n  failed to get \
         successful HTTP response from `https://static.example.org/x`, got 403\n",
    );
    check_not(
        "error: failed to select a version for the requirement `pyo3 = \"=0.30.9\"`\ncandidate versions found which didn't \
         match: 0.30.1, 0.30.0\nlocation searched: crates.io index\nAs a reminder, you're using offline mode (--offline) which \
         can sometimes cause surprising resolution failures\n",
    );
}

#[test]
fn a_proxy_that_refuses_is_none() {
    check_not(&pip_retrying(
        "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))",
    ));
    check_not(&CARGO_INDEX.replace(
        "\n  [7] Could not connect to server (Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server)",
        "\n  [56] Failure when receiving data from the peer (CONNECT tunnel failed, response 403)",
    ));
    check_not(
        "error: Request failed after 3 retries in 7.2s\n  cause: error sending request for url (https://pypi.org/simple/x/)\n  \
         cause: client error (Connect)\n  cause: tunnel error: unsuccessful\n",
    );
}

#[test]
fn a_retry_that_went_well_is_none() {
    check_not(
        "warning: spurious network error (2 tries remaining): [28] Timeout was reached\n   Compiling x v0.1.0\nerror[E0432]: \
         unresolved import `pyo3::GILPool`\n",
    );
    let reached = pip_retrying("ReadTimeoutError('Read timed out.')").replace("none", "1.1.0, 2.1.0");
    check_not(&reached);
}
