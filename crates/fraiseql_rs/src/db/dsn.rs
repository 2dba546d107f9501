//! What does a connection string say? A URL or libpq's pairs → the parts that it names. tokio-postgres reads the text;
//! this file refuses what the pool does not offer, and never repeats a part of the text that may be a password.

use std::time::Duration;

use tokio_postgres::config::{
    ChannelBinding, Host, LoadBalanceHosts, SslMode, SslNegotiation, TargetSessionAttrs,
};
use tokio_postgres::Config;

use super::error::Error;

/// The options of libpq that tokio-postgres does not know. Only a name from this list may appear in a message, because
/// the next word of a password that should have quotes looks like a name as well.
const UNKNOWN: [&str; 20] = [
    "client_encoding",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "krbsrvname",
    "max_protocol_version",
    "min_protocol_version",
    "passfile",
    "replication",
    "require_auth",
    "requirepeer",
    "service",
    "sslcert",
    "sslcompression",
    "sslcrl",
    "sslkey",
    "sslpassword",
    "sslrootcert",
    "sslsni",
];

/// The parts of a connection string. `None` where it says nothing. It has no `Debug`, because of the password.
pub struct Parts {
    pub host: Option<String>,
    /// The address of the host, if the name is not to be looked up.
    pub address: Option<String>,
    pub port: Option<u16>,
    pub username: Option<String>,
    pub password: Option<String>,
    pub database: Option<String>,
    pub application_name: Option<String>,
    pub options: Option<String>,
    pub connect_timeout: Option<Duration>,
    /// `sslmode=disable`.
    pub declines_tls: bool,
}

impl Parts {
    /// Reads `dsn`. Nothing in an empty text is an error.
    pub fn of(dsn: &str) -> Result<Self, Error> {
        let config = dsn.parse::<Config>().map_err(|cause| refused(&cause))?;
        refuse_what_is_not_offered(&config)?;
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let host = only(config.get_hosts(), "host")?.map(host_name).transpose()?;
        let password = config.get_password().map(|bytes| String::from_utf8(bytes.to_vec())).transpose();
        Ok(Self {
            host: given(host.as_deref()),
            address: only(config.get_hostaddrs(), "hostaddr")?.map(ToString::to_string),
            port: only(ports(&config, dsn), "port")?.copied(),
            username: given(config.get_user()),
            password: password.map_err(|_| Error::setting("the dsn has a password that is not UTF-8"))?,
            database: given(config.get_dbname()),
            application_name: given(config.get_application_name()),
            options: given(config.get_options()),
            connect_timeout: config.get_connect_timeout().copied(),
            declines_tls: config.get_ssl_mode() == SslMode::Disable,
        })
    }
}

fn refused(cause: &tokio_postgres::Error) -> Error {
    let reason = std::error::Error::source(cause).map(ToString::to_string).unwrap_or_default();
    let name = reason.split('`').nth(1).unwrap_or_default();
    if reason.starts_with("invalid value") {
        return Error::setting(format!(
            "the dsn has a value for {name} that is wrong, or that the pool does not offer"
        ));
    }
    if UNKNOWN.contains(&name) {
        return Error::setting(format!("the dsn has {name}, which the pool does not offer"));
    }
    Error::setting("the dsn is neither a URL (postgresql://…) nor made of pairs (host=… dbname=…)")
}

fn refuse_what_is_not_offered(config: &Config) -> Result<(), Error> {
    let usual = Config::new();
    let is_own_keepalive = config.get_keepalives() == usual.get_keepalives()
        && config.get_keepalives_idle() == usual.get_keepalives_idle()
        && config.get_keepalives_interval().is_none()
        && config.get_keepalives_retries().is_none()
        && config.get_tcp_user_timeout().is_none();
    let (ssl, negotiation) = (config.get_ssl_mode(), config.get_ssl_negotiation());
    let refusals = [
        (ssl == SslMode::Require, "sslmode=require: the pool has no TLS"),
        (negotiation == SslNegotiation::Direct, "sslnegotiation=direct: the pool has no TLS"),
        (
            config.get_channel_binding() == ChannelBinding::Require,
            "channel_binding=require: the pool has no TLS",
        ),
        (
            config.get_target_session_attrs() != TargetSessionAttrs::Any,
            "target_session_attrs: the pool has one server, and takes it as it is",
        ),
        (
            config.get_load_balance_hosts() == LoadBalanceHosts::Random,
            "load_balance_hosts=random: the pool has one host",
        ),
        (!is_own_keepalive, "an option of keepalive: the pool gives up a lost server after 30 seconds"),
    ];
    match refusals.into_iter().find(|(is_asked_for, _)| *is_asked_for) {
        Some((_, what)) => Err(Error::setting(format!("the dsn asks for {what}"))),
        None => Ok(()),
    }
}

/// Returns the one element, if there is one. libpq tries several in turn; the pool does not.
fn only<'a, T>(found: &'a [T], name: &str) -> Result<Option<&'a T>, Error> {
    match found {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(Error::setting(format!("the dsn has several values for {name}, and the pool takes one"))),
    }
}

fn host_name(host: &Host) -> Result<String, Error> {
    match host {
        Host::Tcp(name) => Ok(name.clone()),
        #[cfg(unix)]
        Host::Unix(path) => path
            .to_str()
            .map(str::to_owned)
            .ok_or_else(|| Error::setting("the dsn has a folder for its host that is not UTF-8")),
    }
}

/// The ports in the text. For a URL with a host and no port tokio-postgres adds 5432, and `PGPORT` would never count.
fn ports<'a>(config: &'a Config, dsn: &str) -> &'a [u16] {
    let ports = config.get_ports();
    let Some((_, rest)) = dsn.split_once("://") else { return ports };
    let authority = rest.split_once('@').map_or(rest, |(_, behind)| behind);
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let has_port = authority.rsplit(']').next().is_some_and(|end| end.contains(':'));
    if has_port || authority.is_empty() || authority.contains(',') {
        return ports;
    }
    ports.get(1..).unwrap_or_default()
}
