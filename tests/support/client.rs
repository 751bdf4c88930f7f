//! A client that a test drives step by step.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::{Log, PATIENCE, Server, TlsTrust, Transport, captures, password_of};

/// The longest line of a server, in bytes, LF included.
const LINE_BYTES_MAX: usize = 8192;
/// The longest file chunk, in bytes.
const CHUNK_BYTES_MAX: usize = 65_536;
/// How many steps of the dialogue a failure shows.
const STEPS_SHOWN: usize = 200;

/// One frame from the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A `C` or `D` line, without its LF.
    Line(String),
    /// A chunk of a file; empty where the stream is complete.
    Chunk(u32, Vec<u8>),
    /// The end of the connection.
    End,
}

/// How a client connects.
pub struct Options {
    /// From which address.
    pub from: Ipv4Addr,
    /// The size of the receive buffer, where it is not the system's own choice.
    pub receive_buffer: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Options { from: Ipv4Addr::LOCALHOST, receive_buffer: None }
    }
}

/// A connection, and all that was said on it.
pub struct Client {
    stream: BufReader<Transport>,
    steps: VecDeque<String>,
    log: Log,
    sees_presence: bool,
    list: Option<usize>,
    number: Option<u32>,
}

impl Client {
    /// A connection that was greeted.
    pub fn connect(server: &Server) -> Self {
        let mut client = Client::open(server, &Options::default());
        client.expect("C 220 chatsrv/… 1 ready");
        client
    }

    /// A connection to the server's own socket, which was greeted.
    pub fn operator(server: &Server) -> Self {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
        let path = SockAddr::unix(server.data().join("admin.sock")).expect("a path");
        socket.connect(&path).expect("the server takes the operator");
        // What is used of the type does not ask of which family a socket is.
        let mut client = Client::over(server, TcpStream::from(socket).into());
        client.expect("C 220 chatsrv/… 1 ready");
        client
    }

    /// A connection of which nothing was read yet.
    pub fn open(server: &Server, options: &Options) -> Self {
        Client::over(server, Client::socket(server.address(), options).into())
    }

    /// A connection over TLS of which nothing was read yet.
    pub fn open_tls(server: &Server, trust: &TlsTrust, options: &Options) -> Self {
        let socket = Client::socket(server.tls_address(), options);
        Client::over(server, trust.over(socket))
    }

    /// A connection over TLS that was greeted.
    pub fn connect_tls(server: &Server, trust: &TlsTrust) -> Self {
        let mut client = Client::open_tls(server, trust, &Options::default());
        client.expect("C 220 chatsrv/… 1 ready");
        client
    }

    /// A client on a socket that carries the frames as they are.
    pub fn over_socket(server: &Server, socket: TcpStream) -> Self {
        Client::over(server, socket.into())
    }

    /// A client on a TLS session that was begun.
    pub fn over_tls(
        server: &Server,
        stream: rustls::StreamOwned<rustls::ClientConnection, TcpStream>,
    ) -> Self {
        Client::over(server, Transport::Tls(Box::new(stream)))
    }

    /// A connected socket.
    pub fn socket(address: SocketAddr, options: &Options) -> TcpStream {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        if let Some(bytes) = options.receive_buffer {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        socket.bind(&SocketAddr::new(IpAddr::V4(options.from), 0).into()).unwrap();
        socket.connect(&address.into()).expect("the server takes connections");
        socket.set_tcp_nodelay(true).unwrap();
        socket.into()
    }

    fn over(server: &Server, stream: Transport) -> Self {
        stream.socket().set_read_timeout(Some(PATIENCE)).unwrap();
        stream.socket().set_write_timeout(Some(PATIENCE)).unwrap();
        Client {
            stream: BufReader::with_capacity(CHUNK_BYTES_MAX, stream),
            steps: VecDeque::new(),
            log: server.log().clone(),
            sees_presence: false,
            list: None,
            number: None,
        }
    }

    /// From now on the notices 120 and 121 are frames like others; before, they are passed over.
    pub fn watch_presence(&mut self) {
        self.sees_presence = true;
    }

    /// The contact number of who is logged in here.
    pub fn number(&self) -> u32 {
        self.number.expect("somebody is logged in")
    }

    /// Registers a new account.
    pub fn register(&mut self, name: &str) {
        self.send(&format!("C USER {name}"));
        self.expect(&format!("C 332 USER {name} …"));
        self.give_password(name);
    }

    /// Logs in to an account that [`Client::register`] made.
    pub fn login(&mut self, name: &str) {
        self.send(&format!("C USER {name}"));
        self.expect(&format!("C 331 USER {name} …"));
        self.give_password(name);
    }

    /// Logs in to an account beside its other sessions.
    pub fn login_beside(&mut self, name: &str) {
        self.send(&format!("C USER {name} BESIDE"));
        self.expect(&format!("C 331 USER {name} …"));
        self.give_password(name);
    }

    /// Gives the password of `name`, and holds the answer to be that of a login.
    pub fn give_password(&mut self, name: &str) {
        self.send(&format!("D {}", password_of(name)));
        let count = self.expect("C 150 UNREAD …").remove(0);
        for _ in 0..count.parse::<usize>().expect("a count") {
            self.expect("C 151 UNREAD …");
        }
        let number = self.expect(&format!("C 230 USER {name} … welcome")).remove(0);
        self.number = Some(number.parse().expect("a number"));
    }

    /// Sends a line.
    pub fn send(&mut self, line: &str) {
        self.step(format!("> {}", line.escape_debug()));
        self.write(format!("{line}\n").as_bytes());
    }

    /// Sends bytes as they are, in one piece.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let shown = &bytes[..bytes.len().min(200)];
        self.step(format!("> {} bytes: {}", bytes.len(), shown.escape_ascii()));
        self.write(bytes);
    }

