//! How is a server reached? A host and a port → one open socket, and the address that it reached. The cancel request
//! needs that address, because it has to reach the same server.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio_util::either::Either;

/// After this much silence the server is probed, this often and this many times. A server that has been gone for half
/// a minute is lost.
const SILENCE: Duration = Duration::from_secs(15);
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;

/// A connected stream, TCP or Unix as the host says.
pub type Socket = Either<TcpStream, UnixStream>;

/// The one server that a socket reached, since one name may mean several servers.
#[derive(Clone, Debug)]
pub enum Peer {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Peer {
    /// Opens one more socket to the same server.
    pub async fn dial_again(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(address) => tcp(TcpStream::connect(address).await?),
            Self::Unix(path) => Ok(Either::Right(UnixStream::connect(path).await?)),
        }
    }
}

/// Dials the addresses of `host` in turn. A host that is an absolute path is a folder with the socket in it.
pub async fn dial(host: &str, port: u16) -> io::Result<(Socket, Peer)> {
    if Path::new(host).is_absolute() {
        let path = Path::new(host).join(format!(".s.PGSQL.{port}"));
        let stream = UnixStream::connect(&path).await?;
        return Ok((Either::Right(stream), Peer::Unix(path)));
    }
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for address in look_up(host, port).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok((tcp(stream)?, Peer::Tcp(address))),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Returns the addresses of `host`. A name goes to the system's resolver, which blocks. So it runs on a thread of its
/// own, because Tokio's thread for blocking work has awaitables to complete.
async fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (found, answer) = oneshot::channel();
    let name = host.to_owned();
    thread::Builder::new().name("fraiseql-resolver".to_owned()).spawn(move || {
        // The receiver is gone if the connection attempt was given up.
        drop(found.send((name.as_str(), port).to_socket_addrs().map(Vec::from_iter)));
    })?;
    answer.await.map_err(io::Error::other)?
}

/// Sets two options. Nagle's algorithm is off: queries are small and each waits for its answer, so it would only
/// delay them. Keepalive probes are on: a client that waits for an answer sends nothing, so only probes tell a slow
/// server from a lost one.
fn tcp(stream: TcpStream) -> io::Result<Socket> {
    stream.set_nodelay(true)?;
    let probes = TcpKeepalive::new().with_time(SILENCE).with_interval(PROBE_INTERVAL).with_retries(PROBES);
    let socket = SockRef::from(&stream);
    socket.set_tcp_keepalive(&probes)?;
    // The kernel sends no probes while sent bytes are unacknowledged: Linux would resend those for a quarter of an
    // hour.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(SILENCE + PROBE_INTERVAL * PROBES))?;
    Ok(Either::Left(stream))
}
