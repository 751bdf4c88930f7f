//! Socket activation: listening sockets that the service manager passes to the server when it
//! starts it (sd_listen_fds(3)). They stay open over a restart, so clients that connect meanwhile
//! wait in their backlog.

use std::fmt;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use super::listener::{Endpoint, Listener};

/// The listening sockets that were passed to the server. If there are any of a kind, it opens none
/// of that kind itself.
#[derive(Debug, Default)]
pub struct Inherited {
    /// For clients.
    pub(super) plain: Vec<Listener>,
    /// For clients that speak TLS.
    pub(super) tls: Vec<Listener>,
    /// For browsers.
    pub(super) http: Vec<Listener>,
    /// For browsers that speak TLS.
    pub(super) https: Vec<Listener>,
    /// For the operator.
    pub(super) operator: Vec<Listener>,
}

/// Why a socket that was passed to the server can't be used.
#[derive(Debug)]
pub enum InheritedError {
    /// The environment variables are not valid.
    Environment(io::Error),
    /// The name is none of `plain`, `tls`, `http`, `https` and `admin`.
    Name(String),
    /// A socket is named `tls` or `https`, but there is no certificate.
    NoCertificate,
    /// The socket is not of the kind that its name says.
    Socket(String, io::Error),
}

impl fmt::Display for InheritedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InheritedError::Environment(error) => {
                write!(f, "the sockets that were passed: {error}")
            }
            InheritedError::Name(name) => {
                let known = "plain, tls, http, https nor admin";
                write!(f, "the passed socket {name:?} is named neither {known}")
            }
            InheritedError::NoCertificate => {
                f.write_str("a socket for TLS was passed, but there is no --tls-cert")
            }
            InheritedError::Socket(name, error) => write!(f, "the passed socket {name:?}: {error}"),
        }
    }
}

impl std::error::Error for InheritedError {}

impl Inherited {
    /// Takes the sockets that were passed to this process. It must be called before the process
    /// opens any descriptor; a second call finds nothing. The environment is left as it is, because
    /// the server starts no program that could take the sockets for its own.
    ///
    /// # Errors
    /// See [`InheritedError`].
    pub fn take(speaks_tls: bool) -> Result<Self, InheritedError> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        let mut inherited = Inherited::default();
        if TAKEN.swap(true, Ordering::Relaxed) {
            return Ok(inherited);
        }
        let sockets = sd_notify::listen_fds_with_names().map_err(InheritedError::Environment)?;
        for (number, name) in sockets {
            // SAFETY: the environment says to this very process that these numbers are its own, the
            // call above found each of them open, and nobody takes them a second time.
            let socket = unsafe { OwnedFd::from_raw_fd(number) };
            inherited.add(socket, name, speaks_tls)?;
        }
        Ok(inherited)
    }

    fn add(
        &mut self,
        socket: OwnedFd,
        name: String,
        speaks_tls: bool,
    ) -> Result<(), InheritedError> {
        let (listeners, is_tcp) = match name.as_str() {
            "plain" => (&mut self.plain, true),
            "tls" if speaks_tls => (&mut self.tls, true),
            "https" if speaks_tls => (&mut self.https, true),
            "tls" | "https" => return Err(InheritedError::NoCertificate),
            "http" => (&mut self.http, true),
            "admin" => (&mut self.operator, false),
            _ => return Err(InheritedError::Name(name)),
        };
        let adopted =
            Listener::adopt(socket).and_then(|listener| match (&listener.endpoint, is_tcp) {
                (Endpoint::Tcp(_), true) | (Endpoint::Unix(_), false) => Ok(listener),
                (_, true) => Err(io::Error::other("it is no TCP socket")),
                (_, false) => Err(io::Error::other("it is no Unix-domain socket")),
            });
        let listener = adopted.map_err(|error| InheritedError::Socket(name.clone(), error))?;
        listeners.push(match name.as_str() {
            "tls" => listener.for_tls(),
            "http" => listener.for_http(),
            "https" => listener.for_https(),
            _ => listener,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn add(socket: impl Into<OwnedFd>, name: &str) -> Result<Inherited, String> {
        let mut inherited = Inherited::default();
        inherited.add(socket.into(), name.into(), true).map_err(|error| error.to_string())?;
        Ok(inherited)
    }

    #[test]
    fn sockets_are_what_their_names_say() {
        let folder = tempfile::tempdir().unwrap();
        let tcp = || TcpListener::bind("127.0.0.1:0").unwrap();
        let unix = |name| UnixListener::bind(folder.path().join(name)).unwrap();
        let inherited = add(tcp(), "plain").unwrap();
        assert!(matches!(inherited.plain[0].endpoint, Endpoint::Tcp(_)));
        let inherited = add(tcp(), "tls").unwrap();
        assert!(matches!(inherited.tls[0].endpoint, Endpoint::Tls(_)));
        let inherited = add(tcp(), "http").unwrap();
        assert!(matches!(inherited.http[0].endpoint, Endpoint::Http(_)));
        let inherited = add(tcp(), "https").unwrap();
        assert!(matches!(inherited.https[0].endpoint, Endpoint::Https(_)));
        let inherited = add(unix("a"), "admin").unwrap();
        assert!(matches!(inherited.operator[0].endpoint, Endpoint::Unix(_)));
        assert!(add(tcp(), "admin").unwrap_err().contains("no Unix-domain socket"));
        assert!(add(unix("b"), "plain").unwrap_err().contains("no TCP socket"));
        assert!(add(tcp(), "web").unwrap_err().contains("\"web\""));
        assert!(add(tcp(), "").is_err());
        let unspoken = Inherited::default().add(tcp().into(), "tls".into(), false);
        assert!(matches!(unspoken, Err(InheritedError::NoCertificate)));
    }

    #[test]
    fn what_does_not_listen_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(add(stream, "plain").unwrap_err().contains("listens"));
        let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(add(datagrams, "plain").unwrap_err().contains("listens"));
        let file = tempfile::tempfile().unwrap();
        assert!(add(file, "plain").is_err());
    }
}
