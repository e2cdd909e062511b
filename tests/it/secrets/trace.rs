//! What a program does, call by call, as strace writes it down. Knows no secret.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::world::skip;

/// The calls of no interest: what a program reads it may know, and what it waits for says nothing.
const LEFT_OUT: &str =
    "trace=!read,pread64,readv,recvfrom,recvmsg,futex,poll,epoll_wait,mmap,munmap,mprotect,brk";

/// What makes strace write down the rest whole, one file a thread, text as hex so that nothing in it needs a parser.
pub(super) const STRACE: &[&str] = &[
    "strace", "-ff", "-ttt", "-xx", "-yy", "-v", "-s", "1048576", "-e", LEFT_OUT, "-o",
];

/// One system call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) name: String,
    /// What the descriptor that comes first stands for: a path, `pipe:[…]`, `TCP:[…]`.
    pub(super) on: String,
    /// All text among the arguments and the results, in order.
    pub(super) texts: Vec<String>,
    /// The line without its text.
    pub(super) rest: String,
    /// What it returned: a number, and what the descriptor of that number stands for.
    pub(super) returned: String,
    /// Whether another program runs there by now.
    pub(super) is_foreign: bool,
}

/// Whether programs can be traced here; says so when not.
pub(super) fn can_trace() -> bool {
    let can = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .status()
        .is_ok_and(|status| status.success());
    if !can {
        skip("strace is not installed, or may not trace");
    }
    can
}

/// The calls of all threads and children whose logs begin with `log.` in a directory, in the order of time.
pub(super) fn calls(directory: &Path) -> Vec<Call> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let process = entry.file_name().into_string().unwrap();
        for line in fs::read_to_string(entry.path()).unwrap().lines() {
            let (time, line) = line.split_once(' ').unwrap();
            lines.push((time.to_owned(), process.clone(), line.to_owned()));
        }
    }
    lines.sort_by(|one, other| one.0.cmp(&other.0));
    let mut foreign = HashSet::new();
    let mut began = false;
    let mut calls = Vec::new();
    for (_, process, line) in lines {
        let Some(mut call) = Call::parse(&line) else {
            continue;
        };
        call.is_foreign = foreign.contains(&process);
        if call.name.starts_with("execve") && call.returned == "0" {
            if began {
                foreign.insert(process);
            }
            began = true;
        }
        calls.push(call);
    }
    assert!(began, "nothing was traced");
    calls
}

impl Call {
    /// `None` for a line that is about a signal or an end.
    fn parse(line: &str) -> Option<Self> {
        let (name, arguments) = line.split_once('(')?;
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return None;
        }
        let (mut texts, mut rest) = (Vec::new(), String::new());
        for (number, part) in arguments.split('"').enumerate() {
            if number % 2 == 0 {
                rest.push_str(part);
            } else {
                texts.push(decoded(part));
            }
        }
        let returned = rest.rsplit_once(" = ").map_or("", |(_, returned)| returned);
        let first = rest.split([',', ')']).next().unwrap_or_default();
        Some(Self {
            name: name.to_owned(),
            on: descriptor(first),
            texts,
            returned: match returned.split_once('<') {
                Some(_) => descriptor(returned),
                None => returned.to_owned(),
            },
            rest: decoded(&rest),
            is_foreign: false,
        })
    }

    /// Whether the call did what it should.
    pub(super) fn succeeded(&self) -> bool {
        !self.returned.starts_with('-') && !self.returned.starts_with('?')
    }

    /// A mode among the arguments: the last one.
    pub(super) fn mode(&self) -> u32 {
        let arguments = self
            .rest
            .rsplit_once(") ")
            .map_or(self.rest.as_str(), |(arguments, _)| arguments);
        let octal = arguments
            .rsplit(", ")
            .find_map(|word| u32::from_str_radix(word.strip_prefix('0')?, 8).ok());
        octal.unwrap_or_else(|| panic!("no mode in {self:?}"))
    }
}

/// What stands between the angle brackets behind a descriptor's number.
fn descriptor(text: &str) -> String {
    let inner = text.split_once('<').map_or("", |(_, inner)| inner);
    decoded(inner.rsplit_once('>').map_or(inner, |(inner, _)| inner))
}

/// Text with its `\xNN` turned into bytes.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut pieces = text.split("\\x");
    bytes.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let (byte, rest) = piece.split_at(2);
        bytes.push(u8::from_str_radix(byte, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
