//! The server that a run is against: where it is, and which process.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};

use crate::clients::Protocol;
use crate::failure::Failure;
use crate::limits::CONNECT_MAX;
use crate::process::Process;

/// The longest greeting that is read, in bytes.
const GREETING_BYTES_MAX: u64 = 1024;

/// A server that takes connections.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// Its address and port.
    pub address: SocketAddr,
    /// Its process, where it is on this machine and may be looked at.
    pub process: Option<Process>,
}

/// Finds the address of `server` that takes connections and, where it is chatsrv, greets; and its
/// process: `pid`, where that is known.
///
/// # Errors
/// [`Failure::Unavailable`] where there is no server, [`Failure::Usage`] where there is no such
/// process.
pub fn reach(server: &str, protocol: Protocol, pid: Option<u32>) -> Result<Server, Failure> {
    let unavailable = |reason: &dyn std::fmt::Display| {
        Failure::Unavailable(format!("no server at {server}: {reason}"))
    };
    let addresses = server.to_socket_addrs().map_err(|error| unavailable(&error))?;
    let mut refusal = unavailable(&"the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_MAX) {
            Ok(connection) => {
                if protocol == Protocol::Native {
                    await_greeting(&connection).map_err(|error| unavailable(&error))?;
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

/// Reads the first line: the server has accepted the connection by then.
fn await_greeting(connection: &TcpStream) -> std::io::Result<()> {
    connection.set_read_timeout(Some(CONNECT_MAX))?;
    let mut line = Vec::new();
    BufReader::new(connection.take(GREETING_BYTES_MAX)).read_until(b'\n', &mut line)?;
    if line.starts_with(b"C ") {
        Ok(())
    } else {
        Err(std::io::Error::other("what answers does not speak the protocol"))
    }
}

fn process_behind(connection: &TcpStream, server: SocketAddr) -> Option<Process> {
    Process::at_other_end(connection.local_addr().ok()?, server)
}
