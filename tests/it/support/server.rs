//! An HTTP(S) server on a free port of loopback that does what a function of the request says, and remembers who asked
//! for what. Knows no service.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{io, thread};

use rustix::net::sockopt;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::authority;
use super::reply::{Asked, Reply};

/// How long a connection thread waits before it looks whether the test is over.
const PATIENCE: Duration = Duration::from_millis(50);

/// A running server; it stops when it is dropped.
pub(crate) struct Server {
    port: u16,
    scheme: &'static str,
    shared: Arc<Shared>,
}

type Behaviour = dyn Fn(&Asked) -> Reply + Send + Sync;

struct Shared {
    behaviour: Box<Behaviour>,
    tls: Option<Arc<ServerConfig>>,
    base: String,
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
    stopped: AtomicBool,
}

impl Server {
    /// Over plain http.
    pub(crate) fn http(behaviour: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start("http", None, Box::new(behaviour))
    }

    /// Over TLS, with a certificate of the shared authority.
    pub(crate) fn https(behaviour: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::https_as(authority::shared_leaf(), behaviour)
    }

    /// Over TLS as `config` says.
    pub(crate) fn https_as(
        config: Arc<ServerConfig>,
        behaviour: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start("https", Some(config), Box::new(behaviour))
    }

    fn start(
        scheme: &'static str,
        tls: Option<Arc<ServerConfig>>,
        behaviour: Box<Behaviour>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            behaviour,
            tls,
            base: format!("{scheme}://localhost:{port}"),
            asked: Mutex::default(),
            connections: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let serving = Arc::clone(&serving);
                thread::spawn(move || serving.connection(stream));
            }
        });
        Self {
            port,
            scheme,
            shared,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// `localhost:PORT`, as an endpoint's address.
    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The URL of `path` on it.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://localhost:{}{path}", self.scheme, self.port)
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// What was asked, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// What was asked, a line each: `GET /path [Authorization]`, `-` for none.
    pub(crate) fn log(&self) -> Vec<String> {
        let line = |asked: &Asked| {
            format!(
                "{} {} [{}]",
                asked.method,
                asked.target,
                asked.header("Authorization").unwrap_or("-")
            )
        };
        self.asked().iter().map(line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// The line before a chunk of a body, or the empty one behind it.
fn chunk_length(reader: &mut impl BufRead) -> io::Result<usize> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(usize::from_str_radix(line.trim(), 16).unwrap_or_default())
}

/// A connection's two directions, over TLS or not.
trait Stream: Read + Write {
    fn socket(&self) -> &TcpStream;
}

impl Stream for Patient<'_> {
    fn socket(&self) -> &TcpStream {
        &self.stream
    }
}

impl Stream for StreamOwned<ServerConnection, Patient<'_>> {
    fn socket(&self) -> &TcpStream {
        &self.sock.stream
    }
}

impl Shared {
    fn connection(&self, stream: TcpStream) {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        // A client may go away at any time; the test will tell.
        let _ = match &self.tls {
            None => self.serve(Patient {
                stream,
                shared: self,
            }),
            Some(config) => {
                let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                self.serve(StreamOwned::new(
                    connection,
                    Patient {
                        stream,
                        shared: self,
                    },
                ))
            }
        };
    }

    fn serve(&self, stream: impl Stream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        while let Some(asked) = self.read(&mut reader)? {
            self.asked.lock().unwrap().push(asked.clone());
            let reply = (self.behaviour)(&asked);
            if !self.write(reader.get_mut(), reply)? {
                break;
            }
        }
        Ok(())
    }

    fn read(&self, reader: &mut BufReader<impl Stream>) -> io::Result<Option<Asked>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace().map(str::to_owned);
        let (method, target) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.trim_end().split_once(':') {
                Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
                None => break,
            }
        }
        let mut asked = Asked {
            method,
            target,
            headers,
            body: Vec::new(),
            base: self.base.clone(),
        };
        if asked.header("Transfer-Encoding") == Some("chunked") {
            while let length @ 1.. = chunk_length(reader)? {
                let from = asked.body.len();
                asked.body.resize(from + length, 0);
                reader.read_exact(&mut asked.body[from..])?;
                chunk_length(reader)?;
            }
            chunk_length(reader)?;
        } else {
            let length = asked
                .header("Content-Length")
                .and_then(|length| length.parse().ok())
                .unwrap_or_default();
            asked.body.resize(length, 0);
            reader.read_exact(&mut asked.body)?;
        }
        Ok(Some(asked))
    }

    /// Writes a reply, and says whether the connection can be used again.
    fn write(&self, stream: &mut impl Stream, reply: Reply) -> io::Result<bool> {
        const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\n";
        match reply {
            Reply::Answer {
                status,
                headers,
                body,
            } => {
                let mut head = format!(
                    "HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n",
                    body.len()
                );
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                stream.write_all(&[head.as_bytes(), &body].concat())?;
                stream.flush()?;
                return Ok(true);
            }
            Reply::Later(delay, reply) => {
                thread::sleep(delay);
                return self.write(stream, *reply);
            }
            Reply::Silence => while stream.read(&mut [0; 64])? > 0 {},
            Reply::Close => {}
            // A socket that does not linger at all answers with a reset.
            Reply::Reset => sockopt::set_socket_linger(stream.socket(), Some(Duration::ZERO))?,
            Reply::Raw(bytes) => {
                stream.write_all(&bytes)?;
                stream.flush()?;
            }
            Reply::HalfABody => {
                stream.write_all(&[HEAD, b"Content-Length: 100\r\n\r\nhalf"].concat())?;
                stream.flush()?;
            }
            Reply::EndlessBody => {
                stream.write_all(&[HEAD, b"\r\n"].concat())?;
                self.forever(stream, &[b'x'; 16 * 1024], Duration::ZERO)?;
            }
            Reply::EndlessHeaders => {
                stream.write_all(HEAD)?;
                self.forever(
                    stream,
                    b"X-Header: more and more and more\r\n",
                    Duration::ZERO,
                )?;
            }
            Reply::DrippingBody(pause) => {
                stream.write_all(&[HEAD, b"\r\n"].concat())?;
                self.forever(stream, b"x", pause)?;
            }
            Reply::DrippingHeaders(pause) => {
                stream.write_all(&[HEAD, b"X-Header: "].concat())?;
                self.forever(stream, b"x", pause)?;
            }
        }
        Ok(false)
    }

    fn forever(&self, stream: &mut impl Stream, bytes: &[u8], pause: Duration) -> io::Result<()> {
        while !self.stopped.load(Ordering::SeqCst) {
            stream.write_all(bytes)?;
            stream.flush()?;
            thread::sleep(pause);
        }
        Ok(())
    }
}

/// A socket whose reads wait until something comes or the test is over.
struct Patient<'a> {
    stream: TcpStream,
    shared: &'a Shared,
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(buffer) {
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                    ) =>
                {
                    if self.shared.stopped.load(Ordering::SeqCst) {
                        return Ok(0);
                    }
                }
                read => return read,
            }
        }
    }
}

impl Write for Patient<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
