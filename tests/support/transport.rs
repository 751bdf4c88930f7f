//! What carries a client's frames: the socket itself, or TLS on it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

use rustls::{ClientConnection, StreamOwned};

/// What carries a client's frames.
pub enum Transport {
    /// The socket.
    Plain(TcpStream),
    /// TLS on it.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Transport {
    /// The socket.
    pub fn socket(&self) -> &TcpStream {
        match self {
            Transport::Plain(socket) => socket,
            Transport::Tls(stream) => &stream.sock,
        }
    }

    /// The TLS session; there has to be one.
    pub fn session(&mut self) -> &mut ClientConnection {
        match self {
            Transport::Plain(_) => panic!("that is no TLS"),
            Transport::Tls(stream) => &mut stream.conn,
        }
    }

    /// Says that no more will be sent; with TLS in TLS alone, and the socket stays as it is.
    pub fn end_output(&mut self) {
        match self {
            Transport::Plain(socket) => socket.shutdown(Shutdown::Write).unwrap(),
            Transport::Tls(stream) => {
                stream.conn.send_close_notify();
                stream.flush().unwrap();
            }
        }
    }
}

impl From<TcpStream> for Transport {
    fn from(socket: TcpStream) -> Self {
        Transport::Plain(socket)
    }
}

impl Read for Transport {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Transport::Plain(socket) => socket.read(bytes),
            Transport::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Transport::Plain(socket) => socket.write(bytes),
            Transport::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Transport::Plain(socket) => socket.flush(),
            Transport::Tls(stream) => stream.flush(),
        }
    }
}
