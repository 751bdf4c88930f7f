//! The server of a run: its address and its process.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Instant;

use chatsrv::tls_client::{READ_BYTES_MIN, TlsConnector};

use crate::clients::Protocol;
use crate::failure::Failure;
use crate::limits::CONNECT_MAX;
use crate::process::Process;

/// The longest greeting, in bytes.
const GREETING_BYTES_MAX: u64 = 1024;

/// A server that accepts connections.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Its address and port.
    pub address: SocketAddr,
    /// Its process, if it is on this machine and may be inspected.
    pub process: Option<Process>,
}

/// Finds the address of `server` that accepts connections, and its process, which is `pid` if that
/// is given. A chatsrv must send its greeting, over TLS if `tls` is given.
///
/// # Errors
/// [`Failure::Unavailable`] if there is no server, [`Failure::Usage`] if there is no such process.
pub fn reach(
    server: &str,
    protocol: Protocol,
    tls: Option<&TlsConnector>,
    pid: Option<u32>,
) -> Result<Server, Failure> {
    let unavailable = |reason: &dyn std::fmt::Display| {
        Failure::Unavailable(format!("no server at {server}: {reason}"))
    };
    let addresses = server.to_socket_addrs().map_err(|error| unavailable(&error))?;
    let mut refusal = unavailable(&"the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_MAX) {
            Ok(connection) => {
                if protocol == Protocol::Native {
                    await_greeting(&connection, tls).map_err(|error| unavailable(&error))?;
                }
                let process = match pid {
                    Some(pid) => Some(Process::with_pid(pid).ok_or_else(|| {
                        Failure::Usage(format!("there is no process {pid} that can be looked at"))
                    })?),
                    None => process_behind(&connection, address),
                };
                return Ok(Server { address, process });
            }
            Err(error) => refusal = unavailable(&error),
        }
    }
    Err(refusal)
}

/// Reads the greeting: the server has accepted the connection by then, so that its process is
/// known.
fn await_greeting(connection: &TcpStream, tls: Option<&TlsConnector>) -> io::Result<()> {
    connection.set_read_timeout(Some(CONNECT_MAX))?;
    connection.set_write_timeout(Some(CONNECT_MAX))?;
    let start = match tls {
        Some(tls) => first_bytes(connection, tls)?,
        None => {
            let mut line = Vec::new();
            BufReader::new(connection.take(GREETING_BYTES_MAX)).read_until(b'\n', &mut line)?;
            line
        }
    };
    if start.starts_with(b"C ") {
        Ok(())
    } else {
        Err(io::Error::other("what answers does not speak the protocol"))
    }
}

/// The first bytes after the TLS handshake.
fn first_bytes(connection: &TcpStream, tls: &TlsConnector) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + CONNECT_MAX;
    let mut stream = tls.connect(connection.try_clone()?, deadline)?;
    let mut bytes = vec![0; READ_BYTES_MIN];
    loop {
        match stream.read(&mut bytes) {
            Ok(length) => {
                bytes.truncate(length);
                return Ok(bytes);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < deadline => {}
            Err(error) => return Err(error),
        }
    }
}

fn process_behind(connection: &TcpStream, server: SocketAddr) -> Option<Process> {
    Process::at_other_end(connection.local_addr().ok()?, server)
}