    /// Says that no more will be sent.
    pub fn end_input(&mut self) {
        self.step("> the end of input".to_owned());
        self.stream.get_mut().end_output();
    }

    /// Ends the connection at once, so that the server's next read or write fails.
    pub fn reset(self) {
        SockRef::from(self.stream.get_ref().socket()).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// The next frame.
    pub fn frame(&mut self) -> Frame {
        match self.try_frame() {
            Ok(frame) => frame,
            Err(error) => self.fail(&format!("reading failed: {error}")),
        }
    }

    /// The next frame, where the connection may be lost.
    ///
    /// # Errors
    /// What reading said.
    pub fn try_frame(&mut self) -> io::Result<Frame> {
        loop {
            let frame = self.read_frame()?;
            let presence = |line: &str| line.starts_with("C 120 ") || line.starts_with("C 121 ");
            match &frame {
                Frame::Line(line) if !self.sees_presence && presence(line) => {}
                _ => return Ok(frame),
            }
        }
    }

    /// Sends bytes, where the connection may be lost.
    ///
    /// # Errors
    /// What writing said.
    pub fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.step(format!("> {}", bytes.escape_ascii()));
        self.stream.get_mut().write_all(bytes)
    }

    /// The next frame, which has to be a line.
    pub fn line(&mut self) -> String {
        match self.frame() {
            Frame::Line(line) => line,
            other => self.fail(&format!("a line was due, and this came: {other:?}")),
        }
    }

    /// Reads the next frame, which has to be a line like `pattern`; returns what each `…` of it
    /// stands for.
    pub fn expect(&mut self, pattern: &str) -> Vec<String> {
        match self.frame() {
            Frame::Line(line) => captures(pattern, &line)
                .unwrap_or_else(|| self.fail(&format!("due: {pattern}\ncame: {line:?}"))),
            Frame::Chunk(stream, bytes) => {
                self.fail(&format!("due: {pattern}\ncame: {} bytes of {stream}", bytes.len()))
            }
            Frame::End => self.fail(&format!("due: {pattern}\ncame: the end")),
        }
    }

    /// Sends a line, then expects another.
    pub fn ask(&mut self, line: &str, pattern: &str) -> Vec<String> {
        self.send(line);
        self.expect(pattern)
    }

    /// Runs a dialogue, a step a line: `> ` what is sent, `< ` what is expected.
    pub fn dialogue(&mut self, steps: &str) {
        for step in steps.lines().map(str::trim_start).filter(|step| !step.is_empty()) {
            match step.split_once(' ') {
                Some((">", line)) => self.send(line),
                Some(("<", pattern)) => {
                    self.expect(pattern);
                }
                _ => panic!("a step begins with > or <: {step:?}"),
            }
        }
    }

    /// Sends a request whose answer is a list, and returns the text of its items.
    pub fn list(&mut self, request: &str) -> Vec<String> {
        self.send(request);
        let verb = request.split(' ').nth(1).expect("a verb");
        self.rest_of_list(verb)
    }

    /// Reads a list that was asked for, and returns the text of its items.
    pub fn rest_of_list(&mut self, verb: &str) -> Vec<String> {
        let count = self.expect(&format!("C 150 {verb} …")).remove(0);
        let count: usize = count.parse().expect("a count");
        let items = (0..count).map(|_| self.expect(&format!("C 151 {verb} …")).remove(0)).collect();
        self.expect(&format!("C 250 {verb}…"));
        items
    }

    /// Holds that the server has sent nothing but what was read: a line that is no frame comes
    /// back as a 500, and that has to be the next frame. It changes no state of the session.
    pub fn expect_nothing(&mut self) {
        self.ask("?", "C 500 - …");
    }

