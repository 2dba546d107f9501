//! What is a connection to the server, how is it opened, and when is it gone?

use std::fs::File;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use super::prepared::Prepared;
use super::{cancel, wire};
use crate::error::Failure;
use crate::fault::Fault;

/// Used where the DSN has no `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the server may take to hang up.
const FAREWELL: Duration = Duration::from_secs(1);

/// How many connections of a pool are open.
#[derive(Default)]
pub struct Open(AtomicUsize);

impl Open {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Counts one open connection until it is dropped.
struct Counted(Arc<Open>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0 .0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A TCP or Unix socket.
pub trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl Socket for TcpStream {}
impl Socket for UnixStream {}

/// Where a server listens.
#[derive(Clone)]
pub struct Peer {
    host: Host,
    port: u16,
}

impl Peer {
    pub async fn dial(&self) -> io::Result<Box<dyn Socket>> {
        Ok(match &self.host {
            Host::Tcp(name) => {
                let stream = TcpStream::connect((name.as_str(), self.port)).await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Host::Unix(folder) => {
                Box::new(UnixStream::connect(folder.join(format!(".s.PGSQL.{}", self.port))).await?)
            }
        })
    }
}

/// One session of the server.
pub struct Connection {
    client: Client,
    pub peer: Peer,
    /// Moves bytes between the client and the socket; it ends when both are gone.
    driver: JoinHandle<()>,
    /// True if the client keeps statements that a reset would remove.
    is_spoiled: AtomicBool,
    /// What it keeps with the faults that keep statements.
    pub prepared: Prepared,
    _counted: Counted,
}

impl Connection {
    /// Tries each host of the configuration in turn.
    pub async fn open(config: &Config, fault: Fault, open: &Arc<Open>) -> Result<Self, Failure> {
        let (hosts, ports) = (config.get_hosts(), config.get_ports());
        let mut failure = Failure::of_pool("the DSN names no host");
        for (index, host) in hosts.iter().enumerate() {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            let peer = Peer { host: host.clone(), port };
            let limit = config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
            let opened = timeout(limit, Self::open_at(config, peer, fault, open)).await;
            match opened.unwrap_or_else(|_| Err(Failure::of_pool("cannot connect in time"))) {
                Ok(connection) => return Ok(connection),
                Err(error) => failure = error,
            }
            if fault == Fault::DescriptorLeaked {
                mem::forget(File::open("/dev/null"));
            }
        }
        Err(failure)
    }

    async fn open_at(config: &Config, peer: Peer, fault: Fault, open: &Arc<Open>) -> Result<Self, Failure> {
        let socket = peer.dial().await;
        let socket = socket.map_err(|error| Failure::of_pool(format!("cannot connect: {error}")))?;
        let connected = config.connect_raw(wire::under(socket, fault), NoTls).await;
        let (client, connection) = connected.map_err(|error| Failure::of_server(&error, fault))?;
        open.0.fetch_add(1, Ordering::SeqCst);
        let counted = Counted(Arc::clone(open));
        let driver = tokio::spawn(async move {
            // Its error is also told to the query that waits.
            let _ = connection.await;
        });
        let (is_spoiled, prepared) = (AtomicBool::new(false), Prepared::default());
        Ok(Self { client, peer, driver, is_spoiled, prepared, _counted: counted })
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the server answers; nothing else is running here.
    pub async fn answers(&self) -> bool {
        !self.client.is_closed()
            && timeout(cancel::DEADLINE, self.client.check_connection()).await.is_ok_and(|r| r.is_ok())
    }

    pub fn spoil(&self) {
        self.is_spoiled.store(true, Ordering::SeqCst);
    }

    pub fn is_spoiled(&self) -> bool {
        self.is_spoiled.load(Ordering::SeqCst)
    }

    /// Says good-bye, and waits until the socket is closed.
    pub async fn close(self) {
        let Self { client, mut driver, _counted, .. } = self;
        drop(client);
        if timeout(FAREWELL, &mut driver).await.is_err() {
            driver.abort();
        }
    }
}
