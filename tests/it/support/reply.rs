//! What a test server does with a request: answers, or one of the ways in which servers fail. Knows no socket.

use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The server's own address, `https://localhost:PORT`.
    pub(crate) base: String,
}

/// What comes back.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// An answer.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// Another reply, later.
    Later(Duration, Box<Reply>),
    /// Nothing, on an open connection.
    Silence,
    /// An answer whose body comes a byte at a time, and never ends.
    DrippingBody(Duration),
    /// Headers that come a byte at a time, and never end.
    DrippingHeaders(Duration),
    /// A body without an end, as fast as it goes.
    EndlessBody,
    /// Headers without an end, as fast as it goes.
    EndlessHeaders,
    /// Half of the body that was promised, then the end.
    HalfABody,
    /// The connection is closed in place of an answer.
    Close,
    /// The connection is reset in place of an answer.
    Reset,
    /// These bytes, whatever they are, then the end.
    Raw(Vec<u8>),
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The path without the query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::Answer {
            status,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: body.as_bytes().to_vec(),
        }
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self::status(302).with("Location", location)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        Self::Later(delay, Box::new(self))
    }
}
