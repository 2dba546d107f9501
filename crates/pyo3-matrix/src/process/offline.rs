//! Did a program fail because it could not reach a network? What it wrote in; what it asked for, and what helps, out. Pure.
//!
//! The only place that knows how cargo, pip, uv and npm say so. An answer of a server, such as 404 or 401, is none of this:
//! somebody was reached.

use std::fmt;

/// A registry that a program could not reach, or was told not to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offline {
    client: Client,
    /// An address, or the name of a package.
    wanted: Option<String>,
    /// The program's own words.
    cause: String,
}

/// The programs that fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Cargo,
    Pip,
    Uv,
    Npm,
}

/// What the operating system says of a connection that cannot be made, in the words of pip's and uv's libraries.
const CAUSES: [&str; 12] = [
    "Connection refused",
    "Connection reset",
    "Network is unreachable",
    "No route to host",
    "Name or service not known",
    "Temporary failure in name resolution",
    "nodename nor servname provided",
    "failed to lookup address",
    "Failed to resolve",
    "timed out",
    "RemoteDisconnected",
    "ConnectTimeoutError",
];

/// The numbers of curl, which cargo fetches with: no proxy, no name, no connection, no answer in time.
const CURL: [&str; 4] = ["[5] ", "[6] ", "[7] ", "[28] "];

/// npm's codes.
const NPM: [&str; 9] = [
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "ERR_SOCKET_TIMEOUT",
    "ECONNRESET",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "ENOTCACHED",
];

impl Offline {
    /// Reads what a program that failed wrote.
    #[must_use]
    pub fn found(output: &str) -> Option<Offline> {
        let lines: Vec<&str> = output.lines().map(str::trim).collect();
        cargo(&lines).or_else(|| pip(&lines)).or_else(|| uv(&lines)).or_else(|| npm(&lines))
    }

    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.client {
            Client::Cargo => {
                "without a network, `[source]` in cargo's configuration names a mirror or a folder of `cargo vendor`, and CARGO_NET_OFFLINE=true is enough where all crates were fetched before; HTTPS_PROXY or CARGO_HTTP_PROXY names a proxy"
            }
            Client::Pip => {
                "without a network, PIP_INDEX_URL names another index, and PIP_FIND_LINKS a folder of wheels, beside which PIP_NO_INDEX=1 asks no index; HTTPS_PROXY or PIP_PROXY names a proxy"
            }
            Client::Uv => {
                "without a network, UV_PYTHON_INSTALL_MIRROR or UV_PYTHON_DOWNLOADS_JSON_URL names a mirror of Pythons, and UV_DEFAULT_INDEX another index; HTTPS_PROXY names a proxy"
            }
            Client::Npm => {
                "without a network, npm_config_registry names another registry; HTTPS_PROXY or npm_config_https_proxy names a proxy"
            }
        }
    }
}

/// `cargo cannot reach https://…: [7] Could not connect to server`.
impl fmt::Display for Offline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (program, registry) = match self.client {
            Client::Cargo => ("cargo", "the registry of crates"),
            Client::Pip => ("pip", "its index of packages"),
            Client::Uv => ("uv", "its index"),
            Client::Npm => ("npm", "its registry"),
        };
        match &self.wanted {
            Some(address) if address.contains("://") => write!(f, "{program} cannot reach {address}")?,
            Some(package) => write!(f, "{program} cannot reach {registry} for {package}")?,
            None => write!(f, "{program} cannot reach {registry}")?,
        }
        write!(f, ": {}", self.cause)
    }
}

fn cargo(lines: &[&str]) -> Option<Offline> {
    let found = |wanted: Option<&str>, cause: &str| {
        Some(Offline { client: Client::Cargo, wanted: wanted.map(str::to_owned), cause: cause.to_owned() })
    };
    let wanted = |before: &str| lines.iter().find_map(|line| quoted(line.split_once(before)?.1));
    let is_offline = |line: &&&str| line.contains("but --offline was specified");
    if let Some(cause) = lines.iter().find(is_offline) {
        return found(wanted("failed to download "), cause);
    }
    // The reminder alone follows everything that cargo cannot resolve.
    let reminded = lines.iter().any(|line| line.starts_with("As a reminder, you're using offline mode"));
    if let Some(package) = wanted("no matching package named ").filter(|_| reminded) {
        return found(
            Some(package),
            "cargo was told to stay offline (CARGO_NET_OFFLINE, or its configuration)",
        );
    }
    // A warning has more words before it: cargo tries again then.
    let cause = lines
        .iter()
        .find(|line| CURL.iter().any(|number| line.starts_with(number)) || line.contains("class=Net (12)"))?;
    let fetched = ["failed to download from ", "failed to fetch ", "failed to clone into "];
    found(Some(fetched.into_iter().find_map(wanted)?), cause)
}

/// pip says of an index that it cannot reach only that it tries again, and of its end that there is no such package.
fn pip(lines: &[&str]) -> Option<Offline> {
    let nothing = ["(from versions: none)", "Max retries exceeded with url"];
    lines.iter().find(|line| nothing.iter().any(|end| line.contains(end)))?;
    let mut broken =
        lines.iter().filter_map(|line| line.split_once("connection broken by '")?.1.rsplit_once("': "));
    let (error, path) = broken.next_back()?;
    let cause = CAUSES.iter().find(|cause| error.contains(*cause))?;
    let last = path.trim_end_matches('/').rsplit('/').next();
    Some(Offline { client: Client::Pip, wanted: last.map(str::to_owned), cause: (*cause).to_owned() })
}

fn uv(lines: &[&str]) -> Option<Offline> {
    let found = |wanted: Option<&str>, cause: &str| {
        Some(Offline { client: Client::Uv, wanted: wanted.map(str::to_owned), cause: cause.to_owned() })
    };
    if lines.iter().any(|line| line.contains("unavailable because the network was disabled")) {
        return found(None, "uv was told to stay offline (UV_OFFLINE)");
    }
    let at = lines.iter().position(|line| line.contains("error sending request for url ("))?;
    let wanted = lines[at].split_once("error sending request for url (")?.1.split(')').next();
    let causes = lines[at + 1..].iter().map_while(|line| line.strip_prefix("cause: ")).last()?;
    CAUSES.iter().find(|cause| causes.contains(*cause))?;
    found(wanted, causes)
}

fn npm(lines: &[&str]) -> Option<Offline> {
    let code = lines.iter().find_map(|line| {
        let code = line.strip_prefix("npm error code ").or_else(|| line.strip_prefix("npm ERR! code "))?;
        NPM.contains(&code).then_some(code)
    })?;
    let request = lines.iter().find_map(|line| line.split_once("request to ")?.1.split_once(" failed"));
    let cause = match (code, request) {
        ("ENOTCACHED", _) => "npm was told to stay offline, and has not fetched it before",
        (_, Some((_, rest))) => rest.split_once("reason: ").map_or(code, |(_, reason)| reason),
        _ => code,
    };
    let wanted = request.map(|(address, _)| address.to_owned());
    Some(Offline { client: Client::Npm, wanted, cause: cause.to_owned() })
}

/// What stands between the first two backticks, or quotes.
fn quoted(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '\''))?;
    text[1..].split(mark).next()
}

#[cfg(test)]
mod tests;