    /// Reads the end of the connection.
    pub fn expect_end(&mut self) {
        match self.frame() {
            Frame::End => {}
            other => self.fail(&format!("the end was due, and this came: {other:?}")),
        }
    }

    /// Reads the line with which the server closes, and the end; then closes its own side, for
    /// which the server waits a while.
    pub fn expect_closing(mut self, pattern: &str) {
        self.expect(pattern);
        self.expect_end();
    }

    /// Logs out.
    pub fn leave(mut self) {
        self.send("C EX");
        self.expect_closing("C 221 …");
    }

    /// Reads the chunks of one stream, up to its end, where nothing else comes between.
    pub fn chunks(&mut self, stream: u32) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            match self.frame() {
                Frame::Chunk(of, bytes) if of == stream && bytes.is_empty() => return content,
                Frame::Chunk(of, bytes) if of == stream => content.extend_from_slice(&bytes),
                other => self.fail(&format!("a chunk of {stream} was due: {other:?}")),
            }
        }
    }

    /// Downloads a file from an offset on; returns the size that was announced, and what came.
    pub fn download(&mut self, offset: u64, name: &str) -> (u64, Vec<u8>) {
        let found = self.ask(&format!("C GET {offset} {name}"), &format!("C 250 GET … … {name}"));
        let (stream, size) = (found[0].parse().unwrap(), found[1].parse().unwrap());
        (size, self.chunks(stream))
    }

    /// A second handle on the socket, which carries the frames as they are, to write to while this
    /// client reads.
    pub fn writer(&self) -> TcpStream {
        self.stream.get_ref().socket().try_clone().unwrap()
    }

    /// What carries the frames.
    pub fn transport(&mut self) -> &mut Transport {
        self.stream.get_mut()
    }

    /// Ends the test, and shows what was said and what the server logged.
    pub fn fail(&self, why: &str) -> ! {
        let steps: Vec<&str> = self.steps.iter().map(String::as_str).collect();
        panic!("{why}\n--- the dialogue\n{}\n{}", steps.join("\n"), self.log)
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Err(error) = self.stream.get_mut().write_all(bytes) {
            self.fail(&format!("sending failed: {error}"));
        }
    }

    fn step(&mut self, step: String) {
        self.steps.push_back(step);
        if self.steps.len() > STEPS_SHOWN {
            self.steps.pop_front();
        }
    }

    fn read_frame(&mut self) -> io::Result<Frame> {
        let mut line = Vec::new();
        (&mut self.stream).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            self.step("< the end".to_owned());
            return Ok(Frame::End);
        }
        self.step(format!("< {}", line.escape_ascii()));
        if line.pop() != Some(b'\n') {
            self.fail("a line has no end, or is too long");
        }
        match line.strip_prefix(b"F ") {
            Some(header) => self.read_chunk(header),
            None => Ok(Frame::Line(self.check_line(line))),
        }
    }

    fn read_chunk(&mut self, header: &[u8]) -> io::Result<Frame> {
        let numbers = std::str::from_utf8(header).ok().and_then(|text| {
            let (stream, length) = text.split_once(' ')?;
            Some((stream.parse().ok()?, length.parse().ok()?))
        });
        let Some((stream, length)) = numbers.filter(|(_, length)| *length <= CHUNK_BYTES_MAX)
        else {
            self.fail("that is no header of a chunk");
        };
        let mut bytes = vec![0; length];
        match self.stream.read_exact(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.fail("a chunk breaks off")
            }
            read => read.map(|()| Frame::Chunk(stream, bytes)),
        }
    }

    /// Holds a line to what is true of every line: its characters, its type, and that nothing but
    /// items stands in a list.
    fn check_line(&mut self, line: Vec<u8>) -> String {
        let Ok(line) = String::from_utf8(line) else {
            self.fail("a line is not UTF-8");
        };
        if line.contains(|c: char| c.is_control() && c != '\t') {
            self.fail("a control character in a line");
        }
        let code = line.strip_prefix("C ").and_then(|rest| rest.get(..3)?.parse::<u16>().ok());
        if code.is_none() && !line.starts_with("D ") {
            self.fail("a line that is no frame");
        }
        self.list = match (self.list, code) {
            (None, Some(150)) => {
                let count = line.rsplit(' ').next().and_then(|count| count.parse().ok());
                Some(count.unwrap_or_else(|| self.fail("a list without a count")))
            }
            (None, Some(151)) => self.fail("an item without a list"),
            (None, _) => None,
            // A message is an item too, where messages were asked for, and so is a file.
            (Some(left @ 1..), None | Some(124 | 151)) => Some(left - 1),
            (Some(0), Some(200..)) => None,
            // Whoever is closed as too slow does not get the rest.
            (Some(_), Some(421)) => None,
            (Some(left), _) => self.fail(&format!("inside a list, {left} items before its end")),
        };
        line
    }
}
